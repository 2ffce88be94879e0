// A score with what its uncertainty needs: one value an item. Estimates over items and seeds, and paired comparisons, follow from that alone.

import {
  bootstrapInterval,
  type BootstrapOptions,
  coefficientOfVariation,
  compareScores,
  type CompareScoresOptions,
  type Comparison,
  type Estimate,
  mean,
  type Statistic,
  twoLevelBootstrap,
} from "../statistics/mod.ts";

/** One score of one model (one seed). */
export interface Score {
  /** What the record is called: "recallAt10", "cosine", "cka". */
  readonly quantity: string;
  /** One value an item, or for a score of a whole set one a row with the score as their mean; length at least 2. */
  readonly items: Float64Array;
  /** Of the items; the mean when absent. */
  readonly statistic?: Statistic;
  /** Vectors or questions behind the score. */
  readonly n: number;
}

/** The value of a score. */
export function scoreValue({ items, statistic }: Score): number {
  return statistic ? statistic(items.slice()) : mean(items);
}

/**
 * A score with its interval: over items for one seed, over seeds and items (crossed, corrected for few seeds) for several.
 *
 * @param seeds the same score of the same items for each seed, at least one
 * @returns n is the number of items for one seed, else the number of seeds
 * @throws {RangeError} when there is no seed, or the scores are of different quantities
 * @throws {TypeError} when numbers of items differ
 *
 * @example
 * ```ts
 * import { estimateScore } from "lib/evaluate/mod.ts";
 * const one = { quantity: "recallAt10", items: Float64Array.of(1, 0.9, 0.8), n: 3 };
 * const two = { ...one, items: Float64Array.of(0.9, 0.8, 0.7) };
 * console.log(estimateScore([one, two], { seed: 1, resamples: 500 }).value.toFixed(2)); // 0.85
 * ```
 */
export function estimateScore(seeds: readonly Score[], options: BootstrapOptions): Estimate {
  const { statistic, n } = checkSeeds(seeds, "estimate a score");
  const groups = seeds.map(({ items }) => items);
  if (groups.length > 1) return twoLevelBootstrap(groups, { ...options, statistic, fewGroups: "corrected" });
  return { ...bootstrapInterval(groups[0], { ...options, statistic }), n };
}

/**
 * Compares a score of two models item by item; each has one or several seeds.
 *
 * @throws {RangeError} when a side has no seed, or the scores are of different quantities
 * @throws {TypeError} when numbers of items differ
 */
export function compareScore(
  a: readonly Score[],
  b: readonly Score[],
  options: Omit<CompareScoresOptions, "statistic">,
): Comparison {
  const { statistic, quantity, n } = checkSeeds(a, "compare a score");
  const other = checkSeeds(b, "compare a score");
  if (other.quantity !== quantity) {
    throw new RangeError(`Cannot compare a score: expected ${quantity} on both sides, got ${other.quantity}`);
  }
  const items = (seeds: readonly Score[]) => seeds.map(({ items }) => items);
  return { ...compareScores(items(a), items(b), { ...options, statistic }), n };
}

/** How much a score depends on the seed. */
export interface Robustness {
  /** The score of each seed, in order. */
  readonly values: readonly number[];
  /** Standard deviation over mean of the values, with the interval of a normal sample; n is the number of seeds. */
  readonly coefficientOfVariation: Estimate;
}

/**
 * The coefficient of variation of a score over seeds. Its interval takes the seeds' scores to be normal (Vangel 1996): a bootstrap of
 * five values holds the true coefficient 2 times in 3.
 *
 * @param seeds at least 3, with positive scores that vary less than they are large
 * @throws {RangeError} when there are fewer seeds, the quantities differ, or a score is not positive
 *
 * @example
 * ```ts
 * import { robustness } from "lib/evaluate/mod.ts";
 * const seeds = [0.9, 0.91, 0.89].map((value) => ({ quantity: "cosine", items: Float64Array.of(value, value), n: 2 }));
 * console.log(robustness(seeds).coefficientOfVariation.value.toFixed(4)); // 0.0111
 * ```
 */
export function robustness(seeds: readonly Score[], { confidence }: { confidence?: number } = {}): Robustness {
  checkSeeds(seeds, "measure robustness");
  const values = seeds.map(scoreValue);
  return {
    values,
    coefficientOfVariation: coefficientOfVariation(values, { method: "normal", confidence, seed: 0 }), // draws nothing
  };
}

function checkSeeds(seeds: readonly Score[], task: string): Score {
  if (!(seeds?.length >= 1)) throw new RangeError(`Cannot ${task}: expected at least one seed, got none`);
  const other = seeds.find(({ quantity }) => quantity !== seeds[0].quantity);
  if (other) throw new RangeError(`Cannot ${task}: expected ${seeds[0].quantity} of every seed, got ${other.quantity}`);
  return seeds[0];
}
