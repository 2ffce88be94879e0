// How long blocks should be: Politis and White, Automatic Block-Length Selection for the Dependent Bootstrap, Econometric Reviews 23
// (2004), with the correction of Patton, Politis and White, Econometric Reviews 28 (2009).

import { checkSamples, preciseSum, type Samples } from "./samples.ts";

/** Lengths that make the bootstrap's variance of the mean as exact as it gets; they may lie below 1 and are not whole numbers. */
export interface OptimalBlockLength {
  /** The mean length, for stationary blocks. */
  readonly stationary: number;
  /** For circular blocks; moving blocks take the same. */
  readonly circular: number;
}

const LEAST_SAMPLES = 10;

/**
 * The block length that minimises the mean squared error of the bootstrap's variance of the mean, estimated from the autocovariances up to
 * the lag after which they are no longer told from zero, weighted by a flat-top window.
 *
 * @param samples shape [n] in the order of time, n at least 10, not all equal
 * @returns lengths of at most `ceil(min(3 sqrt(n), n / 3))`
 * @throws {RangeError} when there are fewer samples, or all are equal
 * @throws {TypeError} when one is not finite
 *
 * @example
 * ```ts
 * import { optimalBlockLength } from "lib/statistics/mod.ts";
 * const wave = Float64Array.from({ length: 200 }, (_, i) => Math.sin(i / 8));
 * console.log(optimalBlockLength(wave).stationary > 5); // true: neighbours are alike
 * ```
 */
export function optimalBlockLength(samples: Samples): OptimalBlockLength {
  const checked = checkSamples(samples, "choose a block length", LEAST_SAMPLES);
  const n = checked.length;
  const center = preciseSum(checked) / n;
  const centred = checked.map((value) => value - center);
  if (checked.every((value) => value === checked[0])) {
    throw new RangeError(`Cannot choose a block length: expected samples that vary, got ${checked[0]} only`);
  }
  const insignificantRun = Math.max(5, Math.trunc(Math.log10(n)));
  const maximumLag = Math.min(n - 2, Math.ceil(Math.sqrt(n)) + insignificantRun);
  const { covariances, correlations } = autocovariances(centred, maximumLag);
  const lag = bandwidth(correlations, { insignificantRun, threshold: 2 * Math.sqrt(Math.log10(n) / n) });
  let slope = 0; // the sum of |k| R(k), weighted
  let longRun = covariances[0]; // the spectrum at zero
  for (let k = 1; k <= lag; k++) {
    const weight = flatTop(k / lag);
    slope += 2 * weight * k * covariances[k];
    longRun += 2 * weight * covariances[k];
  }
  const largest = Math.ceil(Math.min(3 * Math.sqrt(n), n / 3));
  // No spectrum at zero: no length is long enough.
  const lengthFor = (factor: number) =>
    longRun === 0 ? largest : Math.min(largest, Math.cbrt(2 * slope ** 2 / (factor * longRun ** 2) * n));
  return { stationary: lengthFor(2), circular: lengthFor(4 / 3) };
}

/** Autocovariances (divisor n) and absolute correlations of the two overlapping parts, for lags from 0. */
function autocovariances(centred: Float64Array, maximumLag: number) {
  const n = centred.length;
  const covariances = new Float64Array(maximumLag + 1);
  const correlations = new Float64Array(maximumLag + 1);
  for (let lag = 0; lag <= maximumLag; lag++) {
    let [product, early, late] = [0, 0, 0];
    for (let i = lag; i < n; i++) product += centred[i] * centred[i - lag];
    for (let i = lag + 1; i < n; i++) late += centred[i] ** 2;
    for (let i = 0; i < n - lag - 1; i++) early += centred[i] ** 2;
    covariances[lag] = product / n;
    const scale = Math.sqrt(early * late);
    correlations[lag] = scale > 0 ? Math.abs(product) / scale : 0;
  }
  return { covariances, correlations };
}

/** Twice the last lag before a run of correlations that all are insignificant; the largest lag where there is no such run. */
function bandwidth(
  correlations: Float64Array,
  { insignificantRun, threshold }: { insignificantRun: number; threshold: number },
): number {
  const maximumLag = correlations.length - 1;
  for (let end = insignificantRun; end <= maximumLag; end++) {
    const start = end - insignificantRun;
    if (correlations.subarray(start, end).every((value) => value < threshold)) {
      return Math.min(maximumLag, 2 * Math.max(1, start));
    }
  }
  return maximumLag;
}

/** 1 up to a half, then falling to 0 at 1 (Politis and Romano 1995). */
function flatTop(t: number): number {
  return t <= 0.5 ? 1 : Math.max(0, 2 * (1 - t));
}
