// The distributions that the intervals and tests need: normal, binomial, chi-squared and Student's.

/** P(Z <= z) for a standard normal Z; absolute error below 1e-15 (series of Marsaglia 2004). */
export function normalCdf(z: number): number {
  if (Number.isNaN(z)) return NaN;
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

/**
 * The x with P(X <= x) = p for a chi-squared X of `degrees` degrees of freedom, by bisection on the regularized incomplete gamma
 * function; relative error below 1e-12.
 *
 * @throws {RangeError} when p is not between 0 and 1, or degrees is not positive
 */
export function chiSquareQuantile(p: number, degrees: number): number {
  if (!(p > 0 && p < 1 && degrees > 0 && Number.isFinite(degrees))) {
    throw new RangeError(
      `Cannot compute a chi-squared quantile: expected p between 0 and 1 and degrees above 0, got ${p} and ${degrees}`,
    );
  }
  let [low, high] = [0, degrees + 10];
  while (chiSquareCdf(high, degrees) < p) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-14 * high; i++) {
    const middle = (low + high) / 2;
    if (chiSquareCdf(middle, degrees) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(X <= x): the regularized lower incomplete gamma function at a = degrees / 2 (Abramowitz and Stegun 6.5.29 and 6.5.31). */
function chiSquareCdf(x: number, degrees: number): number {
  if (x <= 0) return 0;
  const [a, z] = [degrees / 2, x / 2];
  const front = Math.exp(a * Math.log(z) - z - logGamma(a + 1));
  if (z < a + 1) {
    let sum = 1;
    for (let i = 1, term = 1; term > 1e-17 * sum; i++) sum += term *= z / (a + i);
    return Math.min(1, front * sum);
  }
  // The continued fraction of the upper tail, by Lentz's method.
  const tiny = 1e-300;
  let b = z + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let i = 1; i < 1000; i++) {
    const step = -i * (i - a);
    b += 2;
    d = 1 / (step * d + b || tiny);
    c = b + step / c || tiny;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return 1 - front * a * fraction;
}

/** log Gamma(x) for x > 0, by Stirling's series after raising x; relative error below 1e-14. */
function logGamma(x: number): number {
  let shift = 0;
  for (; x < 15; x++) shift += Math.log(x);
  const y = 1 / (x * x);
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/**
 * The t with P(T <= t) = p for Student's T with an integer number of degrees of freedom, by bisection.
 *
 * @throws {RangeError} when p is not between 0 and 1, or degrees is not an integer from 1 up
 */
export function studentQuantile(p: number, degrees: number): number {
  if (!(p > 0 && p < 1 && Number.isInteger(degrees) && degrees >= 1)) {
    throw new RangeError(
      `Cannot compute a t quantile: expected p between 0 and 1 and whole degrees from 1 up, got ${p} and ${degrees}`,
    );
  }
  if (p < 0.5) return -studentQuantile(1 - p, degrees);
  let [low, high] = [0, 2];
  while (studentInside(high, degrees) < 2 * p - 1) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-14 * high; i++) {
    const middle = (low + high) / 2;
    if (studentInside(middle, degrees) < 2 * p - 1) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(-t <= T <= t): Abramowitz and Stegun 26.7.3 (odd degrees) and 26.7.4 (even). */
function studentInside(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = degrees % 2;
  let term = odd ? cosine : 1;
  let sum = degrees > 1 ? term : 0;
  for (let i = 2 + odd; i < degrees; i += 2) sum += term *= cosine * cosine * (i - 1) / i;
  return odd ? 2 / Math.PI * (angle + sine * sum) : sine * sum;
}

/** P(|T| >= |t|) for Student's T with an integer number of degrees of freedom, from 1 up. */
export function studentTwoSided(t: number, degrees: number): number {
  return Math.max(0, 1 - studentInside(Math.abs(t), degrees));
}
