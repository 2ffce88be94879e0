// The record of one measurement: what was measured, how, where, and whether it may be believed. Records of several
// configurations stand together in one file; raw samples stand beside it.

import { z } from "zod";
import { type MachineFacts, machineFactsSchema } from "../../record/mod.ts";
import type { Placement } from "../../runtime/mod.ts";
import type { Verdict } from "../verdict.ts";
import type { Correctness } from "./correctness.ts";
import type { Environment } from "./environment.ts";
import type { Limits, StopReason } from "./limits.ts";
import type { Measure } from "./measure.ts";
import type { OutputMemory } from "./open_subject.ts";
import type { ProviderConfig } from "./provider.ts";
import type { Scenario, WarmUp } from "./scenario.ts";
import type { SubjectFacts } from "./subject.ts";
import type { Phases } from "./task.ts";
import type { MonitorWindow } from "./windows.ts";

/** Version of records that this library writes and reads. */
export const BENCH_SCHEMA_VERSION = 1;

/**
 * What came of a configuration: measured; not timed because its outputs are wrong; ended before its time; the provider is not here;
 * the provider cannot run it.
 */
export type Outcome = "measured" | "wrong" | "failed" | "absent" | "unsupported";

/** One process of a record. */
export interface BenchRun extends Phases {
  warmUp: WarmUp;
  callsPerSample: number;
  n: number;
  elapsedMs: number;
  stopped: StopReason;
  /** Medians of consecutive blocks of calls in ms: what comparisons draw from. */
  blockMediansMs: number[];
  /** Part of all cores' time that other processes took, from 0 to 1; null when unknown. */
  othersShare: number | null;
  before: Environment;
  after: Environment;
}

/** What the monitor saw, over all windows of all processes. */
export interface MonitorSummary {
  windowCalls: number;
  windows: number;
  slowestMs: number | null;
  fastestMs: number | null;
  peakRssBytes: number | null;
  /** Growth of resident memory from the first to the last window of a process, the largest. */
  rssGrowthBytes: number | null;
  /** Mean use of the accelerator from 0 to 1; null where nothing tells. */
  acceleratorUse: number | null;
  /** What told of it, or "not available". */
  accelerator: string;
  /** Windows evenly thinned to 50 at most; all of them stand beside the samples. */
  sampled: MonitorWindow[];
}

/** One configuration of one subject. */
export interface BenchRecord {
  schemaVersion: typeof BENCH_SCHEMA_VERSION;
  /** Hash of what is measured, how and where: the same configuration measured again has the same id. */
  id: string;
  measuredAt: string;
  outcome: Outcome;
  /** Null unless it was measured, or is wrong. */
  verdict: Verdict | null;
  reasons: string[];
  subject: SubjectFacts;
  provider: ProviderConfig;
  /** As it is named in tables. */
  providerLabel: string;
  threads: number;
  outputs: OutputMemory;
  dtype: string;
  batchSize: number;
  scenario: Scenario;
  limits: Limits;
  correctness: Correctness | null;
  /** Whether nodes ran on the CPU although another provider was asked for. */
  fallback: boolean;
  /**
   * Which provider ran each node, by ONNX Runtime's profile of one more run; a sentence where that could not be found out, null where
   * nothing but the CPU could (providers `cpu` and `tfjs`, modules) or it was not measured.
   */
  placement: Placement | string | null;
  /** One a process. */
  runs: BenchRun[];
  /** Times of a call in ms; in the server scenario without waiting. */
  measure: Measure | null;
  /** In the server scenario: from arrival to result, in ms. */
  latency: Measure | null;
  rowsPerSecond: number | null;
  monitor: MonitorSummary | null;
  machine: MachineFacts;
  /** Part of all cores' time that was idle just before, from 0 to 1; null when it was not looked at. */
  idleBefore: number | null;
  /** Name of the file beside the record's that holds all samples; null when they were not kept. */
  samplesFile: string | null;
}

/** A file of records. */
export interface BenchFile {
  schemaVersion: typeof BENCH_SCHEMA_VERSION;
  kind: "bench records";
  records: BenchRecord[];
}

const finite = z.number();
const share = finite.min(0).nullable();
const environment = z.looseObject({ power: z.enum(["mains", "battery", "unknown"]) });
const interval = z.object({ low: finite, high: finite, confidence: finite, method: z.string() });
const measure = z.looseObject({ n: finite.int().min(1), median: finite.positive(), interval: interval.nullable() });
const run = z.looseObject({
  createMs: finite,
  firstRunMs: finite,
  n: finite.int().min(1),
  blockMediansMs: z.array(finite.positive()).min(1),
  othersShare: share,
  before: environment,
  after: environment,
});
const provider = z.union([
  z.strictObject({ name: z.literal("cpu"), threads: finite.optional() }),
  z.strictObject({ name: z.literal("webgpu") }),
  z.strictObject({
    name: z.literal("coreml"),
    units: z.enum(["all", "cpuAndGpu", "cpuAndNeuralEngine", "cpuOnly"]).optional(),
  }),
  z.strictObject({ name: z.literal("tfjs"), backend: z.enum(["tfjs", "tfjs-node"]).optional() }),
]);
const scenario = z.union([
  z.strictObject({ name: z.enum(["singleStream", "offline"]) }),
  z.strictObject({ name: z.literal("server"), arrivalsPerSecond: finite.positive(), seed: finite.optional() }),
]);

const recordSchema = z.looseObject({
  schemaVersion: z.literal(BENCH_SCHEMA_VERSION),
  id: z.string().min(1),
  measuredAt: z.iso.datetime(),
  outcome: z.enum(["measured", "wrong", "failed", "absent", "unsupported"]),
  verdict: z.enum(["VALID", "NOISY", "INVALID"]).nullable(),
  reasons: z.array(z.string()),
  subject: z.looseObject({ name: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  provider,
  providerLabel: z.string().min(1),
  threads: finite.int().min(0),
  dtype: z.string(),
  batchSize: finite.int().min(1),
  scenario,
  runs: z.array(run),
  measure: measure.nullable(),
  machine: machineFactsSchema,
}).check((context) => {
  const { outcome, measure, runs, verdict } = context.value;
  const whole = measure !== null && runs.length > 0 && verdict !== null;
  if (outcome === "measured" && !whole) {
    context.issues.push({
      code: "custom",
      path: ["measure"],
      message: "expected a measure, its runs and a verdict",
      input: context.value,
    });
  }
});

/**
 * Reads a file of records.
 *
 * @param name of the file, for messages
 * @throws {TypeError} when it is no such file, is of another schema, or a field is wrong, naming the field
 */
export function parseBenchFile(text: string, name: string): BenchFile {
  const refuse = (why: string) => new TypeError(`Cannot read ${name}: ${why}`);
  let parsed: Partial<BenchFile> | null;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw refuse("expected JSON of benchmark records");
  }
  if (parsed?.kind !== "bench records" || !Array.isArray(parsed.records)) {
    throw refuse("expected benchmark records, as `deno task bench run` writes them");
  }
  if (parsed.schemaVersion !== BENCH_SCHEMA_VERSION) {
    throw refuse(
      `expected schema ${BENCH_SCHEMA_VERSION}, got ${parsed.schemaVersion}: another version of this library wrote it`,
    );
  }
  parsed.records.forEach((record, i) => {
    const { error } = recordSchema.safeParse(record);
    if (!error) return;
    const [{ path, message }] = error.issues;
    throw refuse(`records.${[i, ...path].join(".")}: ${message}`);
  });
  return parsed as BenchFile;
}
