// Representational similarity analysis: do two sets of vectors of the same items order the pairs of items alike?

import { random } from "../statistics/mod.ts";
import { influenceItems } from "./covariance.ts";
import { multiplyTransposed } from "./similarity.ts";
import { checkFinite, normalizeRows, selectRows, sizeOf, type Vectors } from "./vectors.ts";

/** How alike two sets order pairs. */
export interface RsaScores {
  /** Spearman's correlation of the cosines of all pairs, in [-1, 1]; 0 when one side's cosines are all equal. */
  readonly rsa: number;
  /** Rows drawn: the sample the score is of. */
  readonly rows: Uint32Array;
  readonly pairs: number;
  /** `rsa` as one value a group of rows, with this mean: for intervals (jackknife that leaves out a group at a time). */
  readonly items: Float64Array;
}

/** What is compared. */
export interface RsaOptions {
  /** Rows to draw, without replacement; all of them when there are fewer. From 4 up; default 400, which is 79,800 pairs. */
  sample?: number;
  /** Of the draw: the same seed draws the same rows. */
  seed: number;
}

const GROUPS = 40;

/**
 * Spearman's rank correlation between the pairwise cosines of two sets (Kriegeskorte, Mur and Bandettini 2008, with cosine as
 * the similarity), over the pairs of a random sample of rows; equal cosines share their mean rank.
 *
 * @param a shape [n, any width], n at least 4
 * @param b shape [n, any width], row i belonging to row i
 * @throws {TypeError} when the numbers of rows differ
 * @throws {RangeError} when there are fewer than 4 rows or the sample is smaller, or a value is not finite
 *
 * @example
 * ```ts
 * import { rsa } from "lib/evaluate/mod.ts";
 * const a = { shape: [4, 2], data: Float32Array.of(1, 0, 2, 1, 1, 3, 0, 1) };
 * const mirrored = { shape: [4, 2], data: Float32Array.of(0, 5, 1, 2, 3, 1, 1, 0) };
 * console.log(rsa(a, mirrored, { seed: 1 }).rsa.toFixed(6)); // 1.000000
 * ```
 */
export function rsa(a: Vectors, b: Vectors, { sample = 400, seed }: RsaOptions): RsaScores {
  const { rows } = sizeOf(a, "compute RSA");
  if (sizeOf(b, "compute RSA").rows !== rows) {
    throw new TypeError(`Cannot compute RSA: expected [${rows}, width], got [${b.shape}]`);
  }
  if (rows < 4 || !(Number.isInteger(sample) && sample >= 4)) {
    throw new RangeError(
      `Cannot compute RSA: expected at least 4 vectors and a sample of 4, got ${rows} and ${sample}`,
    );
  }
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  const drawn = rows <= sample
    ? order
    : random(seed, "RSA sample", rows, sample).shuffle(order).slice(0, sample).sort();
  const [x, y] = [cosinesOf(a, drawn), cosinesOf(b, drawn)];
  const n = drawn.length;
  const score = spearman(pairsWithout(x, n, []), pairsWithout(y, n, []));
  const groups = Math.min(GROUPS, n);
  const without = Float64Array.from({ length: groups }, (_, g) => {
    const left = Array.from({ length: n }, (_, i) => i).filter((i) => i % groups === g);
    return spearman(pairsWithout(x, n, left), pairsWithout(y, n, left));
  });
  return { rsa: score, rows: drawn, pairs: n * (n - 1) / 2, items: influenceItems(score, without) };
}

/** All cosines of the drawn rows, shape [n, n]; in float32, so that those of sign bits that are equal stay equal after summation. */
function cosinesOf(vectors: Vectors, rows: Uint32Array): Float32Array {
  const chosen = selectRows(vectors, rows);
  checkFinite(chosen, "compute RSA");
  const { data, shape: [n, width] } = normalizeRows(chosen);
  return multiplyTransposed(data, data, new Float32Array(n * n), width);
}

/** The part above the diagonal, without the rows and columns in `left`. */
function pairsWithout(matrix: Float32Array, n: number, left: readonly number[]): Float64Array {
  const out = new Set(left);
  const kept = Array.from({ length: n }, (_, i) => i).filter((i) => !out.has(i));
  const pairs = new Float64Array(kept.length * (kept.length - 1) / 2);
  let at = 0;
  for (let i = 0; i < kept.length; i++) {
    for (let j = i + 1; j < kept.length; j++) pairs[at++] = matrix[kept[i] * n + kept[j]];
  }
  return pairs;
}

/** Pearson's correlation of mean ranks. */
function spearman(a: Float64Array, b: Float64Array): number {
  const [x, y] = [meanRanks(a), meanRanks(b)];
  const center = (a.length + 1) / 2;
  let [products, xSquares, ySquares] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    products += (x[i] - center) * (y[i] - center);
    xSquares += (x[i] - center) ** 2;
    ySquares += (y[i] - center) ** 2;
  }
  if (xSquares === 0 || ySquares === 0) return 0;
  return Math.max(-1, Math.min(1, products / Math.sqrt(xSquares * ySquares)));
}

/** Ranks from 1 up; equal values share the mean of theirs. Sorting the bare values and looking them up is faster than sorting indices. */
function meanRanks(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  const firsts: number[] = [];
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) firsts.push(i);
  const distinct = Float64Array.from(firsts, (i) => sorted[i]);
  firsts.push(sorted.length);
  return values.map((value) => {
    let [low, high] = [0, distinct.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (distinct[middle] < value) low = middle + 1;
      else high = middle;
    }
    return (firsts[low] + 1 + firsts[low + 1]) / 2;
  });
}
