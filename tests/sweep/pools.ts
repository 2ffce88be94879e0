// Pools for tests, and what attempts tell of themselves.

import { join } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import type { EpochSummary } from "lib/train/mod.ts";
import type { AttemptWatch, ExecutorOrder, TrialExecutor } from "lib/sweep/executor.ts";
import { localPool, type LocalPoolOptions } from "lib/sweep/pool/local_pool.ts";
import type { Trial } from "lib/sweep/trial.ts";

/** What an attempt told. */
export interface Told {
  pids: number[];
  tokens: number[];
  threads: number[];
  baselines: number[];
  epochs: EpochSummary[];
}

/** A watch that keeps what it is told, and calls `onEpoch`. */
export function keepingWatch(onEpoch: (summary: EpochSummary) => void = () => {}): { told: Told; watch: AttemptWatch } {
  const told: Told = { pids: [], tokens: [], threads: [], baselines: [], epochs: [] };
  return {
    told,
    watch: {
      onStart: ({ token, pid, threads }) => {
        told.tokens.push(token);
        told.pids.push(pid!);
        told.threads.push(threads);
      },
      onReady: (_token, bytes) => told.baselines.push(bytes),
      onEpoch: (_token, summary) => {
        told.epochs.push(summary);
        onEpoch(summary);
      },
    },
  };
}

/** A pool of one process with one thread, unless told otherwise; with `process` one of tests/sweep/processes. */
export function testPool({ process = "", ...options }: Partial<LocalPoolOptions> & { process?: string } = {}) {
  const trialModule = process
    ? projectPath("tests", "sweep", "processes", `${process}.ts`)
    : projectPath("lib", "sweep", "trial_process.ts");
  return localPool({ trialModule, trials: 1, threads: 1, memoryBudgetBytes: 4 * 2 ** 30, ...options });
}

/** Runs an attempt to its end. */
export async function attempt(
  pool: TrialExecutor,
  trial: Trial,
  { folder, onEpoch, ...order }: Partial<ExecutorOrder> & {
    folder: string;
    onEpoch?: (summary: EpochSummary, stop: (reason: "pruned" | "cancelled" | "interrupted") => void) => void;
  },
) {
  const { told, watch } = keepingWatch((summary) => onEpoch?.(summary, (reason) => task.stop(reason)));
  const task = pool.start({
    trial,
    checkpointDir: join(folder, trial.key),
    threads: null,
    attemptsBefore: 0,
    alone: false,
    deadlineMs: null,
    ...order,
  }, watch);
  return { told, end: await task.ended };
}

/** With a pool that is closed at the end. */
export async function withPool(
  options: Parameters<typeof testPool>[0],
  action: (pool: TrialExecutor) => Promise<void>,
): Promise<void> {
  const pool = testPool(options);
  try {
    await action(pool);
  } finally {
    await pool.close();
  }
}
