// How evenly vectors use the directions they have.

import { influenceItems, type Scatter, scatterOf, squaresWithout } from "./covariance.ts";
import { normalizeRows, type Vectors } from "./vectors.ts";

/** How evenly a set of vectors is spread. */
export interface IsotropyScores {
  /**
   * IsoScore (Rudman, Gillman, Rayne and Eickhoff, Findings of ACL 2022): 0 when all variance lies in one direction, 1 when it is the
   * same in every direction. Its formula over the variances v of the principal components is that of `participationRatio`, moved to
   * [0, 1]: `(r - 1) / (width - 1)`. Unlike the partition function of Mu and Viswanath (2018) it does not change when vectors are
   * moved or scaled. 0 when the vectors do not vary, or have width 1.
   */
  readonly isoScore: number;
  /** How many directions carry the variance: `(sum v)^2 / sum v^2`, from 1 to the width. At most n - 1: needs n well above the width. */
  readonly participationRatio: number;
  /** Mean cosine of two different vectors, in [-1, 1] (the anisotropy of Ethayarajh, EMNLP 2019): 0 when they point everywhere alike. */
  readonly meanCosine: number;
  /** `isoScore` as one value a row, with this mean, length n: for intervals (jackknife). */
  readonly isoScoreItems: Float64Array;
}

/**
 * Measures how evenly vectors are spread.
 *
 * @param vectors shape [n, width], n at least 3
 * @throws {RangeError} when there are fewer vectors, or a value is not finite
 *
 * @example
 * ```ts
 * import { isotropy } from "lib/evaluate/mod.ts";
 * const cross = { shape: [4, 2], data: Float32Array.of(1, 0, -1, 0, 0, 1, 0, -1) };
 * const line = { shape: [4, 2], data: Float32Array.of(1, 1, 2, 2, 3, 3, 4, 4) };
 * console.log(isotropy(cross).isoScore, isotropy(line).isoScore); // 1 0
 * ```
 */
export function isotropy(vectors: Vectors): IsotropyScores {
  return isotropyOf(vectors, scatterOf(vectors, "measure isotropy"));
}

/** {@link isotropy} of vectors whose scatter is known. */
export function isotropyOf(vectors: Vectors, scatter: Scatter): IsotropyScores {
  const { rows, width, trace, squares, squaredNorms, forms } = scatter;
  const score = (sum: number, sumOfSquares: number) =>
    width > 1 && sumOfSquares > 0 ? Math.min(1, Math.max(0, (sum ** 2 / sumOfSquares - 1) / (width - 1))) : 0;
  const isoScore = score(trace, squares);
  const factor = rows / (rows - 1);
  const without = squaresWithout(squares, forms, { x: squaredNorms, y: squaredNorms })
    .map((value, i) => score(trace - factor * squaredNorms[i], value));
  return {
    isoScore,
    participationRatio: squares > 0 ? trace ** 2 / squares : 1,
    meanCosine: meanCosine(vectors),
    isoScoreItems: influenceItems(isoScore, without),
  };
}

/** From the length of the sum of unit vectors: `|sum|^2 = n + 2 x sum over pairs`. Rows of zeros have cosine 0 with everything. */
function meanCosine(vectors: Vectors): number {
  const { data, shape: [rows, width] } = normalizeRows(vectors);
  const sum = new Float64Array(width);
  let ownSquares = 0;
  for (let i = 0; i < data.length; i++) {
    sum[i % width] += data[i];
    ownSquares += data[i] * data[i];
  }
  const value = (sum.reduce((total, entry) => total + entry * entry, 0) - ownSquares) / (rows * (rows - 1));
  return Math.max(-1, Math.min(1, value));
}
