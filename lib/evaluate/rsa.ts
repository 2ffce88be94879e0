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
  const drawn = drawSample(rows, sample, seed);
  return rsaOf(pairRanks(a, drawn), pairRanks(b, drawn));
}

/** The rows that {@link rsa} compares, ascending. */
export function drawSample(rows: number, sample: number, seed: number): Uint32Array {
  if (rows < 4 || !(Number.isInteger(sample) && sample >= 4)) {
    throw new RangeError(
      `Cannot compute RSA: expected at least 4 vectors and a sample of 4, got ${rows} and ${sample}`,
    );
  }
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  return rows <= sample ? order : random(seed, "RSA sample", rows, sample).shuffle(order).slice(0, sample).sort();
}

/** One side of the comparison: the ranks of all pairs, and of those that remain without each group of rows. */
export interface PairRanks {
  readonly rows: Uint32Array;
  readonly whole: Float64Array;
  readonly without: readonly Float64Array[];
}

/** The ranks of the cosines of the drawn rows. */
export function pairRanks(vectors: Vectors, rows: Uint32Array): PairRanks {
  const cosines = cosinesOf(vectors, rows);
  const groups = Math.min(GROUPS, rows.length);
  const ranks = (kept: number[]) => meanRanks(pairsOf(cosines, rows.length, kept));
  const all = Array.from(rows, (_, i) => i);
  const without = Array.from({ length: groups }, (_, g) => ranks(all.filter((i) => i % groups !== g)));
  return { rows, whole: ranks(all), without };
}

/** {@link rsa} of two sides over the same rows. */
export function rsaOf(x: PairRanks, y: PairRanks): RsaScores {
  const score = correlation(x.whole, y.whole);
  const without = Float64Array.from(x.without, (ranks, g) => correlation(ranks, y.without[g]));
  return { rsa: score, rows: x.rows, pairs: x.whole.length, items: influenceItems(score, without) };
}

/** All cosines of the drawn rows, shape [n, n]; in float32, so that those of sign bits that are equal stay equal after summation. */
function cosinesOf(vectors: Vectors, rows: Uint32Array): Float32Array {
  const chosen = selectRows(vectors, rows);
  checkFinite(chosen, "compute RSA");
  const { data, shape: [n, width] } = normalizeRows(chosen);
  return multiplyTransposed(data, data, new Float32Array(n * n), width);
}

/** The part above the diagonal, of the kept rows and columns. */
function pairsOf(matrix: Float32Array, n: number, kept: readonly number[]): Float64Array {
  const pairs = new Float64Array(kept.length * (kept.length - 1) / 2);
  let at = 0;
  for (let i = 0; i < kept.length; i++) {
    for (let j = i + 1; j < kept.length; j++) pairs[at++] = matrix[kept[i] * n + kept[j]];
  }
  return pairs;
}

/** Pearson's correlation of mean ranks, whose mean is known; 0 when one side's are all equal. */
function correlation(x: Float64Array, y: Float64Array): number {
  const center = (x.length + 1) / 2;
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
