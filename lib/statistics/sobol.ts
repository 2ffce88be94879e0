// Sobol sequences (Sobol 1967): points that fill the unit cube more evenly than random ones, in Gray-code order (Antonov and
// Saleev 1979), scrambled by random lower-triangular matrices and a digital shift (Matousek 1998), which keeps their evenness.

import { type Random, random } from "./random.ts";
import type { SeedElement } from "./seed_path.ts";
import { JOE_KUO_DIRECTIONS } from "./sobol_directions.ts";

const BITS = 32;

/** The dimensions that there are direction numbers for. */
export const MOST_SOBOL_DIMENSIONS: number = JOE_KUO_DIRECTIONS.length + 1;

/**
 * A function that gives the next point at each call, at most 2^32 of them; each is a new array.
 *
 * @param dimensions integer from 1 to 64
 * @param options `seed` of the scrambling; null gives the plain sequence, whose first point is the origin
 * @returns points of shape [dimensions] in [0, 1)
 * @throws {RangeError} when dimensions is out of range
 *
 * @example
 * ```ts
 * import { sobolSequence } from "lib/statistics/mod.ts";
 * const next = sobolSequence(2, { seed: null });
 * next(); // the origin
 * console.log(next().join(), next().join()); // 0.5,0.5 0.75,0.25
 * ```
 */
export function sobolSequence(dimensions: number, { seed }: { seed: SeedElement | null }): () => Float64Array {
  if (!(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= MOST_SOBOL_DIMENSIONS)) {
    throw new RangeError(
      `Cannot make a Sobol sequence: expected 1 to ${MOST_SOBOL_DIMENSIONS} dimensions, got ${dimensions}`,
    );
  }
  const directions = Array.from({ length: dimensions }, (_, d) => directionsOf(d));
  const state = new Uint32Array(dimensions);
  if (seed !== null) {
    directions.forEach((own, d) => {
      const stream = random(seed, "sobol scrambling", d);
      scramble(own, stream);
      state[d] = stream.nextUint32();
    });
  }
  let index = 0;
  return () => {
    const point = Float64Array.from(state, (bits) => bits / 2 ** BITS);
    // The direction of the lowest zero bit of the index: one bit of the Gray code changes.
    const bit = Math.min(BITS - 1, 31 - Math.clz32(~index & (index + 1)));
    for (let d = 0; d < dimensions; d++) state[d] ^= directions[d][bit];
    index = (index + 1) >>> 0;
    return point;
  };
}

/** The 32 direction numbers of a dimension, by the recurrence over its primitive polynomial. */
function directionsOf(dimension: number): Uint32Array {
  const directions = new Uint32Array(BITS);
  if (dimension === 0) return directions.map((_, i) => 1 << (BITS - 1 - i));
  const [degree, coefficients, ...initial] = JOE_KUO_DIRECTIONS[dimension - 1].split(" ").map(Number);
  for (let i = 0; i < BITS; i++) {
    if (i < degree) {
      directions[i] = initial[i] << (BITS - 1 - i);
      continue;
    }
    let value = directions[i - degree] ^ (directions[i - degree] >>> degree);
    for (let k = 1; k < degree; k++) {
      if ((coefficients >>> (degree - 1 - k)) & 1) value ^= directions[i - k];
    }
    directions[i] = value;
  }
  return directions;
}

/** Multiplies by a random lower-triangular binary matrix with ones on its diagonal: each bit gets a random sum of higher ones. */
function scramble(directions: Uint32Array, stream: Random): void {
  const rows = Array.from({ length: BITS }, (_, row) => {
    const diagonal = 2 ** (BITS - 1 - row);
    const higher = row === 0 ? 0 : stream.nextUint32() & ~(2 * diagonal - 1);
    return (higher | diagonal) >>> 0;
  });
  directions.forEach((direction, i) => {
    let scrambled = 0;
    rows.forEach((row, r) => scrambled |= parity(row & direction) << (BITS - 1 - r));
    directions[i] = scrambled;
  });
}

function parity(bits: number): number {
  let folded = bits;
  for (let shift = 16; shift >= 1; shift /= 2) folded ^= folded >>> shift;
  return folded & 1;
}
