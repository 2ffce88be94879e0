// A natural logarithm made of additions, multiplications and one division only. Math.log may round its last bit
// differently on another processor; with this one, the same seed gives the same normal numbers on every machine.
// Method and coefficients: fdlibm e_log.c (Sun Microsystems 1993), error below one unit in the last place.

const LN2_HIGH = 6.93147180369123816490e-01;
const LN2_LOW = 1.90821492927058770002e-10;
const EVEN = [3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01];
const ODD = [6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01];

/** Natural logarithm of a normal positive number (at least 2^-1022); bit-identical on every machine. */
export function portableLog(x: number): number {
  if (!(x >= 2 ** -1022 && x < Infinity)) {
    throw new RangeError(`Cannot take the logarithm: expected a number from 2^-1022 up, got ${x}`);
  }
  let mantissa = x;
  let exponent = 0;
  // Scaling by powers of two is exact. The generators pass (0, 1), mostly near 1, so this loop is short.
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent--;
  }
  while (mantissa >= Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const f = mantissa - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (EVEN[0] + w * (EVEN[1] + w * EVEN[2]));
  const odd = z * (ODD[0] + w * (ODD[1] + w * (ODD[2] + w * ODD[3])));
  const halfSquare = 0.5 * f * f;
  return exponent * LN2_HIGH - (halfSquare - (s * (halfSquare + even + odd) + exponent * LN2_LOW) - f);
}
