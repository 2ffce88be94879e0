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
  /** Each pair's rank less the mean rank; length pairs. */
  readonly whole: Float64Array;
  /** Likewise for each group that is left out; 0 for the pairs that go with it. */
  readonly without: readonly Float64Array[];
}

/** The ranks of the cosines of the drawn rows. Pairs are sorted once: without some of them, the others keep their order. */
export function pairRanks(vectors: Vectors, rows: Uint32Array): PairRanks {
  const n = rows.length;
  const groups = Math.min(GROUPS, n);
  const { cosines, groupPairs } = pairsOf(cosinesOf(vectors, rows), n, groups);
  const order = sortedOrder(cosines);
  const without = Array.from(
    { length: groups },
    (_, g) =>
      centredRanks(cosines, order.filter((pair) => groupPairs[2 * pair] !== g && groupPairs[2 * pair + 1] !== g)),
  );
  return { rows, whole: centredRanks(cosines, order), without };
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

/** The part above the diagonal, and the groups of each pair's two rows, shape [pairs, 2]: row i is in group `i % groups`. */
function pairsOf(matrix: Float32Array, n: number, groups: number) {
  const cosines = new Float32Array(n * (n - 1) / 2);
  const groupPairs = new Uint8Array(2 * cosines.length);
  for (let i = 0, at = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++, at++) {
      cosines[at] = matrix[i * n + j];
      groupPairs[2 * at] = i % groups;
      groupPairs[2 * at + 1] = j % groups;
    }
  }
  return { cosines, groupPairs };
}

/** Indices by rising value. Sorting the bare values and looking places up is faster than sorting indices with a comparison. */
function sortedOrder(values: Float32Array): Uint32Array {
  const sorted = values.slice().sort();
  const taken = new Uint32Array(values.length); // of equal values, by the place of their first
  const order = new Uint32Array(values.length);
  values.forEach((value, i) => {
    let [low, high] = [0, sorted.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < value) low = middle + 1;
      else high = middle;
    }
    order[low + taken[low]++] = i;
  });
  return order;
}

/** Ranks of the values at `order` (rising), less their mean; equal values share the mean of theirs. Others stay 0. */
function centredRanks(values: Float32Array, order: Uint32Array): Float64Array {
  const ranks = new Float64Array(values.length);
  const center = (order.length - 1) / 2;
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + end - 1) / 2 - center;
  }
  return ranks;
}

/** Pearson's correlation of ranks about their mean; 0 when one side's are all equal. */
function correlation(x: Float64Array, y: Float64Array): number {
  let [products, xSquares, ySquares] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    products += x[i] * y[i];
    xSquares += x[i] * x[i];
    ySquares += y[i] * y[i];
  }
  if (xSquares === 0 || ySquares === 0) return 0;
  return Math.max(-1, Math.min(1, products / Math.sqrt(xSquares * ySquares)));
}
