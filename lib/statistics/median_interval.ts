// An interval of a median from the order of the samples alone: right for any distribution, and one wild sample in ten does not move it.

import type { Estimate } from "./bootstrap.ts";
import { checkSamples, type Samples } from "./samples.ts";
import { sortedQuantile } from "./summary.ts";

/**
 * The median, between the two order statistics that hold it at least as often as `confidence` says (the sign test turned around; Conover,
 * Practical Nonparametric Statistics, 3rd edition, section 3.2). Samples are independent; nothing else is asked of them. From nine
 * samples on, one wild sample at either end lies outside of 95%.
 *
 * @param samples shape [n]; n at least 6 for a confidence of 0.95
 * @param options.confidence between 0 and 1; default 0.95
 * @throws {RangeError} when there are too few samples for that confidence, or it is out of range
 * @throws {TypeError} when a sample is not finite
 *
 * @example
 * ```ts
 * import { medianInterval } from "lib/statistics/mod.ts";
 * const { value, interval } = medianInterval([1, 2, 3, 4, 5, 6, 7, 8, 90]);
 * console.log(value, interval.low, interval.high); // 5 2 8
 * ```
 */
export function medianInterval(samples: Samples, { confidence = 0.95 }: { confidence?: number } = {}): Estimate {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`Cannot bound a median: expected confidence between 0 and 1, got ${confidence}`);
  }
  const least = Math.ceil(1 - Math.log2(1 - confidence));
  const sorted = checkSamples(samples, `bound a median with a confidence of ${confidence}`, least).sort();
  const n = sorted.length;
  // Of n signs of a fair coin, `outside` holds the chance of at most `rank` heads: so often the median lies beyond that sample.
  let log = n * Math.log(0.5);
  let outside = Math.exp(log);
  let rank = 0;
  for (;; rank++) {
    log += Math.log((n - rank) / (rank + 1));
    if (2 * (outside + Math.exp(log)) > 1 - confidence) break;
    outside += Math.exp(log);
  }
  const held = (100 * (1 - 2 * outside)).toFixed(1);
  return {
    value: sortedQuantile(sorted, 0.5),
    n,
    interval: {
      low: sorted[rank],
      high: sorted[n - 1 - rank],
      confidence,
      method: `order statistics ${rank + 1} and ${n - rank} of ${n} (sign test), which hold the median in ${held}%`,
    },
  };
}
