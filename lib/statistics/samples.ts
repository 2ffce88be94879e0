// What all statistics ask of their samples: enough of them, and every one a finite number. Refused here, once, so that a NaN
// cannot travel into a report as an interval.

/** Samples as a typed array or an ordinary one. */
export type Samples = ArrayLike<number>;

/**
 * A copy of the samples in double precision.
 *
 * @param action what cannot be done without them, for the message: "compute a quantile"
 * @throws {RangeError} when there are fewer than `least`
 * @throws {TypeError} when one is not a finite number, with its index
 */
export function checkSamples(samples: Samples, action: string, least = 1): Float64Array {
  if (!(samples?.length >= least)) {
    const plural = least === 1 ? "sample" : "samples";
    throw new RangeError(`Cannot ${action}: expected at least ${least} ${plural}, got ${samples?.length}`);
  }
  const checked = new Float64Array(samples.length);
  for (let i = 0; i < checked.length; i++) {
    const value: unknown = samples[i];
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new TypeError(`Cannot ${action}: expected finite numbers, got ${value} at index ${i}`);
    }
    checked[i] = value;
  }
  return checked;
}

/** Refuses two lists of different lengths, which cannot be paired. */
export function checkPaired(a: Samples, b: Samples, action: string): void {
  if (a.length !== b.length) {
    throw new TypeError(`Cannot ${action}: expected as many samples on both sides, got ${a.length} and ${b.length}`);
  }
}

/** As `checkSamples`, and refuses what is not above 0. */
export function checkPositive(samples: Samples, action: string, least: number): Float64Array {
  const checked = checkSamples(samples, action, least);
  const index = checked.findIndex((value) => value <= 0);
  if (index < 0) return checked;
  throw new RangeError(`Cannot ${action}: expected positive numbers, got ${checked[index]} at index ${index}`);
}

/** Refuses a confidence that is not between 0 and 1. */
export function checkConfidence(confidence: number, action: string): void {
  if (confidence > 0 && confidence < 1) return;
  throw new RangeError(`Cannot ${action}: expected confidence between 0 and 1, got ${confidence}`);
}

/** The sum of the terms 0 to n - 1. */
export function sumOf(n: number, term: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += term(i);
  return sum;
}

/** The sum, to the last bit or so: Neumaier's compensated summation (1974). */
export function preciseSum(values: Float64Array): number {
  let sum = 0;
  let lost = 0;
  for (const value of values) {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }
  return sum + lost;
}
