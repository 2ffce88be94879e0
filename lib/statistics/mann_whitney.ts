// The Mann-Whitney test (Mann and Whitney 1947): do the values of one group tend to be larger than those of another?

import { normalCdf } from "./distributions.ts";
import { checkSamples, type Samples } from "./samples.ts";

/** The result of `mannWhitney`. */
export interface MannWhitneyResult {
  /** Pairs in which the value of `a` is larger, ties counted as a half; from 0 to nA nB. */
  u: number;
  /** P(a > b) + P(a = b) / 2 among the pairs: u / (nA nB). */
  shareLarger: number;
  pValue: number;
  /** "exact", or "normal, corrected for ties and continuity". */
  pValueMethod: string;
}

/** What the test is for: `a` tends to be smaller, larger, or either. */
export interface MannWhitneyOptions {
  alternative?: "less" | "greater" | "two-sided";
}

/** Exact up to this many pairs, which is instant and more than any comparison of seeds needs. */
const EXACT_PAIRS = 2_500;

/**
 * The Mann-Whitney U test of two independent groups: exact where no values are equal and there are at most 2,500 pairs, else by
 * the normal approximation with corrections for ties and continuity, as scipy's.
 *
 * @param a shape [nA], nA at least 1; `b` likewise
 * @throws {TypeError | RangeError} when a group is empty or a value is not finite
 *
 * @example
 * ```ts
 * import { mannWhitney } from "lib/statistics/mod.ts";
 * const { u, pValue } = mannWhitney([1, 2, 3], [4, 5, 6], { alternative: "less" });
 * console.log(u, pValue); // 0 0.05
 * ```
 */
export function mannWhitney(
  a: Samples,
  b: Samples,
  { alternative = "two-sided" }: MannWhitneyOptions = {},
): MannWhitneyResult {
  if (!["less", "greater", "two-sided"].includes(alternative)) {
    throw new RangeError(
      `Cannot compare ranks: expected alternative to be "less", "greater" or "two-sided", got "${alternative}"`,
    );
  }
  const [left, right] = [checkSamples(a, "compare ranks"), checkSamples(b, "compare ranks")];
  const pairs = left.length * right.length;
  const { u, ties } = countPairs(left, right);
  const exact = ties.length === 0 && pairs <= EXACT_PAIRS;
  // P(U <= x), and its mirror image for the upper tail.
  const lower = exact ? exactLower(left.length, right.length) : normalLower(left.length, right.length, ties);
  const pValue = {
    less: () => lower(u),
    greater: () => lower(pairs - u),
    "two-sided": () => Math.min(1, 2 * lower(Math.min(u, pairs - u))),
  }[alternative]();
  const pValueMethod = exact ? "exact" : "normal, corrected for ties and continuity";
  return { u, shareLarger: u / pairs, pValue, pValueMethod };
}

/** U of the first group by its mean ranks, and the sizes of groups of equal values. */
function countPairs(a: Float64Array, b: Float64Array): { u: number; ties: number[] } {
  const all = [...Array.from(a, (value) => ({ value, own: 1 })), ...Array.from(b, (value) => ({ value, own: 0 }))];
  all.sort((one, other) => one.value - other.value);
  const ties: number[] = [];
  let rankSum = 0;
  for (let i = 0; i < all.length;) {
    let end = i + 1;
    while (end < all.length && all[end].value === all[i].value) end++;
    if (end - i > 1) ties.push(end - i);
    const meanRank = (i + 1 + end) / 2;
    for (; i < end; i++) rankSum += all[i].own * meanRank;
  }
  return { u: rankSum - a.length * (a.length + 1) / 2, ties };
}

/** By counting the ways to choose nA of all ranks with each sum; only additions, so that nothing cancels. */
function exactLower(nA: number, nB: number): (u: number) => number {
  const pairs = nA * nB;
  const ways = Array.from({ length: nA + 1 }, () => new Float64Array(pairs + 1));
  ways[0][0] = 1;
  // The k-th value of a, when it has rank r among all, is larger than r - k values of b.
  for (let rank = 1; rank <= nA + nB; rank++) {
    for (let k = Math.min(nA, rank); k >= 1; k--) {
      const larger = rank - k;
      if (larger > nB) continue;
      for (let u = pairs; u >= larger; u--) ways[k][u] += ways[k - 1][u - larger];
    }
  }
  const total = ways[nA].reduce((sum, count) => sum + count, 0);
  return (u) => {
    let below = 0;
    for (let i = 0; i <= u; i++) below += ways[nA][i];
    return Math.min(1, below / total);
  };
}

function normalLower(nA: number, nB: number, ties: readonly number[]): (u: number) => number {
  const n = nA + nB;
  const tied = ties.reduce((sum, t) => sum + (t ** 3 - t), 0) / (n * (n - 1));
  const deviation = Math.sqrt(nA * nB / 12 * (n + 1 - tied));
  // All values equal: nothing tells the groups apart.
  return (u) => deviation > 0 ? normalCdf((u - nA * nB / 2 + 0.5) / deviation) : 1;
}
