// Trends of series that move in steps: memory that an allocator takes and gives back in pieces. A line of least squares follows single large
// steps, and its residuals know nothing of steps that could have come at other times, or not at all.

import { blockBootstrap, type BlockBootstrapOptions, type BlockEstimate } from "./block_bootstrap.ts";
import { checkSamples, type Samples } from "./samples.ts";
import { sortedQuantile } from "./summary.ts";

const TASK = "fit a robust line";
/** Ten increments are the fewest that have an automatic length of blocks. */
const LEAST_VALUES = 11;

/**
 * The median of the slopes between all pairs of values at even steps (Theil 1950, Sen 1968): of 45 values the first or last ten may be off by
 * any amount. Its interval draws the increments between neighbours again, in blocks, and takes the slope of the path that they add up to: a
 * step counts as an event that could have come elsewhere, twice or not at all. Of noise around a line that is cautious: the interval is wider
 * than need be.
 *
 * @param values shape [n] in the order of time, n at least 11, finite
 * @returns change a step; n is the number of increments
 * @throws {RangeError | TypeError} when there are too few values, one is not finite, or an option is out of range
 *
 * @example
 * ```ts
 * import { linearTrend, robustTrend } from "lib/statistics/mod.ts";
 * const values = Float64Array.from({ length: 50 }, (_, i) => 2 * i + (i < 5 ? 1000 : 0) + Math.cos(i));
 * const { value, interval } = robustTrend(values, { seed: 1, resamples: 500 });
 * if (Math.abs(value - 2) > 0.5 || interval.low > 2 || interval.high < 2) throw new Error("2 a step, whatever was at first");
 * if (linearTrend(values).slope.value > 0) throw new Error("least squares sees it fall");
 * ```
 */
export function robustTrend(values: Samples, options: Omit<BlockBootstrapOptions, "scheme">): BlockEstimate {
  const checked = checkSamples(values, TASK, LEAST_VALUES);
  const increments = Float64Array.from({ length: checked.length - 1 }, (_, i) => checked[i + 1] - checked[i]);
  const path = new Float64Array(checked.length);
  const slopes = new Float64Array(checked.length * (checked.length - 1) / 2);
  return blockBootstrap(increments, {
    ...options,
    statistic: (drawn) => {
      for (let i = 0; i < drawn.length; i++) path[i + 1] = path[i] + drawn[i];
      return theilSen(path, slopes);
    },
  });
}

function theilSen(values: Float64Array, slopes: Float64Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    for (let j = i + 1; j < values.length; j++) slopes[count++] = (values[j] - values[i]) / (j - i);
  }
  return sortedQuantile(slopes.sort(), 0.5);
}
