// Pruners end trials early that would not win, by what others had reached after as many epochs.

import type { JsonValue } from "../process/mod.ts";
import type { Objective } from "./objective.ts";

/** What a pruner is asked after an epoch of a trial. */
export interface PruningQuestion {
  /** From 1. */
  epoch: number;
  /** Of the first objective after this epoch, the mean over the configuration's seeds that have reached it. */
  value: number;
  /** Of the other configurations: the value after epoch i + 1 at index i, the mean over their seeds that reached it. */
  curves: readonly (readonly number[])[];
  objective: Objective;
}

/** A rule that ends trials early. */
export interface Pruner {
  readonly name: string;
  /** Its settings, as they are stored with the study. */
  readonly settings: Readonly<Record<string, JsonValue>>;
  /** Why to end the trial, as a sentence; null to let it go on. A pure function. */
  reason(question: PruningQuestion): string | null;
}
