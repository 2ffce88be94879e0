// A language model made ready for training: what is trained of it, what is frozen, where its values come from.

import { createHash } from "node:crypto";
import { openSafetensors } from "../../data/mod.ts";
import { type ArrayValue, parameterCount } from "../../graph/mod.ts";
import { lfm2BaseWeights, lfm2Weights } from "../../models/lfm2/base_weights.ts";
import type { Lfm2Config } from "../../models/lfm2/config.ts";
import { lfm2 } from "../../models/lfm2/model.ts";
import {
  type Adapter,
  adapterParameters,
  applyLora,
  type BaseFormat,
  baseWeights,
  expectAdapter,
  type FrozenWeights,
  type LoraConfig,
  type LoraPlan,
  planLora,
  type StartingValues,
  storeBase,
  type TrainingProgram,
} from "../../train/mod.ts";
import { languageProgram } from "./language_program.ts";

/** A model to be trained: its sizes, and where its values come from. */
export interface TrainableModel {
  readonly config: Lfm2Config;
  /** A folder as `openLfm2` takes it, values in float32 by transformers' names, or null: drawn by the seed. */
  readonly weights: string | Readonly<Record<string, ArrayValue>> | null;
}

/** What of a model is trained. */
export interface TrainingTarget {
  /** Adapters that are trained while the model is frozen; absent: all of the model's parameters are trained. */
  readonly lora?: LoraConfig;
  /** How the frozen matrices are held. Default `float32`. */
  readonly baseFormat?: BaseFormat;
  /** An adapter to go on with, of the same configuration. */
  readonly adapter?: Adapter;
}

/** Options of {@link prepareTraining}. */
export interface PrepareOptions extends TrainingTarget {
  /** Whether rows hold several texts. */
  readonly isPacked: boolean;
  readonly seed: number;
  readonly provider: "cpu" | "webgpu";
  readonly signal?: AbortSignal;
  /** Values of the weights converted so far and in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A model ready for training. */
export interface PreparedTraining {
  readonly program: TrainingProgram;
  readonly start: StartingValues | undefined;
  /** Null when all parameters are trained. */
  readonly plan: LoraPlan | null;
  readonly trainableParameters: number;
  readonly totalParameters: number;
}

/**
 * Traces what is trained and places the weights, each once in memory.
 *
 * @throws {RangeError | TypeError} as `openLfm2` for a folder; as `planLora` for adapters; for adapters of a model without weights
 */
export async function prepareTraining(model: TrainableModel, options: PrepareOptions): Promise<PreparedTraining> {
  const { config, weights } = model;
  const untrained = lfm2(config, { cached: false, logits: "all", packed: options.isPacked });
  if (options.lora) return await prepareAdapters(model, options.lora, options);
  if (options.adapter) throw new TypeError("Cannot train all parameters: expected no adapter, got one");
  const program = languageProgram(untrained);
  const count = parameterCount(program.loss);
  const sizes = { plan: null, trainableParameters: count, totalParameters: count };
  if (weights === null) return { program, start: undefined, ...sizes };
  if (typeof weights !== "string") return { program, start: { initial: weights, hash: hashOf(weights) }, ...sizes };
  const { weights: initial, fingerprint } = await lfm2Weights(weights, options);
  return { program, start: { initial, hash: fingerprint }, ...sizes };
}

async function prepareAdapters(
  { config, weights }: TrainableModel,
  lora: LoraConfig,
  { isPacked, seed, baseFormat = "float32", adapter, provider, signal, onProgress }: PrepareOptions,
): Promise<PreparedTraining> {
  if (weights === null) throw new TypeError("Cannot train adapters: expected a model with weights, got one without");
  const base = lfm2(config, { cached: false, logits: "all", packed: isPacked });
  const plan = planLora(base, lora);
  if (adapter) expectAdapter(plan, adapter);
  const traced = languageProgram(applyLora(base, plan, { seed }));
  const [loss, metrics] = [traced.loss, traced.metrics].map((graph) => storeBase(graph, baseFormat));
  const program = { ...traced, loss: loss.graph, metrics: metrics.graph };
  const initial = adapter && adapterParameters(adapter);
  let frozen: FrozenWeights;
  let source: string;
  if (typeof weights === "string") {
    frozen = await lfm2BaseWeights(weights, loss, { format: baseFormat, provider, signal, onProgress });
    source = await fingerprintOf(weights);
  } else {
    frozen = baseWeights(loss, weights);
    source = hashOf(weights);
  }
  const hash = createHash("sha256").update(`${source} ${baseFormat} ${initial ? hashOf(initial) : "new"}`).digest(
    "hex",
  );
  return {
    program,
    start: { frozen, ...(initial && { initial }), hash },
    plan,
    trainableParameters: plan.trainableParameters,
    totalParameters: plan.frozenParameters + plan.trainableParameters,
  };
}

async function fingerprintOf(folder: string): Promise<string> {
  const source = await openSafetensors(folder);
  await source.close();
  return source.fingerprint;
}

function hashOf(values: Readonly<Record<string, ArrayValue>>): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(values).sort()) {
    const { shape, data } = values[name];
    hash.update(`${name} ${shape.join()}`);
    hash.update(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
