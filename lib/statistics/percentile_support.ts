// How many samples a percentile needs before it may be printed. The rule is that of MLPerf LoadGen's early stopping: with n
// samples, the second largest is an upper estimate of the percentile p with confidence 0.99, if at most one in n beyond it would
// be that rare: P(Binomial(n, 1 - p) <= 1) <= 0.01. Source: mlcommons/inference, loadgen/early_stopping.cc (t = 1).

import { binomialCdf } from "./distributions.ts";

const CONFIDENCE = 0.99;

/**
 * The fewest samples that support the percentile: 11 for p50, 64 for p90, 130 for p95, 662 for p99.
 * A percentile below the median needs as many as its mirror image above.
 *
 * @param p between 0 and 1, and at most 0.99999 from the middle's side
 * @throws {RangeError} when p is out of range
 *
 * @example
 * ```ts
 * import { samplesForPercentile } from "lib/statistics/mod.ts";
 * console.log(samplesForPercentile(0.99)); // 662
 * ```
 */
export function samplesForPercentile(p: number): number {
  const tail = Math.min(p, 1 - p);
  if (!(tail >= 1e-5)) {
    throw new RangeError(`Cannot tell the samples of a percentile: expected p from 0.00001 to 0.99999, got ${p}`);
  }
  let low = 1; // too few
  let high = 2;
  while (!supports(tail, high)) high *= 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (supports(tail, middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Whether `n` samples support the percentile `p` (between 0 and 1), so that it may be printed. */
export function percentileSupported(p: number, n: number): boolean {
  return n >= samplesForPercentile(p);
}

function supports(tail: number, n: number): boolean {
  return binomialCdf(1, n, tail) <= 1 - CONFIDENCE;
}
