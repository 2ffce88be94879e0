// Options of `deno task bench`, checked.

import { statSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import {
  type AaOptions,
  type BenchSettings,
  type DimensionSizes,
  parseProvider,
  type ProviderConfig,
  type Scenario,
} from "../bench/mod.ts";
import { counts, positive } from "./bench_options.ts";
import { CommandError } from "./command.ts";

/** Of `run`. */
export const RUN_OPTIONS = {
  providers: { type: "string", default: "" },
  batch: { type: "string", default: "" },
  scenario: { type: "string", default: "singleStream" },
  rate: { type: "string", default: "" },
  shape: { type: "string", multiple: true, default: [] as string[] },
  threads: { type: "string", default: "" },
  seconds: { type: "string", default: "" },
  calls: { type: "string", default: "" },
  processes: { type: "string", default: "3" },
  timeout: { type: "string", default: "" },
  wait: { type: "string", default: "30" },
  quick: { type: "boolean", default: false },
  peer: { type: "boolean", default: false },
  output: { type: "string", default: "" },
} as const;

/** Of `compare`: none, there is no way to compare what is not comparable. */
export const COMPARE_OPTIONS = {} as const;

/** Of `aa`. */
export const AA_OPTIONS = {
  trials: { type: "string", default: "300" },
  slow: { type: "string", default: "60" },
  threads: { type: "string", default: "1" },
  pairs: { type: "string", default: "5" },
  join: { type: "boolean", default: false },
  output: { type: "string", default: "" },
} as const;

/** All of them, for `--help`. */
export const ALL_OPTIONS = { ...RUN_OPTIONS, ...AA_OPTIONS } as const;

/** Values of `run`. */
export interface RunValues {
  providers: string;
  batch: string;
  scenario: string;
  rate: string;
  shape: readonly string[];
  threads: string;
  seconds: string;
  calls: string;
  processes: string;
  timeout: string;
  wait: string;
  quick: boolean;
}

const DEFAULT_PROVIDERS = ["cpu", "webgpu", "coreml"];
const SCENARIOS = ["singleStream", "offline", "server"];
const FULL = { seconds: 6, calls: 662 };
const QUICK = { seconds: 0.3, calls: 64 };
/** Six rounds of 60 ms in each of several pairs of processes. */
const AA_TURNS = { blocks: 6, blockMs: 60, minSteps: 4, maxSteps: 400, sampleMs: 0.2 };

/** A path as it was given, from where the command was started. */
export function filePath(path: string): string {
  const absolute = resolve(process.env.INIT_CWD ?? process.cwd(), path);
  const found = statSync(absolute, { throwIfNoEntry: false });
  if (!found) throw new CommandError(`Cannot benchmark: there is no file ${path}`);
  if (found.isDirectory()) throw new CommandError(`Cannot benchmark: expected a file, got the folder ${path}`);
  return absolute;
}

/** Settings of `run`. */
export function runSettings(values: RunValues): {
  providers: ProviderConfig[];
  /** Whether they were not asked for. */
  isDefault: boolean;
  /** Null: as the file has it. */
  batchSizes: number[] | null;
  sizes: DimensionSizes;
  settings: BenchSettings;
} {
  const asked = unique(values.providers.split(",").filter((name) => name !== ""));
  const providers = asked.length > 0 ? asked : DEFAULT_PROVIDERS;
  const [threads] = values.threads === "" ? [undefined] : counts("threads", values.threads);
  const defaults = values.quick ? QUICK : FULL;
  const seconds = positive("seconds", values.seconds || String(defaults.seconds));
  const [minCount] = counts("calls", values.calls || String(defaults.calls));
  const [processes] = counts("processes", values.quick ? "1" : values.processes);
  return {
    providers: providers.map(parseProvider).map((provider) =>
      provider.name === "cpu" && threads !== undefined ? { ...provider, threads } : provider
    ),
    isDefault: asked.length === 0,
    batchSizes: values.batch === "" ? null : unique(counts("batch", values.batch)),
    sizes: shapes(values.shape),
    settings: {
      scenario: scenario(values),
      limits: { minMs: seconds * 1000, minCount, maxMs: 10 * seconds * 1000 },
      processes,
      quietMs: positive("wait", values.wait) * 1000,
      ...(values.timeout !== "" && { deadlineMs: positive("timeout", values.timeout) * 1000 }),
    },
  };
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

function scenario({ scenario, rate }: RunValues): Scenario {
  if (!SCENARIOS.includes(scenario)) {
    throw new CommandError(`Cannot benchmark: expected --scenario to be of ${SCENARIOS.join(", ")}, got "${scenario}"`);
  }
  if (scenario !== "server") {
    if (rate !== "") {
      throw new CommandError(`Cannot benchmark: expected --rate with --scenario=server, got ${scenario}`);
    }
    return { name: scenario as "singleStream" | "offline" };
  }
  if (rate === "") throw new CommandError("Cannot benchmark: the scenario server needs --rate, arrivals per second");
  return { name: "server", arrivalsPerSecond: positive("rate", rate) };
}

/** `NAME=1,384` is the shape of an input, or with one size that of a free dimension. */
function shapes(texts: readonly string[]): DimensionSizes {
  const inputs: Record<string, number[]> = {};
  const dimensions: Record<string, number> = {};
  for (const text of texts) {
    const [, name, sizes] = /^(.+)=([\d,]+)$/.exec(text) ?? [];
    if (!name) throw new CommandError(`Cannot benchmark: expected --shape to be NAME=1,384, got "${text}"`);
    const parsed = counts("shape", sizes);
    // A name with one size is looked up in the file: a dimension, or an input of one dimension.
    if (parsed.length === 1) dimensions[name] = parsed[0];
    else inputs[name] = parsed;
  }
  return { inputs, dimensions };
}

/** Settings of `aa`. */
export function aaSettings(
  { trials, slow, threads, pairs }: { trials: string; slow: string; threads: string; pairs: string },
): Omit<AaOptions, "signal" | "onTrial"> {
  const [count] = counts("trials", trials);
  const [pairCount] = counts("pairs", pairs);
  if (pairCount < 2) throw new CommandError(`Cannot benchmark: expected --pairs to be at least 2, got ${pairCount}`);
  const [threadCount] = counts("threads", threads);
  const slowTrials = slow === "0" ? 0 : counts("slow", slow)[0];
  return { trials: count, slowTrials, threads: threadCount, pairs: pairCount, turns: AA_TURNS };
}
