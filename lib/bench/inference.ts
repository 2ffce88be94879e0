// Inference time of a graph on the CPU: one call after another (MLPerf's single stream) in a child process of its own.

import { type Graph, serializeGraph } from "../graph/mod.ts";
import { projectPath, startChild } from "../process/mod.ts";
import { bootstrapInterval, type ConfidenceInterval, median } from "../statistics/mod.ts";
import { judge, type Judgement } from "./verdict.ts";

/** What is measured, and for how long. */
export interface InferenceOptions {
  /** Rows a call. */
  batchSize: number;
  /** Threads inside one operator. Default 1. */
  threads?: number;
  /** Measurement ends when both are reached. Defaults 0.5 s and 64 calls (enough for p90). */
  minSeconds?: number;
  minCalls?: number;
  /** Of random weights and inputs: only arithmetic speed is measured. Default 1. */
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
  /** Largest difference of the first output from the float64 interpreter's, over its largest value; checked before timing. */
  readonly relativeError: number;
}

/** What the child is sent. */
export interface InferenceTask {
  graph: ReturnType<typeof serializeGraph>;
  batchSize: number;
  threads: number;
  minSeconds: number;
  minCalls: number;
  seed: number;
}

/** What the child answers. */
export type InferenceAnswer = Pick<
  InferenceTiming,
  "createMs" | "firstCallMs" | "loadBytes" | "peakBytes" | "samplesMs" | "relativeError"
>;

/**
 * Measures a graph whose inputs are float32 with a named dimension `batch`. Weights are stored in the session, as they are
 * when a model is shipped, and random.
 *
 * @throws {Error} when the child fails, with the end of its error output
 */
export async function measureInference(graph: Graph, options: InferenceOptions): Promise<InferenceTiming> {
  const { batchSize, threads = 1, minSeconds = 0.5, minCalls = 64, seed = 1, signal } = options;
  const task: InferenceTask = { graph: serializeGraph(graph), batchSize, threads, minSeconds, minCalls, seed };
  const answers: InferenceAnswer[] = [];
  const child = startChild({
    module: projectPath("lib", "bench", "inference_process.ts"),
    denoFlags: ["--v8-flags=--expose-gc"],
    signal,
    deadlineMs: 120_000 + 10_000 * minSeconds,
    onMessage: (message) => answers.push(message as InferenceAnswer),
  });
  child.send(task);
  child.endMessages();
  const { reason, exitCode, stderrTail } = await child.result;
  const [answer] = answers;
  if (!answer || exitCode !== 0) {
    throw new Error(`Cannot measure ${graph.name} at batch ${batchSize}: the child ended by ${reason}\n${stderrTail}`);
  }
  const { value, interval } = bootstrapInterval(answer.samplesMs, { statistic: median, resamples: 1000, seed });
  return {
    ...answer,
    ...judge({ calls: blocksOf(answer.samplesMs) }),
    batchSize,
    threads,
    callMs: value,
    interval,
  };
}

/** Nine runs of consecutive calls, so that a drift from the first third to the last shows. */
function blocksOf(samples: Float64Array): number[][] {
  const length = Math.ceil(samples.length / 9);
  return Array.from(
    { length: Math.ceil(samples.length / length) },
    (_, i) => [...samples.slice(i * length, (i + 1) * length)],
  );
}
