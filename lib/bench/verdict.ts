// Whether a series of timings can be believed: VALID, NOISY or INVALID, with reasons.

import { median, quantile } from "../statistics/mod.ts";

/** A judgement on a measurement. */
export interface Verdict {
  readonly verdict: "VALID" | "NOISY" | "INVALID";
  /** Why it is not VALID; empty otherwise. */
  readonly reasons: readonly string[];
}

/** Spread beyond which torch's blocked_autorange speaks of fluctuation, and of significant environmental influence. */
const NOISY_SPREAD = 0.10;
const INVALID_SPREAD = 0.25;
/** Difference between the medians of the first and the last third that counts as drift. */
const DRIFT = 0.10;

/**
 * Judges timings in the order in which they were taken: spread (interquartile range over median) above 0.10 is NOISY, above
 * 0.25 INVALID; a last third whose median differs from the first's by more than 0.10 is INVALID (drift).
 *
 * @param samples times in any unit, at least 4
 *
 * @example
 * ```ts
 * import { judgeSamples } from "lib/bench/mod.ts";
 * const { verdict } = judgeSamples([10, 10.1, 9.9, 10, 10.1, 10]);
 * if (verdict !== "VALID") throw new Error("these times are steady");
 * ```
 */
export function judgeSamples(samples: ArrayLike<number>): Verdict {
  if (samples.length < 4) {
    return { verdict: "INVALID", reasons: [`expected at least 4 samples, got ${samples.length}`] };
  }
  const ordered = Array.from(samples);
  const spread = (quantile(ordered, 0.75) - quantile(ordered, 0.25)) / median(ordered);
  const third = Math.floor(ordered.length / 3);
  const drift = median(ordered.slice(-third)) / median(ordered.slice(0, third)) - 1;
  const reasons: string[] = [];
  if (spread > NOISY_SPREAD) reasons.push(`spread ${spread.toFixed(2)} of the median`);
  const drifts = Math.abs(drift) > DRIFT;
  if (drifts) reasons.push(`drift of ${(drift * 100).toFixed(0)}% from the first to the last third`);
  const invalid = spread > INVALID_SPREAD || drifts;
  return { verdict: invalid ? "INVALID" : spread > NOISY_SPREAD ? "NOISY" : "VALID", reasons };
}
