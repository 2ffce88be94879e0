// The plainest executor: each attempt is a fresh process of its own, and so many run at once as it was told.

import { runAttempt } from "./attempt.ts";
import type { AttemptWatch, ExecutedEnd, ExecutorOrder, StopReason, TrialExecutor, TrialTask } from "./executor.ts";
import type { Trial } from "./trial.ts";

/** What the run asks of an executor on this machine. */
export interface ExecutorSettings {
  /** The module that runs as the process of a trial. */
  trialModule: string;
  /** How many at once; "auto" leaves it to the executor. */
  trials: number | "auto";
  /** Time that one attempt may take. */
  deadlineMs?: number;
}

const STOPPED: Record<StopReason, string> = {
  pruned: "the pruner ended it",
  cancelled: "someone asked to end it",
  interrupted: "the run was stopped",
};

/** Runs each attempt in a process of its own. */
export class ProcessExecutor implements TrialExecutor {
  readonly #settings: ExecutorSettings;
  readonly #most: number;
  readonly #running = new Set<TrialTask>();
  #alone = false;

  constructor(settings: ExecutorSettings) {
    this.#settings = settings;
    this.#most = settings.trials === "auto" ? 1 : settings.trials;
  }

  get description(): string {
    return this.#most === 1 ? "1 process" : `${this.#most} processes`;
  }

  admits(_trial: Trial, { alone }: { alone: boolean }): boolean {
    if (this.#running.size === 0) return true;
    return !alone && !this.#alone && this.#running.size < this.#most;
  }

  impossible(): null {
    return null;
  }

  start(order: ExecutorOrder, watch: AttemptWatch): TrialTask {
    const controller = new AbortController();
    let reason: StopReason = "interrupted";
    const stop = (why: StopReason) => {
      if (controller.signal.aborted) return;
      reason = why;
      controller.abort();
    };
    this.#alone = order.alone;
    const ended = this.#attempt(order, { watch, signal: controller.signal, why: () => reason });
    const task = { ended, stop };
    this.#running.add(task);
    const done = () => {
      this.#running.delete(task);
      if (order.alone) this.#alone = false;
    };
    ended.then(done, done);
    return task;
  }

  async close(): Promise<void> {
    for (const { stop } of this.#running) stop("interrupted");
    await Promise.allSettled([...this.#running].map(({ ended }) => ended));
  }

  async #attempt(
    { trial, checkpointDir, threads: asked, attemptsBefore }: ExecutorOrder,
    { watch, signal, why }: { watch: AttemptWatch; signal: AbortSignal; why: () => StopReason },
  ): Promise<ExecutedEnd> {
    const { trialModule, deadlineMs } = this.#settings;
    const token = attemptsBefore + 1;
    const threads = asked ?? 0; // 0: as many as there are physical cores
    const end = await runAttempt({ definition: trial.definition, checkpointDir, threads }, {
      trialModule,
      deadlineMs,
      signal,
      onStart: (pid) => watch.onStart({ token, machine: null, pid, threads, worker: null }),
      onReady: (baselineRssBytes) => watch.onReady(token, baselineRssBytes),
      onEpoch: (summary) => watch.onEpoch(token, summary),
    });
    if (end.outcome !== "interrupted") return { ...end, token };
    return { ...end, token, outcome: why(), message: STOPPED[why()] };
  }
}
