// An executor with a fresh process for each attempt, several at once.

import { runAttempt } from "../attempt.ts";
import type { AttemptWatch, ExecutedEnd, ExecutorOrder, StopReason, TrialExecutor, TrialTask } from "../executor.ts";

/** Options of an executor with a process for each attempt. */
export interface AttemptExecutorOptions {
  /** The module that runs as the process of a trial. */
  trialModule: string;
  /** Attempts at a time. */
  places: number;
  /** Threads of a trial that is given none; 0 means as many as there are physical cores. */
  threads: number;
  deadlineMs?: number;
}

/** An executor on this machine. */
export function attemptExecutor({ trialModule, places, threads, deadlineMs }: AttemptExecutorOptions): TrialExecutor {
  const running = new Set<TrialTask>();
  let alone = false;
  const start = (order: ExecutorOrder, watch: AttemptWatch): TrialTask => {
    const controller = new AbortController();
    const token = order.attemptsBefore + 1;
    const used = order.trial.definition.settings.threads ?? order.threads ?? threads;
    let reason: StopReason = "interrupted";
    const message = { definition: order.trial.definition, checkpointDir: order.checkpointDir, threads: used };
    const ended = runAttempt(message, {
      trialModule,
      deadlineMs,
      signal: controller.signal,
      onStart: (pid) => watch.onStart({ token, machine: null, pid, threads: used, worker: null }),
      onReady: (bytes) => watch.onReady(token, bytes),
      onEpoch: (summary) => watch.onEpoch(token, summary),
    }).then((end): ExecutedEnd => {
      const outcome = end.outcome === "interrupted" ? reason : end.outcome;
      return { ...end, outcome, token };
    }).finally(() => {
      running.delete(task);
      alone = false;
    });
    const task: TrialTask = {
      ended,
      stop(why) {
        if (controller.signal.aborted) return;
        reason = why;
        controller.abort(new Error(`the trial is ${why}`));
      },
    };
    running.add(task);
    alone = order.alone;
    return task;
  };
  return {
    description: `${places} ${places === 1 ? "process" : "processes"} at a time`,
    admits: (_trial, options) => running.size < (options.alone ? 1 : places) && !(alone && running.size > 0),
    impossible: () => null,
    start,
    async close() {
      for (const task of running) task.stop("interrupted");
      await Promise.allSettled([...running].map(({ ended }) => ended));
    },
  };
}
