// Assertions for numbers, shared by all tests: they name the first offending element and both values.

/**
 * Asserts that every element of `actual` is within `atol + rtol * |expected|` of `expected`.
 *
 * @throws {Error} naming the worst element, when lengths differ or one element is out of tolerance or not finite
 */
export function assertAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-6, atol = 0, label = "array" }: { rtol?: number; atol?: number; label?: string } = {},
): void {
  if (actual.length !== expected.length) {
    throw new Error(`${label}: expected ${expected.length} elements, got ${actual.length}`);
  }
  let worst = -1;
  let worstExcess = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    const allowed = atol + rtol * Math.abs(expected[i]);
    const excess = Number.isFinite(difference) ? difference - allowed : Infinity;
    if (actual[i] === expected[i] || excess <= 0) continue;
    if (worst < 0 || excess > worstExcess) {
      worst = i;
      worstExcess = excess;
    }
  }
  if (worst >= 0) {
    throw new Error(
      `${label}[${worst}]: expected ${expected[worst]} (rtol ${rtol}, atol ${atol}), got ${actual[worst]}`,
    );
  }
}
