// Executors run attempts at trials: the pool of processes on this machine (pool/), or workers behind a queue (queue/). The run
// (run.ts) decides what is tried and writes down what comes of it; an executor knows nothing of the store.

import type { MachineFacts } from "../record/mod.ts";
import type { EpochSummary } from "../train/mod.ts";
import type { AttemptEnd } from "./store.ts";
import type { Trial } from "./trial.ts";

/** One attempt at a trial. */
export interface ExecutorOrder {
  trial: Trial;
  /** Folder of the checkpoint, from which the trial goes on when there is one, and where it is when the attempt has ended. */
  checkpointDir: string;
  /** Threads of the trial; null leaves them to the executor. */
  threads: number | null;
  /** Attempts that were made before this one. */
  attemptsBefore: number;
  /** Runs it with nothing beside it: after it was killed for want of memory. */
  alone: boolean;
  /** Time that the attempt may take from its start on, in milliseconds, sleep of the machine left out; null: any. */
  deadlineMs: number | null;
}

/** Where and how an attempt has started. */
export interface AttemptStart {
  /** Rises with each start of the same trial. What comes with a smaller one than the last is refused. */
  token: number;
  /** Null: this machine. */
  machine: MachineFacts | null;
  pid: number | null;
  threads: number;
  /** Name of the worker; null without a queue. */
  worker: string | null;
}

/** What is told of an attempt. What these throw ends the attempt, whose `ended` then rejects with it. */
export interface AttemptWatch {
  onStart(start: AttemptStart): void;
  onReady(token: number, baselineRssBytes: number): void;
  onEpoch(token: number, summary: EpochSummary): void;
}

/** Why the run ends an attempt. */
export type StopReason = "pruned" | "cancelled" | "interrupted";

/** The end of an attempt, with the token of the start that gave it. */
export interface ExecutedEnd extends AttemptEnd {
  token: number;
}

/** An attempt under way. */
export interface TrialTask {
  /** Does not reject for anything that the trial does. */
  readonly ended: Promise<ExecutedEnd>;
  /** Lets the trial save a checkpoint and end; the outcome is then the reason, unless it had finished before. */
  stop(reason: StopReason): void;
}

/** Runs attempts, several at once. */
export interface TrialExecutor {
  /** `2 processes x 1 thread`. */
  readonly description: string;
  /** Trials under way, at most, whose checkpoints lie on this machine at one time. */
  readonly checkpointsAtOnce: number;
  /** Whether an attempt could start now, beside those that run. */
  admits(trial: Trial, options: { alone: boolean }): boolean;
  /** A sentence when the trial could never run here, such as for want of memory. */
  impossible(trial: Trial): string | null;
  start(order: ExecutorOrder, watch: AttemptWatch): TrialTask;
  close(): Promise<void>;
}
