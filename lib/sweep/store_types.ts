// What a study's store holds, as its readers see it.

import type { TrialResult } from "./messages.ts";
import type { Objective } from "./objective.ts";
import type { FailureKind } from "./rows.ts";
import type { AnyPoint } from "./space.ts";
import type { JsonValue } from "../process/mod.ts";

/** How an attempt ended. */
export type Outcome = "finished" | "interrupted" | "pruned" | "cancelled" | FailureKind;

/** Where a trial stands. "interrupted" has begun and goes on with the next run. */
export type TrialState = "waiting" | "running" | "finished" | "pruned" | "failed" | "cancelled" | "interrupted";

/** All states, in the order in which tables show them. */
export const TRIAL_STATES: readonly TrialState[] = [
  "waiting",
  "running",
  "finished",
  "pruned",
  "failed",
  "cancelled",
  "interrupted",
];

/** The end of an attempt. */
export interface AttemptEnd {
  outcome: Outcome;
  /** One sentence; null when it finished. */
  message: string | null;
  stderrTail: string;
  seconds: number;
  peakRssBytes: number | null;
  /** With outcome "finished" only. */
  result: TrialResult | null;
}

/** The start of an attempt. */
export interface AttemptStartRow {
  run: number;
  machine: string;
  threads: number;
  /** Above those of all attempts before. */
  token: number;
  pid?: number | null;
  worker?: string | null;
}

/** An attempt as stored. */
export interface StoredAttempt {
  id: number;
  trial: string;
  number: number;
  /** Fencing token: of a trial's attempts only the one with the highest may commit. */
  token: number;
  machine: string;
  /** Name of the worker that had it; null without a queue. */
  worker: string | null;
  threads: number;
  pid: number | null;
  startedAt: string;
  /** When something last came from it. */
  heardAt: string | null;
  endedAt: string | null;
  seconds: number | null;
  outcome: Outcome | null;
  message: string | null;
  stderrTail: string | null;
  baselineRssBytes: number | null;
  peakRssBytes: number | null;
}

/** A trial's best epoch so far, by validation loss. */
export interface BestEpoch {
  epoch: number;
  validation: Readonly<Record<string, number>>;
}

/** What is known of one trial without its attempts and result. */
export interface TrialStanding {
  key: string;
  /** From 1, in the order in which trials were first stored. */
  number: number;
  parameters: AnyPoint;
  parameterCount: number;
  createdAt: string;
  /** The definition that named it last; null before version 2 of the store. */
  definition: number | null;
  state: TrialState;
  /** Of the last attempt that has ended. */
  outcome: Outcome | null;
  message: string | null;
  /** The highest of its attempts; 0 before the first. */
  token: number;
  attempts: number;
  /** Of all attempts that have ended. */
  seconds: number;
  trainSeconds: number;
  /** Epochs completed. */
  epochs: number;
  best: BestEpoch | null;
  machine: string | null;
  pinned: boolean;
  /** 0 when none is kept. */
  checkpointBytes: number;
  revision: number;
}

/** A trial with its attempts, in the order in which they were made, and its result with the attempt that gave it. */
export interface StoredTrial extends Omit<TrialStanding, "attempts"> {
  attempts: StoredAttempt[];
  result: { attempt: number; result: TrialResult } | null;
}

/** A run that has not ended: it is under way, or its process was killed. */
export interface OpenRun {
  id: number;
  pid: number;
  startedAt: string;
}

/** What a study is, as stored. */
export interface StudyDefinition {
  name: string;
  space: Readonly<Record<string, JsonValue>>;
  objectives: readonly Objective[];
  sampler: { name: string; settings: Readonly<Record<string, JsonValue>> };
  pruner: { name: string; settings: Readonly<Record<string, JsonValue>> } | null;
  /** Whose weights stay; no part of its identity. */
  keepWeights: "all" | "best";
}

/** What a reader can ask of a study. */
export type RequestKind = "cancel" | "retry" | "pin" | "unpin";

/** A request that no run has taken up yet. */
export interface OpenRequest {
  id: number;
  kind: RequestKind;
  trial: string;
}

/** The state of a trial whose last attempt ended so. */
export function stateAfter(outcome: Outcome): TrialState {
  switch (outcome) {
    case "finished":
    case "interrupted":
    case "pruned":
    case "cancelled":
      return outcome;
    default:
      return "failed";
  }
}
