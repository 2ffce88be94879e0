// The forecaster on a GPU: updates and calls of one size, ours through WebGPU and PyTorch's through CUDA, on real windows. One run is
// recorded in reports/benchmarks/forecaster.json, which notebook 04 puts beside what it measures itself.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { loadSeries, windowsOf } from "../data/mod.ts";
import { forecaster, forecasterSettings, type ForecasterSize } from "../models/forecaster.ts";
import { type MachineFacts, machineFactsSchema } from "../record/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import type { Estimate } from "../statistics/mod.ts";
import { trainingData } from "../train/mod.ts";
import { type GpuFacts, gpuFacts } from "./gpu_name.ts";
import { bench } from "./harness/bench.ts";
import type { BenchSettings } from "./harness/bench_settings.ts";
import { parseProvider } from "./harness/provider.ts";
import type { BenchSubject } from "./harness/subject.ts";
import { FORECASTER_PEERS, measureForecasterPeer, type PeerWork } from "./subjects/forecaster_peer.ts";
import { forecasterStep } from "./subjects/forecaster_step.ts";
import { writeWindows } from "./subjects/window_files.ts";
import type { TurnOptions } from "./turn_plan.ts";

/** What one side takes for one kind of work. */
export interface ForecasterTiming {
  what: "training" | "inference";
  /** "webgpu", "cpu", "torch cuda". */
  side: string;
  /** Windows of an update or a call. */
  rows: number;
  /** VALID, NOISY or INVALID, or why there is no time. */
  verdict: string;
  reasons: string[];
  timeMs: Estimate | null;
}

/** Content of reports/benchmarks/forecaster.json. */
export interface ForecasterBenchmark {
  schemaVersion: 1;
  benchmark: "forecaster";
  subject: string;
  size: ForecasterSize;
  context: number;
  horizon: number;
  machine: MachineFacts;
  gpu: GpuFacts | null;
  /** Version of PyTorch; null where it was not measured. */
  peerVersion: string | null;
  timings: ForecasterTiming[];
}

/** What is measured. */
export interface ForecasterBenchmarkOptions {
  size: ForecasterSize;
  context: number;
  horizon: number;
  batchSize: number;
  accumulationSteps: number;
  inferBatches: readonly number[];
  providers: readonly string[];
  settings: BenchSettings;
  /** A Python with torch, or null to leave PyTorch out. */
  peerPython: string | null;
  turns: TurnOptions;
  onTiming?: (timing: ForecasterTiming) => void;
}

const SUBJECT =
  "updates (batches averaged, clipped at norm 1, AdamW; on WebGPU one batch of as many rows, not clipped) and forward passes of the forecaster in float32, on windows of daily WTI prices; PyTorch on numbers of the same shapes";
const MAX_GRADIENT_NORM = 1;

/** Measures all of it on this machine. */
export async function runForecasterBenchmark(options: ForecasterBenchmarkOptions): Promise<ForecasterBenchmark> {
  const { size, context, horizon, peerPython } = options;
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-forecaster-"));
  try {
    const { dataset } = windowsOf(await loadSeries("wti"), { context, horizon, normalization: "anchored" });
    const { columns } = trainingData(dataset, { x: "context", y: "target" });
    await writeWindows(folder, { x: columns.x, y: columns.y });
    const timings = await ourTimings(options, folder);
    const peers = peerPython === null ? null : await peerTimings(options, peerPython);
    return {
      schemaVersion: 1,
      benchmark: "forecaster",
      subject: SUBJECT,
      size,
      context,
      horizon,
      machine: machineFacts(),
      gpu: gpuFacts(),
      peerVersion: peers?.version ?? null,
      timings: [...timings, ...peers?.timings ?? []],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const configOf = ({ size, context, horizon }: ForecasterBenchmarkOptions) =>
  forecasterSettings(size, { features: 1, context, horizon });

async function ourTimings(options: ForecasterBenchmarkOptions, windows: string): Promise<ForecasterTiming[]> {
  const { batchSize, accumulationSteps, inferBatches, providers, size } = options;
  const config = configOf(options);
  const update = forecasterStep({
    ...{ config, batchSize, accumulationSteps, windows, segments: 1 },
    maxGradientNorm: MAX_GRADIENT_NORM,
    optimizer: "adamW",
  });
  const forward: BenchSubject = { name: `forecaster ${size}`, graph: forecaster(config).trace() };
  const works: { what: ForecasterTiming["what"]; rows: number; subject: BenchSubject }[] = [
    { what: "training", rows: batchSize * accumulationSteps, subject: update },
    ...inferBatches.map((rows) => ({ what: "inference" as const, rows, subject: forward })),
  ];
  const timings: ForecasterTiming[] = [];
  for (const side of providers) {
    for (const { what, rows, subject } of works) {
      const done = await bench({ subject, provider: parseProvider(side), batchSize: rows, ...options.settings });
      const { measure, verdict, outcome, reasons } = done;
      const timeMs = measure?.interval ? { value: measure.median, n: measure.n, interval: measure.interval } : null;
      timings.push({ what, side, rows, verdict: verdict ?? outcome, reasons, timeMs });
      options.onTiming?.(timings.at(-1)!);
    }
  }
  return timings;
}

async function peerTimings(options: ForecasterBenchmarkOptions, python: string) {
  const { batchSize, accumulationSteps, inferBatches, turns } = options;
  const shared = { config: configOf(options), batches: accumulationSteps, maxGradientNorm: MAX_GRADIENT_NORM };
  const works: PeerWork[] = [
    { ...shared, mode: "train", rows: batchSize },
    ...inferBatches.map((rows) => ({ ...shared, mode: "infer" as const, rows })),
  ];
  const { physicalCores, logicalCores } = machineFacts();
  const timings: ForecasterTiming[] = [];
  let version: string | null = null;
  for (const side of FORECASTER_PEERS) {
    const found = await measureForecasterPeer(side, works, { python, threads: physicalCores ?? logicalCores, turns });
    if (found.absent !== null) continue;
    version = found.version;
    found.answers.forEach((answer, i) => {
      const { mode, rows } = works[i];
      const what = mode === "train" ? "training" as const : "inference" as const;
      const about = { what, side, rows: mode === "train" ? rows * accumulationSteps : rows };
      const failed = typeof answer === "string";
      timings.push(
        failed
          ? { ...about, verdict: "failed", reasons: [answer], timeMs: null }
          : { ...about, verdict: answer.verdict, reasons: answer.reasons, timeMs: answer.timeMs },
      );
      options.onTiming?.(timings.at(-1)!);
    });
  }
  return { version, timings };
}

const finite = z.number();
const timing = z.strictObject({
  what: z.enum(["training", "inference"]),
  side: z.string().min(1),
  rows: finite.int().min(1),
  verdict: z.string().min(1),
  reasons: z.array(z.string()),
  timeMs: z.looseObject({
    value: finite.positive(),
    n: finite.int().min(1),
    interval: z.strictObject({ low: finite, high: finite, confidence: finite, method: z.string() }),
  }).nullable(),
});
const schema = z.looseObject({
  schemaVersion: z.literal(1),
  benchmark: z.literal("forecaster"),
  size: z.string(),
  context: finite,
  horizon: finite,
  machine: machineFactsSchema,
  gpu: z.strictObject({ name: z.string(), driver: z.string(), memory: z.string() }).nullable(),
  peerVersion: z.string().nullable(),
  timings: z.array(timing),
});

/**
 * Reads a recorded benchmark.
 *
 * @param name of the file, for messages
 * @throws {TypeError} when it is none, naming the field
 */
export function parseForecasterBenchmark(text: string, name: string): ForecasterBenchmark {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new TypeError(`Cannot read ${name}: expected JSON of a forecaster benchmark`);
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) return data as unknown as ForecasterBenchmark;
  const [{ path, message }] = error.issues;
  throw new TypeError(`Cannot read ${name}: ${path.join(".") || "it"}: ${message}`);
}
