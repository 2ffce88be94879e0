// From what processes answered to a record, and its verdict.

import type { MachineFacts } from "../../record/mod.ts";
import type { Placement } from "../../runtime/mod.ts";
import { canonicalJson, type JsonValue, sha256Hex } from "../../process/mod.ts";
import { median } from "../../statistics/mod.ts";
import { type Judgement, judgeProcesses } from "../verdict.ts";
import type { AcceleratorWatch } from "./accelerator.ts";
import type { Correctness } from "./correctness.ts";
import { disturbances, type Environment } from "./environment.ts";
import { type Limits, unmet } from "./limits.ts";
import { blocksOf, measureOf } from "./measure.ts";
import type { OutputMemory } from "./open_subject.ts";
import { type ProviderConfig, providerLabel } from "./provider.ts";
import { BENCH_SCHEMA_VERSION, type BenchRecord, type BenchRun, type MonitorSummary, type Outcome } from "./record.ts";
import type { Scenario } from "./scenario.ts";
import type { PreparedSubject } from "./subject.ts";
import type { ProcessSamples } from "./task.ts";
import { type MonitorWindow, WINDOW_CALLS } from "./windows.ts";

/** What came of one process. */
export interface RunMade {
  /** Why it did not end as it should; null when it did. */
  failure: string | null;
  correctness: Correctness | null;
  fallback: boolean;
  /** Null when it was not timed. */
  samples: ProcessSamples | null;
  /** Null where it was not asked for, or there is only the CPU; a sentence where it could not be found out. */
  placement: Placement | string | null;
  /** Use of the accelerator as it was told while measuring. */
  uses: readonly { elapsedMs: number; use: number }[];
  before: Environment;
  after: Environment;
}

/** What a record is made from. */
export interface RecordParts {
  subject: PreparedSubject;
  provider: ProviderConfig;
  threads: number;
  outputs: OutputMemory;
  scenario: Scenario;
  limits: Limits;
  machine: MachineFacts;
  accelerator?: AcceleratorWatch;
  /** Null: as the runs say. */
  outcome: Outcome | null;
  reasons: string[];
  runs: readonly RunMade[];
  idleBefore: number | null;
}

const THINNED_WINDOWS = 50;
/** What ONNX Runtime says on a machine without a GPU, or without its driver. */
const NO_GPU = /RequestAdapterStatus|Failed to get a WebGPU adapter|on WebGPU: no GPU was found/;

/** The record of what was measured. */
export function recordOf(parts: RecordParts): BenchRecord {
  const { subject, provider, threads, outputs, scenario, limits, machine, runs } = parts;
  const whole = runs.flatMap((run) => (run.samples && !run.failure ? [{ ...run, samples: run.samples }] : []));
  const { outcome, verdict, reasons } = judgeRuns(parts, whole);
  const isMeasured = outcome === "measured";
  const perCall = whole.every(({ samples }) => samples.callsPerSample === 1);
  const latencies = whole.flatMap(({ samples }) => (samples.latencyMs ? [samples.latencyMs] : []));
  const identity = {
    subject: subject.facts.sha256,
    provider: { ...provider },
    threads,
    outputs,
    dtype: subject.dtype,
    batchSize: subject.batchSize,
    scenario: { ...scenario },
    machine: machine.id,
  };
  return {
    schemaVersion: BENCH_SCHEMA_VERSION,
    id: sha256Hex(canonicalJson(identity as unknown as JsonValue)).slice(0, 16),
    measuredAt: new Date().toISOString(),
    outcome,
    verdict,
    reasons,
    subject: subject.facts,
    provider,
    providerLabel: providerLabel(provider),
    threads,
    outputs,
    dtype: subject.dtype,
    batchSize: subject.batchSize,
    scenario,
    limits,
    correctness: worst(runs),
    fallback: runs.some(({ fallback }) => fallback),
    placement: runs.find(({ placement }) => placement !== null)?.placement ?? null,
    runs: isMeasured ? whole.map(benchRun) : [],
    measure: isMeasured ? measureOf(whole.map(({ samples }) => samples.callMs), { perCall }) : null,
    latency: isMeasured && latencies.length > 0 ? measureOf(latencies) : null,
    rowsPerSecond: isMeasured ? throughput(whole.map(({ samples }) => samples), subject.batchSize) : null,
    monitor: isMeasured ? monitorSummary(whole, parts.accelerator?.source ?? "not available") : null,
    machine,
    idleBefore: parts.idleBefore,
    samplesFile: null,
  };
}

type Whole = RunMade & { samples: ProcessSamples };

/** The correctness of the process that was furthest off. */
function worst(runs: readonly RunMade[]): Correctness | null {
  return runs.reduce<Correctness | null>(
    (
      most,
      { correctness },
    ) => (correctness && !(correctness.relativeError <= (most?.relativeError ?? -1)) ? correctness : most),
    null,
  );
}

function judgeRuns(
  parts: RecordParts,
  whole: readonly Whole[],
): { outcome: Outcome; verdict: BenchRecord["verdict"]; reasons: string[] } {
  if (parts.outcome) return { outcome: parts.outcome, verdict: null, reasons: parts.reasons };
  const correctness = worst(parts.runs);
  if (correctness && !(correctness.relativeError <= correctness.bound)) {
    const { output, relativeError, bound, reference } = correctness;
    const reason = `wrong output, not timed: ${output} differs from ${reference} by ${
      relativeError.toPrecision(3)
    } of its largest value, where ${bound} is allowed`;
    return { outcome: "wrong", verdict: "INVALID", reasons: [reason] };
  }
  const failure = parts.runs.find((run) => run.failure)?.failure;
  if (failure && NO_GPU.test(failure)) {
    return { outcome: "absent", verdict: null, reasons: ["WebGPU found no GPU here"] };
  }
  if (failure || whole.length === 0) {
    return { outcome: "failed", verdict: null, reasons: [failure ?? "the process gave no answer"] };
  }
  return { outcome: "measured", ...judgeMeasured(whole, parts) };
}

/** The verdict on what was measured: VALID, NOISY or INVALID, with every reason. */
export function judgeMeasured(
  whole: readonly Whole[],
  { limits, provider }: Pick<RecordParts, "limits" | "provider">,
): Judgement {
  const problems: string[] = [];
  const noisy: string[] = [];
  if (whole.some(({ fallback }) => fallback)) {
    problems.push(`fallback: ONNX Runtime put nodes on the CPU that ${providerLabel(provider)} does not take`);
  }
  const elapsedMs = whole.reduce((sum, { samples }) => sum + samples.elapsedMs, 0);
  problems.push(...unmet(limits, whole.reduce((sum, { samples }) => sum + samples.callMs.length, 0), elapsedMs));
  for (const { before, after, samples } of whole) {
    const { noisy: unsure, invalid } = disturbances(before, after, samples.othersShare);
    noisy.push(...unsure);
    problems.push(...invalid);
  }
  const { verdict, reasons } = judgeProcesses(whole.map(({ samples }) => blocksOf(samples.callMs)), [
    ...new Set(problems),
  ]);
  const unsure = [...new Set(noisy)];
  return { verdict: verdict === "VALID" && unsure.length > 0 ? "NOISY" : verdict, reasons: [...reasons, ...unsure] };
}

function benchRun({ samples, before, after }: Whole): BenchRun {
  const { callMs, latencyMs: _, windows: __, ...rest } = samples;
  return { ...rest, n: callMs.length, blockMediansMs: blocksOf(callMs).map((block) => median(block)), before, after };
}

/** Rows a second by the clock, over all processes. */
function throughput(samples: readonly ProcessSamples[], batchSize: number): number {
  const calls = samples.reduce((sum, { callMs, callsPerSample }) => sum + callMs.length * callsPerSample, 0);
  return calls * batchSize * 1000 / samples.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
}

/** What the monitor saw, in short. */
export function monitorSummary(whole: readonly Whole[], accelerator: string): MonitorSummary {
  const perRun = whole.map(({ samples, uses }) => samples.windows.map((window) => withUse(window, uses)));
  const windows = perRun.flat();
  // A short last window is no window of a hundred calls.
  const full = windows.filter(({ count }) => count === WINDOW_CALLS);
  const of = (values: readonly number[], pick: (...values: number[]) => number) =>
    values.length === 0 ? null : values.reduce((a, b) => pick(a, b));
  const used = windows.flatMap(({ acceleratorUse }) => acceleratorUse ?? []);
  const step = Math.max(1, Math.ceil(windows.length / THINNED_WINDOWS));
  return {
    windowCalls: WINDOW_CALLS,
    windows: windows.length,
    slowestMs: of(full.map(({ medianMs }) => medianMs), Math.max),
    fastestMs: of(full.map(({ medianMs }) => medianMs), Math.min),
    peakRssBytes: of(windows.map(({ rssBytes }) => rssBytes), Math.max),
    rssGrowthBytes: of(perRun.flatMap((run) => run.length < 2 ? [] : run.at(-1)!.rssBytes - run[0].rssBytes), Math.max),
    acceleratorUse: used.length === 0 ? null : used.reduce((sum, use) => sum + use, 0) / used.length,
    accelerator,
    sampled: windows.filter((_, i) => i % step === 0),
  };
}

/** A window with what was told last until it ended. */
function withUse(window: MonitorWindow, uses: RunMade["uses"]): MonitorWindow {
  const told = uses.findLast(({ elapsedMs }) => elapsedMs <= window.elapsedMs);
  return { ...window, acceleratorUse: told?.use ?? null };
}
