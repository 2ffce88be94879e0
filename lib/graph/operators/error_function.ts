// The error function in float64, for the reference interpreter.

const SERIES_LIMIT = 2.5;

/**
 * erf(x) to about 1e-15: the Maclaurin-type series `2/sqrt(pi) e^{-x^2} sum 2^n x^{2n+1} / (2n+1)!!` below 2.5 in absolute
 * value, the continued fraction of erfc above (Abramowitz & Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (Number.isNaN(x)) return NaN;
  const value = magnitude < SERIES_LIMIT ? erfSeries(magnitude) : 1 - erfcFraction(magnitude);
  return x < 0 ? -value : value;
}

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function erfcFraction(x: number): number {
  if (x > 27) return 0;
  let fraction = x;
  for (let k = 80; k >= 1; k--) fraction = x + (k / 2) / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
