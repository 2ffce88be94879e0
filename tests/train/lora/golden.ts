// What peft and mlx-lm compute, as tests/golden/train/make_lora.py wrote it, and the same models here.

import { readFileSync } from "node:fs";
import { decodeSafetensors, type SafetensorsFile } from "lib/data/mod.ts";
import { elementCount } from "lib/graph/mod.ts";
import { readLfm2Config } from "lib/models/lfm2/config.ts";
import { lfm2 } from "lib/models/lfm2/model.ts";
import { crossEntropy, type Model, tensor } from "lib/nn/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import type { ArrayValue } from "lib/runtime/mod.ts";
import {
  applyLora,
  type LoraConfig,
  type LoraPlan,
  planLora,
  traceProgram,
  type TrainingProgram,
} from "lib/train/mod.ts";
import { draws, ruleWeights } from "../../models/lfm2/rule_weights.ts";

const read = (name: string) => readFileSync(projectPath("tests", "golden", "train", name));

/** A model that peft adapted. */
export interface GoldenLora {
  readonly config: Record<string, unknown>;
  readonly lora: LoraConfig;
  readonly optimizer: { readonly kind: "adam" | "adamW"; readonly learningRate: number };
  /** -1 where a row is padded. */
  readonly tokens: number[][];
  /** -100 where a position does not count. */
  readonly labels: number[][];
}

/** What mlx-lm's trainer did. */
export interface GoldenMlx {
  readonly config: Record<string, unknown>;
  readonly rank: number;
  readonly scale: number;
  readonly lastLayers: number;
  readonly learningRate: number;
  readonly losses: number[];
  readonly batches: { tokens: number[][]; lengths: number[] }[];
}

/** Tensors of peft's steps, and the cases that they belong to. */
export function goldenSteps(): { tensors: SafetensorsFile["tensors"]; cases: Record<string, GoldenLora> } {
  const { tensors, metadata } = decodeSafetensors(read("lora_steps.safetensors"));
  return { tensors, cases: JSON.parse(metadata.cases) };
}

export const goldenMlx = (): GoldenMlx => JSON.parse(read("lora_mlx.json").toString());

/** An LFM2 for training. */
export const trainable = (config: unknown): Model => lfm2(readLfm2Config(config), { cached: false, logits: "all" });

/** An adapted model with the loss of the next token. */
export function adapted(
  model: Model,
  lora: LoraConfig,
  options: { seed?: number } = {},
): { plan: LoraPlan; program: TrainingProgram } {
  const plan = planLora(model, lora);
  const program = traceProgram({
    model: applyLora(model, plan, options),
    targets: { labels: tensor("int32", ["batch", "sequence"]) },
    loss: ({ logits }, { labels }) => crossEntropy(logits, labels),
  });
  return { plan, program };
}

/** Weights of a model by the rule of tests/golden/models/make_lfm2.py. */
export function ruleModel(model: Model): Record<string, ArrayValue> {
  return Object.fromEntries(
    model.trace().parameters.map(({ shape: named, source: { name } }) => {
      const shape = named as number[];
      return [name, { dtype: "float32", shape, data: ruleWeights(name, shape) }];
    }),
  );
}

/** First values of factors by make_lora.py's rule: B is within `largestB`. */
export function ruleFactors({ targets, rank }: LoraPlan, largestB: number): Record<string, ArrayValue> {
  const value = (name: string, shape: number[], largest: number): [string, ArrayValue] => {
    const data = Float32Array.from(draws(name, elementCount(shape)), (drawn) => drawn / 127 * largest);
    return [name, { dtype: "float32", shape, data }];
  };
  return Object.fromEntries(targets.flatMap(({ name, inFeatures, outFeatures }) => [
    value(`${name}.lora_A.weight`, [rank, inFeatures], 1 / Math.sqrt(inFeatures)),
    value(`${name}.lora_B.weight`, [outFeatures, rank], largestB),
  ]));
}

/** Writes rows of tokens (-1: padding) and labels into a stepper's batch. */
export function fill(
  batch: Readonly<Record<string, Float32Array>>,
  { tokens, labels }: { tokens: readonly number[][]; labels: readonly number[][] },
): void {
  batch.token_ids.set(tokens.flat().map((token) => Math.max(token, 0)));
  batch.positions.set(tokens.flatMap((row) => row.map((token, i) => (token < 0 ? -1 : i))));
  batch.labels.set(labels.flat());
}
