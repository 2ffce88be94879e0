// Do two sets of vectors of the same items have the same shape? Linear centred kernel alignment.

import { crossSquares, influenceItems, type Scatter, scatterOf, squaresWithout } from "./covariance.ts";
import { sizeOf, type Vectors } from "./vectors.ts";

/** How alike two sets are. */
export interface CkaScores {
  /** In [0, 1]: 1 when one set is the other rotated, moved and scaled by one number. 0 when a set does not vary. */
  readonly cka: number;
  /** What two sets with these variances reach on average when rows are paired at random: the score's zero, about 1 / n of the widths. */
  readonly chance: number;
  /** `cka` as one value a row, with this mean, length n: for intervals (jackknife). */
  readonly items: Float64Array;
}

/**
 * Linear CKA: `|X^T Y|^2 / (|X^T X| |Y^T Y|)` of column-centred X and Y, in Frobenius norms (Kornblith, Norouzi, Lee and Hinton,
 * Similarity of Neural Network Representations Revisited, ICML 2019, equation 3 and section 3). It weighs directions by variance: a
 * code that keeps the strong ones scores near 1, whatever it drops.
 *
 * @param a shape [n, any width], n at least 3
 * @param b shape [n, any width], row i belonging to row i
 * @throws {TypeError} when the numbers of rows differ
 * @throws {RangeError} when there are fewer than 3 rows, or a value is not finite
 *
 * @example
 * ```ts
 * import { linearCka } from "lib/evaluate/mod.ts";
 * const a = { shape: [3, 2], data: Float32Array.of(1, 0, 0, 1, 2, 2) };
 * const turned = { shape: [3, 2], data: Float32Array.of(0, 3, -3, 0, -6, 6) };
 * console.log(linearCka(a, turned).cka.toFixed(6)); // 1.000000
 * ```
 */
export function linearCka(a: Vectors, b: Vectors): CkaScores {
  const { rows } = sizeOf(a, "compute CKA");
  if (sizeOf(b, "compute CKA").rows !== rows) {
    throw new TypeError(`Cannot compute CKA: expected [${rows}, width], got [${b.shape}]`);
  }
  return ckaOf(scatterOf(a, "compute CKA"), scatterOf(b, "compute CKA"));
}

/** {@link linearCka} of sets whose scatters are known. */
export function ckaOf(x: Scatter, y: Scatter): CkaScores {
  const ratio = (cross: number, xSquares: number, ySquares: number) =>
    xSquares > 0 && ySquares > 0 ? Math.min(1, cross / Math.sqrt(xSquares * ySquares)) : 0;
  const { squares, without } = crossSquares(x, y);
  const cka = ratio(squares, x.squares, y.squares);
  const xWithout = squaresWithout(x.squares, x.forms, { x: x.squaredNorms, y: x.squaredNorms });
  const yWithout = squaresWithout(y.squares, y.forms, { x: y.squaredNorms, y: y.squaredNorms });
  const items = influenceItems(cka, without.map((value, i) => ratio(value, xWithout[i], yWithout[i])));
  // The mean of |X^T P Y|^2 over all permutations P of centred rows.
  const chance = ratio(x.trace * y.trace / (x.rows - 1), x.squares, y.squares);
  return { cka, chance, items };
}
