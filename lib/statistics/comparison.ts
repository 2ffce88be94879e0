// Comparing two models on the same items, with a verdict in words: "no difference shown" is an answer.

import {
  type BootstrapOptions,
  checkOptions,
  distributionOf,
  drawIndices,
  type Estimate,
  percentileBounds,
  plainMean,
  type Statistic,
} from "./bootstrap.ts";
import { normalQuantile } from "./distributions.ts";
import { drawSeeds, seedScores, type Verdict, verdictOf } from "./over_seeds.ts";
import { mcNemar, mcNemarExact } from "./paired.ts";
import { checkConfidence, checkSamples, type Samples } from "./samples.ts";

/** Two models on the same items. The value is a - b, with its interval; n is the number of items. */
export interface Comparison extends Estimate {
  /** Items on which a scores higher, or that only a passes. */
  aHigher: number;
  /** Items on which b scores higher, or that only b passes. */
  bHigher: number;
  /** Items on which both score the same, or that both pass or fail. */
  equal: number;
  /** `aHigher + bHigher`: the only items that tell the models apart. */
  discordant: number;
  /** Two-sided, in [0, 1]; 0 is below the smallest double. */
  pValue: number;
  pValueMethod: string;
  verdict: Verdict;
}

/** Options of `compareScores`. */
export interface CompareScoresOptions extends BootstrapOptions {
  /** Of the items of one seed, then averaged over the seeds; the mean by default. */
  statistic?: Statistic;
  /**
   * "independent" (default): the seeds of a and b are drawn apart. "paired": seed i of a belongs to seed i of b (same data order, same
   * start), and both are drawn together.
   */
  seeds?: "independent" | "paired";
}

/**
 * Compares the scores of two models, each trained with one or several seeds, on the same items. Items are drawn once for all
 * seeds of both models, and seeds where there are several (corrected for their small number, as in `twoLevelBootstrap`); a difference is shown when the interval is clear of zero. The p-value
 * is that of the exact sign test on the discordant items (of the means over seeds): it asks who wins more often, not by how much.
 *
 * @param a shape [seeds, items], at least 2 items; `b` likewise with as many items, of any number of seeds; item i belongs to item i
 * @throws {TypeError | RangeError} when numbers of items differ, there are too few, a score is not finite, or an option is out of range
 *
 * @example
 * ```ts
 * import { compareScores } from "lib/statistics/mod.ts";
 * const { value, discordant, verdict } = compareScores([[1, 0.9, 1, 0.8]], [[0.5, 0.4, 0.5, 0.4]], { seed: 1 });
 * console.log(value.toFixed(3), discordant, verdict); // 0.475 4 higher
 * ```
 */
export function compareScores(
  a: readonly Samples[],
  b: readonly Samples[],
  options: CompareScoresOptions,
): Comparison {
  const { statistic = plainMean, seeds = "independent" } = options;
  const [left, right] = checkSides(a, b, seeds);
  const { confidence, resamples, stream } = checkOptions(options, "compare scores");
  const n = left[0].length;
  const [scoreA, scoreB] = [left, right].map((groups) => seedScores(groups, { statistic, confidence }));
  const distribution = distributionOf(resamples, () => {
    const order = drawIndices(stream, n);
    const leftSeeds = drawSeeds(stream, left.length);
    const rightSeeds = seeds === "paired" ? leftSeeds : drawSeeds(stream, right.length);
    return scoreA.drawn(order, leftSeeds) - scoreB.drawn(order, rightSeeds);
  });
  const bounds = percentileBounds(distribution, confidence);
  const counts = countItems(left, right);
  const method =
    `paired bootstrap percentile (${left.length} and ${right.length} seeds, ${seeds}), ${resamples} resamples`;
  return {
    value: scoreA.value - scoreB.value,
    n,
    interval: { ...bounds, confidence, method },
    ...counts,
    pValue: mcNemarExact(counts.aHigher, counts.bHigher),
    pValueMethod: "exact sign test",
    verdict: verdictOf(bounds, scoreA, scoreB),
  };
}

/**
 * Compares two models that pass or fail the same cases. The interval of the difference of pass rates is the adjusted Wald interval for
 * paired proportions (Bonett and Price 2012); the p-value is the exact McNemar test's. A difference is shown when both say so: six
 * discordant cases that all go one way are the fewest that can.
 *
 * @param passesA shape [n], n at least 1; `passesB` likewise, case i belonging to case i
 * @throws {TypeError | RangeError} when lengths differ, an element is not a boolean, there is none, or confidence is out of range
 *
 * @example
 * ```ts
 * import { comparePasses } from "lib/statistics/mod.ts";
 * const eleven = Array.from({ length: 15 }, (_, i) => i < 11);
 * const nine = Array.from({ length: 15 }, (_, i) => i < 9);
 * const { value, aHigher, bHigher, pValue, verdict } = comparePasses(eleven, nine);
 * console.log(value.toFixed(3), aHigher, bHigher, pValue, verdict); // 0.133 2 0 0.5 no difference shown
 * ```
 */
export function comparePasses(
  passesA: readonly boolean[],
  passesB: readonly boolean[],
  { confidence = 0.95 }: { confidence?: number } = {},
): Comparison {
  const { both, neither, onlyA, onlyB, pValue } = mcNemar(passesA, passesB);
  const n = passesA.length;
  if (n === 0) throw new RangeError("Cannot compare passes: expected at least 1 case, got 0");
  checkConfidence(confidence, "compare passes");
  const [p, q] = [(onlyA + 1) / (n + 2), (onlyB + 1) / (n + 2)];
  const half = normalQuantile(1 - (1 - confidence) / 2) * Math.sqrt((p + q - (p - q) ** 2) / (n + 2));
  const [low, high] = [Math.max(-1, p - q - half), Math.min(1, p - q + half)];
  const shown = pValue <= 1 - confidence && (low > 0 || high < 0);
  return {
    value: (onlyA - onlyB) / n,
    n,
    interval: { low, high, confidence, method: "adjusted Wald for paired proportions (Bonett and Price)" },
    aHigher: onlyA,
    bHigher: onlyB,
    equal: both + neither,
    discordant: onlyA + onlyB,
    pValue,
    pValueMethod: "exact McNemar",
    verdict: !shown ? "no difference shown" : onlyA > onlyB ? "higher" : "lower",
  };
}

/**
 * The verdict as a sentence without numbers, for a report.
 *
 * @example
 * ```ts
 * import { comparePasses, verdictSentence } from "lib/statistics/mod.ts";
 * const comparison = comparePasses([true, false], [false, false]);
 * console.log(verdictSentence(comparison, { a: "the student", b: "PCA" })); // no difference shown between the student and PCA
 * ```
 */
export function verdictSentence({ verdict }: Pick<Comparison, "verdict">, names: { a: string; b: string }): string {
  if (verdict === "no difference shown") return `no difference shown between ${names.a} and ${names.b}`;
  return `${names.a} scores ${verdict} than ${names.b}`;
}

/** Who is higher on each item, by means over seeds; what differs by rounding alone is equal. */
function countItems(left: Float64Array[], right: Float64Array[]) {
  const counts = { aHigher: 0, bHigher: 0, equal: 0, discordant: 0 };
  for (let i = 0; i < left[0].length; i++) {
    const [x, y] = [left, right].map((groups) => groups.reduce((sum, items) => sum + items[i], 0) / groups.length);
    if (Math.abs(x - y) <= 1e-12 * Math.max(Math.abs(x), Math.abs(y))) counts.equal++;
    else counts[x > y ? "aHigher" : "bHigher"]++;
  }
  counts.discordant = counts.aHigher + counts.bHigher;
  return counts;
}

function checkSides(a: readonly Samples[], b: readonly Samples[], seeds: "independent" | "paired"): Float64Array[][] {
  const sides = [a, b].map((groups, side) => {
    if (!(groups?.length >= 1)) throw new RangeError("Cannot compare scores: expected at least 1 seed, got none");
    return groups.map((items, g) => checkSamples(items, `compare scores (seed ${g} of ${"ab"[side]})`, 2));
  });
  const n = sides[0][0].length;
  const other = sides.flat().find((items) => items.length !== n);
  if (other) throw new TypeError(`Cannot compare scores: expected [seeds, ${n}], got a seed of ${other.length} items`);
  if (seeds === "paired" && a.length !== b.length) {
    throw new TypeError(`Cannot compare scores: expected as many seeds on both sides, got ${a.length} and ${b.length}`);
  }
  return sides;
}
