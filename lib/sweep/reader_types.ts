// What readers of a study see.

import type { MachineFacts } from "../record/mod.ts";
import type { EpochSummary } from "../train/mod.ts";
import type { StudyRows } from "./rows.ts";
import type { AnyPoint } from "./space.ts";
import type { RequestKind, StoredAttempt, StudyDefinition, TrialState } from "./store_types.ts";
import type { TrialDefinition } from "./trial.ts";

/** A trial as it stands. */
export interface TrialView {
  /** From 1, in the order in which trials were first stored. */
  number: number;
  key: string;
  parameters: AnyPoint;
  parameterCount: number;
  state: TrialState;
  /** One for each objective, at the best epoch so far; null before the first. */
  values: (number | null)[];
  /** Epochs completed. */
  epochs: number;
  /** At most. */
  epochsPlanned: number;
  /** Wall-clock time of all attempts that have ended. */
  seconds: number;
  attempts: number;
  /** `MachineFacts.id` of the last attempt's. */
  machine: string | null;
  /** Why it failed, was pruned or cancelled. */
  message: string | null;
  pinned: boolean;
  /** Folder of the checkpoint from the project's root; null when there is none or it was not kept. */
  checkpoint: string | null;
  /** Of its last change. */
  revision: number;
}

/** A trial with all that is known of it. */
export interface TrialDetail extends TrialView {
  settings: TrialDefinition["settings"];
  data: TrialDefinition["data"];
  attemptList: StoredAttempt[];
  epochList: EpochSummary[];
  /** Command that runs it again. */
  rerun: string;
}

/** A study as it stands. */
export interface StudySummary {
  name: string;
  /** "interrupted": trials wait, and no run is under way. */
  state: "running" | "finished" | "interrupted" | "empty";
  counts: Record<TrialState, number>;
  definition: StudyDefinition;
  /** Stored trials of earlier definitions. */
  strangers: number;
  /** Database and checkpoints. */
  bytes: number;
  startedAt: string | null;
  endedAt: string | null;
  /** By the first objective, of the finished trials. */
  best: TrialView | null;
  /** Of the last change. */
  revision: number;
}

/** Reads one study. */
export interface StudyReader {
  readonly name: string;
  summary(): StudySummary;
  /** By number. */
  trials(options?: { since?: number }): TrialView[];
  trial(key: string): TrialDetail | null;
  /** Values after each epoch, by trial; by default of the first objective, or the loss where that is no metric. */
  curves(options?: { since?: number; metric?: string }): { key: string; points: [epoch: number, value: number][] }[];
  machines(): MachineFacts[];
  /** Asks the run to cancel or retry a trial, or pins it; without a run, the next one takes it up. */
  request(kind: RequestKind, key: string): void;
  rows(): StudyRows;
  close(): void;
}
