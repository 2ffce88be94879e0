// Linear trends of series in time: does memory grow, does speed fall? Neighbouring values share what made them high or low, so that n values
// count for fewer independent ones.

import { type Estimate, plainMean } from "./bootstrap.ts";
import { studentQuantile } from "./distributions.ts";
import { checkConfidence, checkSamples, type Samples, sumOf } from "./samples.ts";

/** A line through a series. */
export interface LinearTrend {
  /** Change a step; n is the number of values. */
  readonly slope: Estimate;
  /** Independent values that the series counts for: `n (1 - r) / (1 + r)`, with r the correlation of neighbouring residuals, if above 0. */
  readonly effectiveCount: number;
}

/** Fewer say nothing about a slope and its spread. */
const LEAST_EFFECTIVE = 3;

/**
 * Fits a line by least squares to values at even steps. The interval of the slope is Student's with the residuals' spread and degrees of
 * freedom for as many values as are independent (Santer et al. 2000, of series whose residuals are an AR(1) process); below three of them
 * it is as wide as for three.
 *
 * @param values shape [n] in the order of time, n at least 3, finite
 * @throws {RangeError | TypeError} when there are too few values, one is not finite, or the confidence is out of range
 *
 * @example
 * ```ts
 * import { linearTrend } from "lib/statistics/mod.ts";
 * const { slope } = linearTrend([1, 3.1, 4.9, 7.05, 9]);
 * if (Math.abs(slope.value - 2) > 0.02 || slope.interval.low > 2 || slope.interval.high < 1.9) throw new Error("2 a step");
 * ```
 */
export function linearTrend(values: Samples, { confidence = 0.95 }: { confidence?: number } = {}): LinearTrend {
  const action = "fit a line";
  const checked = checkSamples(values, action, LEAST_EFFECTIVE);
  checkConfidence(confidence, action);
  const n = checked.length;
  const [center, mean] = [(n - 1) / 2, plainMean(checked)];
  const squares = sumOf(n, (i) => (i - center) ** 2);
  const value = sumOf(n, (i) => (i - center) * (checked[i] - mean)) / squares;
  const residuals = checked.map((y, i) => y - mean - value * (i - center));
  const spread = sumOf(n, (i) => residuals[i] ** 2);
  const shared = spread > 0 ? Math.max(0, sumOf(n - 1, (i) => residuals[i] * residuals[i + 1]) / spread) : 0;
  const effectiveCount = Math.max(LEAST_EFFECTIVE, n * (1 - shared) / (1 + shared));
  const freedom = Math.floor(effectiveCount) - 2; // whole, and not more than there is
  const half = studentQuantile(1 - (1 - confidence) / 2, freedom) * Math.sqrt(spread / freedom / squares);
  const interval = {
    low: value - half,
    high: value + half,
    confidence,
    method: "least squares, Student with the effective number of values",
  };
  return { slope: { value, n, interval }, effectiveCount };
}
