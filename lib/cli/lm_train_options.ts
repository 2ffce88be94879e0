// The options of `deno task lm train`.

import type { FineTuneSettings, LanguageDataOptions } from "../language/mod.ts";
import { adam, adamW, ADAPTER_FORMATS, type AdapterFormat, type BaseFormat, type LoraConfig } from "../train/mod.ts";
import { CommandError, parseCommand } from "./command.ts";
import { WEIGHT_FORMATS } from "./weight_formats.ts";

/** How to call it. */
export const TRAIN_USAGE =
  "deno task lm train --model FOLDER|NAME --data FOLDER|FILE.jsonl --out FOLDER [--full [--scratch]] [--rank R] [--alpha A] [--dropout P] " +
  "[--layers K|all] [--modules q_proj,v_proj] [--adapter FOLDER] [--iterations N] [--batch N] [--accumulate N] [--learning-rate LR] " +
  "[--optimizer adam|adamw] [--schedule constant|linear|cosine] [--warmup N] [--clip NORM] [--max-length N] [--cut] [--mask-prompt] [--pack] " +
  "[--held-out SHARE] [--segments N] [--validate-every N] [--save-every N] [--report-every N] [--no-resume] [--format peft|mlx] " +
  "[--weights fp32|fp16|int8|int4] [--provider cpu|webgpu] [--threads N] [--seed S]";

/** A command line, understood. */
export interface TrainCommand {
  readonly model: string;
  readonly data: string;
  readonly out: string;
  /** Null: all parameters are trained. */
  readonly lora: LoraConfig | null;
  /** Whether the model's weights are drawn instead of read. */
  readonly scratch: boolean;
  readonly adapter: string | null;
  readonly format: AdapterFormat;
  readonly baseFormat: BaseFormat;
  readonly heldOut: number;
  readonly layout: LanguageDataOptions;
  readonly settings: FineTuneSettings;
  readonly saveEvery: number;
  readonly reportEvery: number;
  readonly resume: boolean;
}

const OPTIONS = {
  model: { type: "string" },
  data: { type: "string" },
  out: { type: "string" },
  full: { type: "boolean", default: false },
  scratch: { type: "boolean", default: false },
  rank: { type: "string", default: "8" },
  alpha: { type: "string" },
  dropout: { type: "string", default: "0" },
  layers: { type: "string", default: "8" },
  modules: { type: "string", default: "q_proj,v_proj" },
  adapter: { type: "string" },
  iterations: { type: "string", default: "1000" },
  batch: { type: "string", default: "1" },
  accumulate: { type: "string", default: "1" },
  "learning-rate": { type: "string", default: "1e-5" },
  optimizer: { type: "string", default: "adam" },
  schedule: { type: "string", default: "constant" },
  warmup: { type: "string", default: "0" },
  clip: { type: "string" },
  "max-length": { type: "string", default: "2048" },
  cut: { type: "boolean", default: false },
  "mask-prompt": { type: "boolean", default: false },
  pack: { type: "boolean", default: false },
  "held-out": { type: "string", default: "0.1" },
  segments: { type: "string" },
  "validate-every": { type: "string", default: "200" },
  "save-every": { type: "string", default: "100" },
  "report-every": { type: "string", default: "10" },
  "no-resume": { type: "boolean", default: false },
  format: { type: "string", default: "peft" },
  weights: { type: "string", default: "fp32" },
  provider: { type: "string", default: "cpu" },
  threads: { type: "string", default: "0" },
  seed: { type: "string", default: "0" },
} as const;

type Values = ReturnType<typeof parseCommand<typeof OPTIONS>>["values"];

/** Reads the options. */
export function parseTrainCommand(args: string[]): TrainCommand {
  const { values, positionals } = parseCommand(args, OPTIONS);
  if (positionals.length > 0) {
    throw new CommandError(`Cannot train: expected options alone, got "${positionals[0]}": ${TRAIN_USAGE}`);
  }
  const { model, data, out, full, scratch, adapter } = values;
  for (const [name, value] of Object.entries({ model, data, out })) {
    if (value === undefined) throw new CommandError(`Cannot train: expected --${name}, got none: ${TRAIN_USAGE}`);
  }
  if (scratch && !full) throw new CommandError("Cannot train: expected --scratch with --full, got it alone");
  if (full && adapter !== undefined) throw new CommandError("Cannot train: expected --full or --adapter, got both");
  if (full && values.weights !== "fp32") {
    throw new CommandError(`Cannot train: expected --weights fp32 with --full, got "${values.weights}"`);
  }
  return {
    model: model!,
    data: data!,
    out: out!,
    lora: full ? null : loraOf(values),
    scratch,
    adapter: adapter ?? null,
    format: chosen("format", values.format, Object.fromEntries(ADAPTER_FORMATS.map((name) => [name, name] as const))),
    baseFormat: chosen("weights", values.weights, WEIGHT_FORMATS),
    heldOut: number("held-out", values["held-out"]),
    layout: layoutOf(values),
    settings: settingsOf(values),
    saveEvery: count("save-every", values["save-every"]),
    reportEvery: count("report-every", values["report-every"]),
    resume: !values["no-resume"],
  };
}

function loraOf({ rank, alpha, dropout, layers, modules }: Values): LoraConfig {
  const columns = count("rank", rank);
  return {
    rank: columns,
    alpha: alpha === undefined ? 2 * columns : number("alpha", alpha),
    dropout: number("dropout", dropout),
    lastLayers: layers === "all" ? null : count("layers", layers),
    targetModules: modules.split(",").map((name) => name.trim()).filter((name) => name !== ""),
  };
}

function layoutOf(values: Values): LanguageDataOptions {
  return {
    maxLength: count("max-length", values["max-length"]),
    longTexts: values.cut ? "cut" : "refuse",
    maskPrompt: values["mask-prompt"],
    packing: values.pack,
  };
}

function settingsOf(values: Values): FineTuneSettings {
  const learningRate = number("learning-rate", values["learning-rate"]);
  const optimizers = { adam, adamw: adamW };
  const kind = chosen(
    "schedule",
    values.schedule,
    { constant: "constant", linear: "linear", cosine: "cosine" } as const,
  );
  const warmupSteps = number("warmup", values.warmup);
  return {
    iterations: count("iterations", values.iterations),
    optimizer: chosen("optimizer", values.optimizer, optimizers)({ learningRate }),
    schedule: kind === "constant" ? { kind } : { kind, warmupSteps },
    batchSize: count("batch", values.batch),
    accumulationSteps: count("accumulate", values.accumulate),
    validateEvery: count("validate-every", values["validate-every"]),
    seed: number("seed", values.seed),
    threads: number("threads", values.threads),
    engine: chosen("provider", values.provider, { cpu: "cpu", webgpu: "webgpu" } as const),
    ...(values.segments !== undefined && { segments: count("segments", values.segments) }),
    ...(values.clip !== undefined && { maxGradientNorm: number("clip", values.clip) }),
  };
}

function chosen<T>(name: string, text: string, known: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(known, text)) return known[text];
  throw new CommandError(`Cannot train: expected --${name} to be ${Object.keys(known).join(", ")}, got "${text}"`);
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new CommandError(`Cannot train: expected --${name} to be a number, got "${text}"`);
}

function count(name: string, text: string): number {
  const value = number(name, text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new CommandError(`Cannot train: expected --${name} to be an integer from 1, got "${text}"`);
}
