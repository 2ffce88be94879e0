// Messages between a run and the process of a trial.

import type { EpochSummary, TrainingResult } from "../train/mod.ts";
import type { TrialDefinition } from "./trial.ts";

/** What the process is told, once. */
export interface TrialOrder {
  definition: TrialDefinition;
  /** Folder of the checkpoint, from which the trial goes on when there is one. */
  checkpointDir: string;
  threads: number;
}

/** A finished run without its weights, which are in the checkpoint. */
export type TrialResult = Pick<TrainingResult, "history" | "bestEpoch" | "stopped" | "steps" | "parameterCount">;

/** What the process reports. */
export type TrialReport =
  | { type: "ready"; baselineRssBytes: number }
  | { type: "epoch"; summary: EpochSummary }
  | { type: "result"; result: TrialResult; peakRssBytes: number }
  | { type: "error"; name: string; message: string };
