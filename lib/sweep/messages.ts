// Messages between an executor and a process of trials.

import type { EpochSummary, TrainingResult } from "../train/mod.ts";
import type { TrialDefinition } from "./trial.ts";

/** A trial to run. A process takes one after the other; the next may be sent once it has said that it is idle. */
export interface TrialOrder {
  definition: TrialDefinition;
  /** Folder of the checkpoint, from which the trial goes on when there is one. */
  checkpointDir: string;
  threads: number;
}

/** Lets the trial under way save a checkpoint after its step and end; its result is then `aborted`. */
export interface StopRequest {
  stop: true;
}

/** A finished run without its weights, which are in the checkpoint. */
export type TrialResult = Pick<TrainingResult, "history" | "bestEpoch" | "stopped" | "steps" | "parameterCount">;

/** What the process reports. */
export type TrialReport =
  | { type: "ready"; baselineRssBytes: number }
  | { type: "epoch"; summary: EpochSummary }
  | { type: "result"; result: TrialResult; peakRssBytes: number }
  /** The process ends after it, unless it says that it is idle. */
  | { type: "error"; name: string; message: string }
  /** A sign of life, about once a second while no native call takes longer. */
  | { type: "pulse"; rssBytes: number }
  /** It has freed what the trial needed, and takes another one. */
  | { type: "idle"; rssBytes: number };
