// Objectives: which numbers of a trial a study tries to make small or large.

import type { TrialDefinition } from "./trial.ts";

/** One number to make small or large. */
export interface Objective {
  /** `loss`, a metric of the trial (both on the validation split, at the best epoch), `parameterCount` or `trainSeconds`. */
  metric: string;
  direction: "minimize" | "maximize";
}

/** What a study without objectives of its own tries: the lowest validation loss. */
export const DEFAULT_OBJECTIVES: readonly Objective[] = [{ metric: "loss", direction: "minimize" }];

/** Objectives that are no metrics of the validation split. */
export const COST_METRICS: readonly string[] = ["parameterCount", "trainSeconds"];

/** What the value of an objective is taken from. */
export interface Scored {
  /** On the validation split at the best epoch; null before the first. */
  best: { validation: Readonly<Record<string, number>> } | null;
  parameterCount: number;
  trainSeconds: number;
}

/** The value of each objective; null where it is not known (yet), or not a number. */
export function objectiveValues(objectives: readonly Objective[], scored: Scored): (number | null)[] {
  const { best, parameterCount, trainSeconds } = scored;
  return objectives.map(({ metric }) => {
    if (metric === "parameterCount") return parameterCount;
    const value = metric === "trainSeconds" ? trainSeconds : best?.validation[metric];
    return best !== null && typeof value === "number" && Number.isFinite(value) ? value : null;
  });
}

/** Compares two values of an objective: negative when `a` is better; a missing one is worst. */
export function compareValues({ direction }: Objective, a: number | null, b: number | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return direction === "minimize" ? a - b : b - a;
}

/**
 * Checks objectives as users write them.
 *
 * @throws {TypeError | RangeError} beginning with the label
 */
export function checkObjectives(label: string, objectives: unknown): Objective[] {
  if (objectives === undefined) return [...DEFAULT_OBJECTIVES];
  if (!Array.isArray(objectives)) {
    throw new TypeError(
      `${label}: expected objectives to be a list of { metric, direction }, got ${typeof objectives}`,
    );
  }
  if (objectives.length === 0) throw new RangeError(`${label}: expected at least one objective, got none`);
  const checked = objectives.map((objective: Partial<Objective> | null, i) => {
    const { metric, direction } = objective ?? {};
    if (typeof metric !== "string" || metric === "") {
      throw new TypeError(`${label}: expected objectives[${i}].metric to be a text, got ${JSON.stringify(metric)}`);
    }
    if (direction !== "minimize" && direction !== "maximize") {
      throw new RangeError(
        `${label}: expected objectives[${i}].direction to be "minimize" or "maximize", got ${
          JSON.stringify(direction)
        }`,
      );
    }
    return { metric, direction };
  });
  const twice = checked.find(({ metric }, i) => checked.findIndex((other) => other.metric === metric) < i);
  if (twice) throw new RangeError(`${label}: expected different objectives, got ${twice.metric} twice`);
  return checked;
}

/**
 * Refuses objectives that a trial does not measure.
 *
 * @throws {RangeError} beginning with the label, naming what there is
 */
export function checkMeasured(label: string, objectives: readonly Objective[], { program }: TrialDefinition): void {
  const measured = [...Object.keys(program.metrics.outputs), ...COST_METRICS];
  const missing = objectives.find(({ metric }) => !measured.includes(metric));
  if (missing) {
    throw new RangeError(`${label}: expected objectives among ${measured.join(", ")}, got "${missing.metric}"`);
  }
}
