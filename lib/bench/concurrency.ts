// How many processes can do the same work at once? Processes are added until all of them together do no more than fewer did.

import { bootstrapInterval, type Estimate, median } from "../statistics/mod.ts";
import type { Conversation } from "./conversation.ts";
import { openWork, type WorkAnswer, type WorkDefinition } from "./work.ts";

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

/**
 * Measures throughput against the number of processes.
 *
 * @throws {RangeError} when the numbers are not ascending integers from 1, or there are fewer than 2 rounds
 * @throws {Error} when a process fails, with the end of its error output
 */
export async function measureConcurrency(
  work: WorkDefinition,
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
      while (open.length < count) open.push(await openWork(work, { threads, signal }));
      const answers: WorkAnswer[][] = [];
      for (let round = 0; round < rounds; round++) {
        const asked = open.slice(0, count).map((process) => process.ask({ seconds }));
        answers.push(await Promise.all(asked) as WorkAnswer[]);
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

function pointOf(processes: number, rounds: readonly WorkAnswer[][], batchSize: number): ConcurrencyPoint {
  const rates = rounds.map((answers) =>
    answers.reduce((sum, { calls, seconds }) => sum + calls * batchSize / seconds, 0)
  );
  return {
    processes,
    rowsPerSecond: bootstrapInterval(rates, { statistic: median, seed: "concurrency", resamples: 1000 }),
    rssBytes: Math.max(...rounds.flat().map(({ rssBytes }) => rssBytes)),
  };
}
