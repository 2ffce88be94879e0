// Inference time of a graph on the CPU, for notebooks: `bench` in its single stream, and the samples of its one process.

import { type Graph, graph } from "../graph/mod.ts";
import { bootstrapInterval, type ConfidenceInterval, median } from "../statistics/mod.ts";
import { bench } from "./harness/bench.ts";
import type { ProcessSamples } from "./harness/task.ts";
import type { Judgement } from "./verdict.ts";

/** What is measured, and for how long. */
export interface InferenceOptions {
  /** Rows a call. */
  batchSize: number;
  /** Threads inside one operator. Default 1. */
  threads?: number;
  /** Measurement ends when both are reached. Defaults 0.5 s and 64 calls (enough for p90). */
  minSeconds?: number;
  minCalls?: number;
  /** Of random weights: only arithmetic speed is measured. Default 1. */
  seed?: number;
  signal?: AbortSignal;
}

/** Timings of one configuration. */
export interface InferenceTiming extends Judgement {
  readonly batchSize: number;
  readonly threads: number;
  /** Building the session, and the first call: apart, since both do work that later calls do not. */
  readonly createMs: number;
  readonly firstCallMs: number;
  /** Time of each measured call, in order. */
  readonly samplesMs: Float64Array;
  /** Median time of a call, and its bootstrap interval. */
  readonly callMs: number;
  readonly interval: ConfidenceInterval;
  /** How far resident memory grew, from an engine that has computed something small: with the model loaded, and at its highest. */
  readonly loadBytes: number;
  readonly peakBytes: number;
  /** Largest difference of the output from the reference, over its largest value; checked before timing. */
  readonly relativeError: number;
}

const WARM_UP_MS = 250;
const LONGEST_MS = 1_800_000;

/**
 * Measures the output `output` of a graph whose inputs have a named dimension `batch`. Weights are stored in the session, as they
 * are when a model is shipped, and random.
 *
 * @throws {Error} when the process fails, or its output is wrong
 */
export async function measureInference(whole: Graph, options: InferenceOptions): Promise<InferenceTiming> {
  const { batchSize, threads = 1, minSeconds = 0.5, minCalls = 64, seed = 1, signal } = options;
  const made: ProcessSamples[] = [];
  const record = await bench({
    subject: { name: whole.name, graph: graph(whole.name, { output: whole.outputs.output }), seed },
    provider: { name: "cpu", threads },
    batchSize,
    limits: { minMs: minSeconds * 1000, minCount: minCalls, maxMs: LONGEST_MS },
    warmUpMs: WARM_UP_MS,
    leastSampleMs: Number.MIN_VALUE, // every call is a sample
    onSamples: ({ samples }) => samples && made.push(samples),
    signal,
  });
  const [samples] = made;
  if (record.outcome !== "measured" || !samples) {
    throw new Error(`Cannot measure ${whole.name} at batch ${batchSize}: ${record.reasons.join("; ")}`);
  }
  const { createMs, firstRunMs, loadBytes, peakBytes, callMs } = samples;
  const { value, interval } = bootstrapInterval(callMs, { statistic: median, resamples: 1000, seed });
  return {
    verdict: record.verdict!,
    reasons: record.reasons,
    batchSize,
    threads,
    createMs,
    firstCallMs: firstRunMs,
    samplesMs: callMs,
    callMs: value,
    interval,
    loadBytes,
    peakBytes,
    relativeError: record.correctness!.relativeError,
  };
}
