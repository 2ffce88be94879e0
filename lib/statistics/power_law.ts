// Power laws: by which power a cost grows with a size, and how sure that is.

import { type Estimate, plainMean } from "./bootstrap.ts";
import { studentQuantile } from "./distributions.ts";
import { checkConfidence, checkPaired, checkPositive, type Samples, sumOf } from "./samples.ts";

/** `y = coefficient * x ^ exponent`. */
export interface PowerLaw {
  /** 1 is linear. n is the number of points. */
  readonly exponent: Estimate;
  /** y at x = 1; positive. */
  readonly coefficient: number;
  /** Share of the variance of log y that the line explains, in [0, 1]; 1 when y does not vary. */
  readonly rSquared: number;
  /** The law's y at an x above 0. */
  predict(x: number): number;
}

/**
 * Fits a power law by least squares on logarithms, so that every point counts by its relative error. The interval of the exponent is Student's,
 * from the residuals: it holds when the points scatter around a power law, and is wide when they bend.
 *
 * @param x sizes, positive, length at least 3, not all the same; `y` likewise costs, positive
 * @throws {TypeError | RangeError} when lengths differ, there are too few points, or a value is not positive
 *
 * @example
 * ```ts
 * import { fitPowerLaw } from "lib/statistics/mod.ts";
 * const { exponent, predict } = fitPowerLaw([1, 10, 100], [3, 30, 300]);
 * console.log(exponent.value.toFixed(3), predict(1000).toFixed(0)); // 1.000 3000
 * ```
 */
export function fitPowerLaw(x: Samples, y: Samples, { confidence = 0.95 }: { confidence?: number } = {}): PowerLaw {
  const action = "fit a power law";
  checkPaired(x, y, action);
  checkConfidence(confidence, action);
  const [logX, logY] = [x, y].map((values) => checkPositive(values, action, 3).map(Math.log));
  const n = logX.length;
  const [meanX, meanY] = [plainMean(logX), plainMean(logY)];
  const squares = sumOf(n, (i) => (logX[i] - meanX) ** 2);
  if (!(squares > 0)) throw new RangeError(`Cannot ${action}: expected at least two different sizes, got ${x[0]} only`);
  const value = sumOf(n, (i) => (logX[i] - meanX) * (logY[i] - meanY)) / squares;
  const start = meanY - value * meanX;
  const residual = sumOf(n, (i) => (logY[i] - start - value * logX[i]) ** 2);
  const total = sumOf(n, (i) => (logY[i] - meanY) ** 2);
  const half = studentQuantile(1 - (1 - confidence) / 2, n - 2) * Math.sqrt(residual / (n - 2) / squares);
  const interval = {
    low: value - half,
    high: value + half,
    confidence,
    method: "least squares on logarithms, Student",
  };
  return {
    exponent: { value, n, interval },
    coefficient: Math.exp(start),
    rSquared: total > 0 ? 1 - residual / total : 1,
    predict: (size) => Math.exp(start + value * Math.log(size)),
  };
}
