// The test of equal forecast accuracy: Diebold and Mariano, Comparing predictive accuracy (1995), with the small-sample correction of Harvey,
// Leybourne and Newbold (1997).

import { studentTwoSided } from "./distributions.ts";
import { checkPaired, checkSamples, preciseSum, type Samples } from "./samples.ts";

/** A test of whether two forecasts lose equally much. */
export interface DieboldMarianoResult {
  /** Mean of a - b. */
  readonly difference: number;
  /** The corrected statistic: negative where a loses less. */
  readonly statistic: number;
  /** Two-sided, by Student's t with n - 1 degrees of freedom; in [0, 1]. */
  readonly pValue: number;
  readonly n: number;
}

/**
 * Tests whether the mean of a - b is zero, with the long-run variance of differences of forecasts `horizon` steps ahead, which depend on each other
 * over `horizon - 1` steps.
 *
 * @param a losses (squared or absolute errors) of one forecast at each time, shape [n]; `b` likewise of the other at the same times
 * @param options.horizon of the forecasts, from 1 to n - 1
 * @throws {TypeError} when lengths differ or a loss is not finite
 * @throws {RangeError} when there are fewer than 3 times, the horizon is out of range, or the estimated variance is not positive (the block bootstrap
 *   of `pairedBlockDifference` has an interval there)
 *
 * @example
 * ```ts
 * import { dieboldMariano } from "lib/statistics/mod.ts";
 * const { statistic, pValue } = dieboldMariano([1, 2, 1, 3, 2, 1], [2, 3, 3, 3, 4, 2], { horizon: 1 });
 * console.log(statistic.toFixed(2), pValue < 0.05); // -3.80 true
 * ```
 */
export function dieboldMariano(a: Samples, b: Samples, { horizon }: { horizon: number }): DieboldMarianoResult {
  const task = "test forecasts";
  checkPaired(a, b, task);
  const [left, right] = [checkSamples(a, task, 3), checkSamples(b, task, 3)];
  const n = left.length;
  if (!(Number.isInteger(horizon) && horizon >= 1 && horizon < n)) {
    throw new RangeError(`Cannot ${task}: expected horizon to be an integer from 1 to ${n - 1}, got ${horizon}`);
  }
  const differences = left.map((value, i) => value - right[i]);
  const difference = preciseSum(differences) / n;
  const variance = longRunVariance(differences.map((value) => value - difference), horizon);
  if (!(variance > 0)) {
    throw new RangeError(
      `Cannot ${task}: expected differences with a positive variance over ${horizon} steps, got ${variance}`,
    );
  }
  const correction = Math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n);
  const statistic = correction * difference / Math.sqrt(variance / n);
  return { difference, statistic, pValue: studentTwoSided(statistic, n - 1), n };
}

/** Autocovariances (divisor n) up to `horizon - 1` steps, summed with equal weight. */
function longRunVariance(centred: Float64Array, horizon: number): number {
  const n = centred.length;
  let variance = 0;
  for (let lag = 0; lag < horizon; lag++) {
    let product = 0;
    for (let i = lag; i < n; i++) product += centred[i] * centred[i - lag];
    variance += (lag === 0 ? 1 : 2) * product / n;
  }
  return variance;
}
