// Comparing two things that were measured on the same items: the pairing removes what the items have in common.

import { bootstrapInterval, type BootstrapOptions, checkOptions, type Estimate } from "./bootstrap.ts";
import { binomialCdf, normalQuantile } from "./distributions.ts";
import type { Random } from "./random.ts";
import { checkConfidence, checkPaired, checkSamples, preciseSum, type Samples } from "./samples.ts";

/** The result of `pairedDifference`. */
export interface PairedDifference extends Estimate {
  /** Two-sided: how often random signs give a mean difference at least as large. Between 0 (exclusive) and 1. */
  pValue: number;
  /** "sign-flip permutation, exact" or "sign-flip permutation, N resamples". */
  pValueMethod: string;
}

/** Who passed what, of the items that both were tested on. */
export interface McNemarResult {
  both: number;
  onlyA: number;
  onlyB: number;
  neither: number;
  /** Two-sided exact McNemar test. */
  pValue: number;
}

const EXACT_UP_TO = 16; // 65,536 sign patterns

/**
 * The mean of a - b over paired items, its bootstrap interval, and the p-value of the sign-flip permutation test (exact up
 * to 16 pairs, which includes every comparison of a few seeds).
 *
 * @param a shape [n], n at least 2; `b` likewise, item i belonging to item i
 * @throws {TypeError | RangeError} when lengths differ, a sample is not finite, or an option is out of range
 *
 * @example
 * ```ts
 * import { pairedDifference } from "lib/statistics/mod.ts";
 * const { value, pValue } = pairedDifference([2, 3, 4, 5, 6], [1, 2, 3, 4, 5], { seed: 1 });
 * console.log(value, pValue); // 1 0.0625
 * ```
 */
export function pairedDifference(a: Samples, b: Samples, options: BootstrapOptions): PairedDifference {
  checkPaired(a, b, "compare pairs");
  const left = checkSamples(a, "compare pairs", 2);
  const right = checkSamples(b, "compare pairs", 2);
  const differences = left.map((value, i) => value - right[i]);
  const { resamples, stream } = checkOptions(options, "compare pairs");
  return { ...bootstrapInterval(differences, options), ...signFlipTest(differences, resamples, stream) };
}

/**
 * The exact McNemar test (McNemar 1947): do two systems pass the same items equally often?
 *
 * @param passesA shape [n]; `passesB` likewise, item i belonging to item i
 * @throws {TypeError} when lengths differ or an element is not a boolean
 *
 * @example
 * ```ts
 * import { mcNemar } from "lib/statistics/mod.ts";
 * console.log(mcNemar([true, true, false], [true, false, false]).pValue); // 1
 * ```
 */
export function mcNemar(passesA: readonly boolean[], passesB: readonly boolean[]): McNemarResult {
  if (passesA.length !== passesB.length) {
    const got = `${passesA.length} and ${passesB.length}`;
    throw new TypeError(`Cannot compare passes: expected as many items on both sides, got ${got}`);
  }
  const counts = { both: 0, onlyA: 0, onlyB: 0, neither: 0 };
  passesA.forEach((passA, i) => {
    const passB = passesB[i];
    if (typeof passA !== "boolean" || typeof passB !== "boolean") {
      throw new TypeError(`Cannot compare passes: expected booleans, got ${passA} and ${passB} at index ${i}`);
    }
    counts[passA ? (passB ? "both" : "onlyA") : (passB ? "onlyB" : "neither")]++;
  });
  return { ...counts, pValue: mcNemarExact(counts.onlyA, counts.onlyB) };
}

/**
 * The two-sided p-value of the exact McNemar test from the items that only one of the two passes.
 *
 * @throws {RangeError} when a count is not an integer from 0 up
 */
export function mcNemarExact(onlyA: number, onlyB: number): number {
  if (![onlyA, onlyB].every((count) => Number.isSafeInteger(count) && count >= 0)) {
    throw new RangeError(`Cannot compare passes: expected integers from 0 up, got ${onlyA} and ${onlyB}`);
  }
  return Math.min(1, 2 * binomialCdf(Math.min(onlyA, onlyB), onlyA + onlyB, 0.5));
}

/**
 * A pass rate and its Wilson score interval (Wilson 1927), which stays inside [0, 1] and is not empty at 0 or n passes.
 *
 * @throws {RangeError} when the counts are not integers with 0 <= passes <= n and n >= 1
 *
 * @example
 * ```ts
 * import { proportionInterval } from "lib/statistics/mod.ts";
 * const { interval } = proportionInterval(11, 15);
 * console.log(interval.low.toFixed(2), interval.high.toFixed(2)); // 0.48 0.89
 * ```
 */
export function proportionInterval(passes: number, n: number, { confidence = 0.95 } = {}): Estimate {
  if (!(Number.isSafeInteger(passes) && Number.isSafeInteger(n) && passes >= 0 && passes <= n && n >= 1)) {
    throw new RangeError(`Cannot compute a pass rate: expected 0 <= passes <= n and n >= 1, got ${passes} of ${n}`);
  }
  checkConfidence(confidence, "compute a pass rate");
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const value = passes / n;
  const scale = 1 + z * z / n;
  const center = (value + z * z / (2 * n)) / scale;
  const half = z / scale * Math.sqrt(value * (1 - value) / n + z * z / (4 * n * n));
  const low = passes === 0 ? 0 : center - half;
  const high = passes === n ? 1 : center + half;
  return { value, n, interval: { low, high, confidence, method: "Wilson score" } };
}

function signFlipTest(differences: Float64Array, resamples: number, stream: Random) {
  const observed = Math.abs(preciseSum(differences));
  // Sums of the same numbers in another order differ by rounding: what is equal must count as "at least as large".
  const threshold = observed - 1e-12 * differences.reduce((sum, value) => sum + Math.abs(value), 0);
  if (differences.length <= EXACT_UP_TO) {
    return { pValue: exactSignFlip(differences, threshold), pValueMethod: "sign-flip permutation, exact" };
  }
  let extreme = 1; // the observed signs are one of the patterns, so that p is never 0
  for (let i = 0; i < resamples; i++) {
    if (Math.abs(randomSignedSum(differences, stream)) >= threshold) extreme++;
  }
  return { pValue: extreme / (resamples + 1), pValueMethod: `sign-flip permutation, ${resamples} resamples` };
}

function exactSignFlip(differences: Float64Array, threshold: number): number {
  const patterns = 2 ** differences.length;
  let extreme = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    let sum = 0;
    for (let i = 0; i < differences.length; i++) sum += pattern >> i & 1 ? differences[i] : -differences[i];
    if (Math.abs(sum) >= threshold) extreme++;
  }
  return extreme / patterns;
}

function randomSignedSum(differences: Float64Array, stream: Random): number {
  let sum = 0;
  let bits = 0;
  for (let i = 0; i < differences.length; i++) {
    if (i % 32 === 0) bits = stream.nextUint32();
    sum += bits & 1 ? differences[i] : -differences[i];
    bits >>>= 1;
  }
  return sum;
}
