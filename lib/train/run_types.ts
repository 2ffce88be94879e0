// What a run is told, and what comes of it.

import type { ArrayValue } from "../runtime/mod.ts";
import type { EpochSummary } from "./checkpoint.ts";
import type { StepperOptions } from "./cpu_stepper.ts";
import type { KeptSessions } from "./kept_sessions.ts";

/** Why a run ended. */
export type StopReason = "epochs" | "earlyStopping" | "maxSteps" | "aborted";

/** Outcome of a run. */
export interface TrainingResult {
  readonly history: readonly EpochSummary[];
  /** Epoch (from 1) of the lowest validation loss: the one whose weights are kept. */
  readonly bestEpoch: number;
  readonly stopped: StopReason;
  readonly parameterCount: number;
  /** Steps taken. */
  readonly steps: number;
  /** Parameters of the best epoch, by name. */
  readonly weights: Readonly<Record<string, ArrayValue>>;
  /** Folder of the checkpoint, or null. */
  readonly checkpoint: string | null;
}

/** What happened in one step. */
export interface StepSummary {
  /** Counted from 1. */
  readonly step: number;
  /** Before the update, averaged over the batches that were accumulated. */
  readonly loss: number;
  readonly learningRate: number;
  readonly seconds: number;
  /** Rows of each of its batches. */
  readonly batches: readonly Uint32Array[];
  /** Whether a validation follows. */
  readonly endsEpoch: boolean;
}

/** Values that a run begins with, in place of those drawn by its seed. */
export interface StartingValues extends Pick<StepperOptions, "initial" | "frozen"> {
  /** Identifies them: a checkpoint goes on only from the same ones. */
  readonly hash: string;
}

/** Where a run keeps its state, and what stops it. */
export interface RunOptions {
  /** Folder of the checkpoint; absent: none is kept. */
  checkpointDir?: string;
  /** Go on from the folder's checkpoint when there is one. Default true. */
  resume?: boolean;
  /** Least time between two checkpoints, in seconds. Default 30. */
  checkpointEverySeconds?: number;
  /** Also keeps a checkpoint after every so many steps. Default: only between epochs. */
  checkpointEverySteps?: number;
  /** Stops the run after the step under way, with a checkpoint. */
  signal?: AbortSignal;
  /** Values to begin with. Frozen ones are neither copied nor part of checkpoints. */
  start?: StartingValues;
  /** Called after each step, before the validation that may follow. */
  onStep?: (summary: StepSummary) => void;
  /** Called after each epoch. */
  onEpoch?: (summary: EpochSummary) => void;
  /** Largest piece of memory of the optimizer's state; tests force splits with it. */
  memoryLimitBytes?: number;
  /** Sessions of an earlier run in this process, taken when they fit, and kept for the next run. */
  sessions?: KeptSessions;
}
