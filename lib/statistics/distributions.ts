// The two distributions that the intervals and tests need: normal and binomial.

/** P(Z <= z) for a standard normal Z; absolute error below 1e-15 (series of Marsaglia 2004). */
export function normalCdf(z: number): number {
  if (Math.abs(z) > 9) return z > 0 ? 1 : 0;
  let sum = z;
  let term = z;
  for (let i = 3; sum !== sum + term; i += 2) {
    term *= z * z / i;
    sum += term;
  }
  return 0.5 + sum * normalDensity(z);
}

/**
 * The z with P(Z <= z) = p, by Halley's iteration on `normalCdf`.
 *
 * @throws {RangeError} when p is not between 0 and 1
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`Cannot compute a normal quantile: expected p between 0 and 1, got ${p}`);
  const tail = Math.min(p, 1 - p);
  const t = Math.sqrt(-2 * Math.log(tail));
  // Abramowitz and Stegun 26.2.22, error below 3e-3, as a start.
  let z = (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t) - t;
  if (p > 0.5) z = -z;
  for (let i = 0; i < 4; i++) {
    const step = (normalCdf(z) - p) / normalDensity(z);
    z -= step / (1 + z * step / 2);
  }
  return z;
}

/**
 * P(X <= k) for X of n trials with success probability p.
 *
 * @throws {RangeError} when n or p is out of range
 */
export function binomialCdf(k: number, n: number, p: number): number {
  if (!(Number.isSafeInteger(n) && n >= 0 && p >= 0 && p <= 1)) {
    throw new RangeError(`Cannot compute a binomial probability: expected n >= 0 and p from 0 to 1, got ${n} and ${p}`);
  }
  if (k < 0) return 0;
  if (k >= n || p === 0) return 1;
  if (p === 1) return 0;
  // From the largest term downwards, so that nothing underflows that counts.
  const mode = Math.min(Math.floor(k), Math.floor((n + 1) * p));
  const start = binomialDensity(mode, n, p);
  const odds = p / (1 - p);
  let sum = start;
  for (let i = mode, term = start; i > 0 && term > 0; i--) sum += term *= i / ((n - i + 1) * odds);
  for (let i = mode + 1, term = start; i <= k && term > 0; i++) sum += term *= (n - i + 1) / i * odds;
  return Math.min(1, sum);
}

/** P(X = k): directly for small n, where the result is exact but for rounding, else by logarithms. */
function binomialDensity(k: number, n: number, p: number): number {
  let choose = 1;
  let logChoose = 0;
  for (let i = 1; i <= Math.min(k, n - k); i++) {
    choose = choose * (n - i + 1) / i;
    logChoose += Math.log((n - i + 1) / i);
  }
  const direct = choose * p ** k * (1 - p) ** (n - k);
  if (direct > 1e-250 && direct < Infinity) return direct;
  return Math.exp(logChoose + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

function normalDensity(z: number): number {
  return Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
}
