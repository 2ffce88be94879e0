// How many processes can do the same work at once? Processes are added until all of them together do no more than fewer did.

import { type Graph, serializeGraph } from "../graph/mod.ts";
import { projectPath } from "../process/mod.ts";
import { bootstrapInterval, type Estimate, median } from "../statistics/mod.ts";
import { serializeProgram, type TrainingProgram } from "../train/mod.ts";
import { type Conversation, conversation } from "./conversation.ts";

/** What every process does, with random weights and inputs: inference of a graph with inputs `[batch, ...]`, or training steps. */
export type ConcurrentWork =
  | { kind: "inference"; graph: Graph; batchSize: number }
  | { kind: "training"; program: TrainingProgram; batchSize: number };

/** How it is measured. */
export interface ConcurrencyOptions {
  /** Numbers of processes at once, ascending. */
  processes: readonly number[];
  /** Of one round, after all processes are ready. */
  seconds: number;
  /** Rounds of each number; at least 2. */
  rounds: number;
  /** Threads inside one operator, of each process. Default 1. */
  threads?: number;
  /** Ends after the first number whose throughput is below this share of the best so far. Default 0: all numbers are measured. */
  stopBelow?: number;
  signal?: AbortSignal;
}

/** What a number of processes did. */
export interface ConcurrencyPoint {
  readonly processes: number;
  /** Of all processes together: the median round, with its interval. */
  readonly rowsPerSecond: Estimate;
  /** Resident memory of the largest process, in bytes, with the engine and its runtime. */
  readonly rssBytes: number;
}

/** What a process is told first. */
export interface ConcurrencyTask {
  kind: ConcurrentWork["kind"];
  /** A serialized graph or program. */
  definition: unknown;
  batchSize: number;
  threads: number;
}

/** What a process answers to `{ seconds }`. */
export interface ConcurrencyAnswer {
  calls: number;
  seconds: number;
  rssBytes: number;
}

/**
 * Measures throughput against the number of processes.
 *
 * @throws {RangeError} when the numbers are not ascending integers from 1, or there are fewer than 2 rounds
 * @throws {Error} when a process fails, with the end of its error output
 */
export async function measureConcurrency(
  work: ConcurrentWork,
  { processes, seconds, rounds, threads = 1, stopBelow = 0, signal }: ConcurrencyOptions,
): Promise<ConcurrencyPoint[]> {
  const wrong = processes.find((count, i) => !Number.isInteger(count) || count < 1 || count <= (processes[i - 1] ?? 0));
  if (processes.length === 0 || wrong !== undefined) {
    throw new RangeError(`Cannot measure concurrency: expected ascending numbers of processes, got ${processes}`);
  }
  if (!Number.isInteger(rounds) || rounds < 2) {
    throw new RangeError(`Cannot measure concurrency: expected at least 2 rounds, got ${rounds}`);
  }
  const open: Conversation[] = [];
  const points: ConcurrencyPoint[] = [];
  try {
    for (const count of processes) {
      while (open.length < count) open.push(await openProcess(work, threads, signal));
      const answers: ConcurrencyAnswer[][] = [];
      for (let round = 0; round < rounds; round++) {
        const asked = open.slice(0, count).map((process) => process.ask({ seconds }));
        answers.push(await Promise.all(asked) as ConcurrencyAnswer[]);
      }
      points.push(pointOf(count, answers, work.batchSize));
      const best = Math.max(...points.map(({ rowsPerSecond }) => rowsPerSecond.value));
      if (points.at(-1)!.rowsPerSecond.value < stopBelow * best) break;
    }
  } finally {
    for (const process of open) await process.end();
  }
  return points;
}

async function openProcess(work: ConcurrentWork, threads: number, signal?: AbortSignal): Promise<Conversation> {
  const definition = work.kind === "inference" ? serializeGraph(work.graph) : serializeProgram(work.program);
  const module = projectPath("lib", "bench", "concurrency_process.ts");
  const { talk } = await conversation(`a process of ${work.kind}`, { module, signal });
  await talk.ask({ kind: work.kind, definition, batchSize: work.batchSize, threads } satisfies ConcurrencyTask);
  return talk;
}

function pointOf(processes: number, rounds: readonly ConcurrencyAnswer[][], batchSize: number): ConcurrencyPoint {
  const rates = rounds.map((answers) =>
    answers.reduce((sum, { calls, seconds }) => sum + calls * batchSize / seconds, 0)
  );
  return {
    processes,
    rowsPerSecond: bootstrapInterval(rates, { statistic: median, seed: "concurrency", resamples: 1000 }),
    rssBytes: Math.max(...rounds.flat().map(({ rssBytes }) => rssBytes)),
  };
}
