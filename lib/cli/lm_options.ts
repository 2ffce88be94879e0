// The options of `deno task lm generate`.

import type { GenerateOptions } from "../language/mod.ts";
import { LFM2_SAMPLING } from "../language/mod.ts";
import type { WeightFormat } from "../models/lfm2/language_model.ts";
import { CommandError, parseCommand } from "./command.ts";
import { WEIGHT_FORMATS } from "./weight_formats.ts";

/** How to call it. */
export const GENERATE_USAGE =
  'deno task lm generate --model FOLDER|NAME [--adapter FOLDER] "PROMPT" [--max-tokens N] [--temperature T] [--top-k K] ' +
  "[--top-p P] [--min-p P] [--repetition-penalty R] [--seed S] [--stop TEXT]... [--chat | --raw] [--system TEXT] " +
  "[--weights fp32|fp16|int8|int4] [--provider cpu|webgpu] [--threads N] [--stats | --quiet]; without a prompt it reads one from standard input";

const PROVIDERS = ["cpu", "webgpu"] as const;

/** A command line, understood. */
export interface GenerateCommand {
  /** Folder or name of the model; null for the one that `deno task model` fetches. */
  readonly model: string | null;
  /** Folder of an adapter to generate with. */
  readonly adapter: string | null;
  /** Null: standard input. */
  readonly prompt: string | null;
  /** Whether the prompt is a user's turn; null: when the model has a chat template. */
  readonly chat: boolean | null;
  readonly system: string | null;
  readonly weights: WeightFormat;
  readonly provider: (typeof PROVIDERS)[number];
  /** 0: one a physical core. */
  readonly threads: number;
  readonly options: GenerateOptions;
  readonly report: "line" | "all" | "none";
}

/** Reads the options. */
export function parseGenerateCommand(args: string[]): GenerateCommand {
  const { values, positionals } = parseCommand(args, {
    model: { type: "string" },
    adapter: { type: "string" },
    "max-tokens": { type: "string", default: "256" },
    temperature: { type: "string", default: String(LFM2_SAMPLING.temperature) },
    "top-k": { type: "string" },
    "top-p": { type: "string", default: "1" },
    "min-p": { type: "string", default: String(LFM2_SAMPLING.minP) },
    "repetition-penalty": { type: "string", default: String(LFM2_SAMPLING.repetitionPenalty) },
    seed: { type: "string", default: "0" },
    stop: { type: "string", multiple: true, default: [] },
    chat: { type: "boolean", default: false },
    raw: { type: "boolean", default: false },
    system: { type: "string" },
    weights: { type: "string", default: "fp32" },
    provider: { type: "string", default: "cpu" },
    threads: { type: "string", default: "0" },
    stats: { type: "boolean", default: false },
    quiet: { type: "boolean", default: false },
  });
  if (positionals.length > 1) {
    throw new CommandError(
      `Cannot generate: expected one prompt in quotes, got ${positionals.length}: ${GENERATE_USAGE}`,
    );
  }
  if (values.chat && values.raw) throw new CommandError("Cannot generate: expected --chat or --raw, got both");
  if (values.stats && values.quiet) throw new CommandError("Cannot generate: expected --stats or --quiet, got both");
  if (values.raw && values.system !== undefined) {
    throw new CommandError("Cannot generate: expected --system with a chat, got it with --raw");
  }
  const [prompt] = positionals;
  return {
    model: values.model ?? null,
    adapter: values.adapter ?? null,
    prompt: prompt === undefined || prompt === "-" ? null : prompt,
    chat: values.chat ? true : values.raw ? false : null,
    system: values.system ?? null,
    weights: chosen("weights", values.weights, WEIGHT_FORMATS),
    provider: chosen("provider", values.provider, Object.fromEntries(PROVIDERS.map((name) => [name, name] as const))),
    threads: number("threads", values.threads),
    report: values.quiet ? "none" : values.stats ? "all" : "line",
    options: {
      maxTokens: number("max-tokens", values["max-tokens"]),
      temperature: number("temperature", values.temperature),
      topP: number("top-p", values["top-p"]),
      minP: number("min-p", values["min-p"]),
      repetitionPenalty: number("repetition-penalty", values["repetition-penalty"]),
      seed: number("seed", values.seed),
      stop: values.stop.map(unescaped),
      ...(values["top-k"] !== undefined && { topK: number("top-k", values["top-k"]) }),
    },
  };
}

function chosen<T>(name: string, text: string, known: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(known, text)) return known[text];
  throw new CommandError(`Cannot generate: expected --${name} to be ${Object.keys(known).join(", ")}, got "${text}"`);
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new CommandError(`Cannot generate: expected --${name} to be a number, got "${text}"`);
}

/** A stop text as typed in a shell: `\n` is a line feed. */
function unescaped(text: string): string {
  const characters: Record<string, string> = { n: "\n", t: "\t", "\\": "\\" };
  return text.replace(/\\([nt\\])/g, (_, letter: string) => characters[letter]);
}
