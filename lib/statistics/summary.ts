// Numbers that stand for many: quantiles, centre and spread. Percentiles of a summary are null where too few samples were taken.

import { percentileSupported } from "./percentile_support.ts";
import { checkSamples, preciseSum, type Samples } from "./samples.ts";

/** A summary of samples, in their unit. */
export interface Summary {
  n: number;
  mean: number;
  /** With n - 1; null for one sample. */
  standardDeviation: number | null;
  min: number;
  p25: number;
  median: number;
  p75: number;
  max: number;
  /** Null where `percentileSupported` is false: n < 64, 130, 662. */
  p90: number | null;
  p95: number | null;
  p99: number | null;
  /** Median of the distances from the median, not scaled. */
  medianAbsoluteDeviation: number;
}

/**
 * The quantile of the samples, interpolated linearly between order statistics (type 7 of Hyndman and Fan 1996, numpy's default).
 *
 * @param p from 0 (least) to 1 (greatest)
 * @throws {RangeError} when p is outside [0, 1] or there is no sample
 * @throws {TypeError} when a sample is not finite
 *
 * @example
 * ```ts
 * import { quantile } from "lib/statistics/mod.ts";
 * console.log(quantile([4, 1, 3, 2], 0.5)); // 2.5
 * ```
 */
export function quantile(samples: Samples, p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot compute a quantile: expected p from 0 to 1, got ${p}`);
  return sortedQuantile(checkSamples(samples, "compute a quantile").sort(), p);
}

/** `quantile` of samples that are already sorted upwards and known to be finite. */
export function sortedQuantile(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** The median: half the samples are at most this. Throws as `quantile` does. */
export function median(samples: Samples): number {
  return quantile(samples, 0.5);
}

/**
 * The arithmetic mean, summed with compensation.
 *
 * @throws {RangeError | TypeError} when there is no sample, or one is not finite
 */
export function mean(samples: Samples): number {
  const checked = checkSamples(samples, "compute the mean");
  return preciseSum(checked) / checked.length;
}

/**
 * The sample standard deviation (divisor n - 1), in two passes.
 *
 * @throws {RangeError | TypeError} when there are fewer than 2 samples, or one is not finite
 */
export function standardDeviation(samples: Samples): number {
  return spread(checkSamples(samples, "compute the standard deviation", 2));
}

/**
 * Centre, spread and supported percentiles.
 *
 * @throws {RangeError | TypeError} when there is no sample, or one is not finite
 *
 * @example
 * ```ts
 * import { summarize } from "lib/statistics/mod.ts";
 * const { median, p99 } = summarize([1, 2, 3]);
 * console.log(median, p99); // 2 null
 * ```
 */
export function summarize(samples: Samples): Summary {
  const sorted = checkSamples(samples, "summarize").sort();
  const n = sorted.length;
  const at = (p: number) => sortedQuantile(sorted, p);
  const supported = (p: number) => (percentileSupported(p, n) ? at(p) : null);
  const middle = at(0.5);
  return {
    n,
    mean: preciseSum(sorted) / n,
    standardDeviation: n > 1 ? spread(sorted) : null,
    min: sorted[0],
    p25: at(0.25),
    median: middle,
    p75: at(0.75),
    max: sorted[n - 1],
    p90: supported(0.9),
    p95: supported(0.95),
    p99: supported(0.99),
    medianAbsoluteDeviation: sortedQuantile(sorted.map((value) => Math.abs(value - middle)).sort(), 0.5),
  };
}

function spread(checked: Float64Array): number {
  const center = preciseSum(checked) / checked.length;
  return Math.sqrt(preciseSum(checked.map((value) => (value - center) ** 2)) / (checked.length - 1));
}
