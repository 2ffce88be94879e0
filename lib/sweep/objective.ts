// Objectives: which numbers of a trial a study tries to make small or large.

/** One number to make small or large. */
export interface Objective {
  /** `loss`, a metric of the trial (both on the validation split, at the best epoch), `parameterCount` or `trainSeconds`. */
  metric: string;
  direction: "minimize" | "maximize";
}

/** What a study without objectives of its own tries: the lowest validation loss. */
export const DEFAULT_OBJECTIVES: readonly Objective[] = [{ metric: "loss", direction: "minimize" }];
