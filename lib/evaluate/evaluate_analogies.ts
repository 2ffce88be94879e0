// Vector arithmetic of many compressors on the same questions, and its results as scores, so that intervals and paired comparisons
// are made as for everything else.

import { type BootstrapOptions, type Estimate, proportionInterval, standardDeviation } from "../statistics/mod.ts";
import { scoreAnalogies } from "./analogy.ts";
import { scoreAveragedAnalogies } from "./analogy_average.ts";
import { ALL_CATEGORIES, type AnalogyOutcome, type AnalogyScores, outcomeOf, passes } from "./analogy_scores.ts";
import type { AnalogySet } from "./analogy_set.ts";
import type { Compressor } from "./compressor.ts";
import { estimateScore, type Score } from "./score.ts";
import type { SimilarityBlock } from "./similarity.ts";
import type { Vectors } from "./vectors.ts";

/** How {@link evaluateAnalogies} asks. */
export interface EvaluateAnalogiesOptions {
  readonly set: AnalogySet;
  /** Of the vocabulary in the teacher's space, shape [vocabulary, width]. */
  readonly vectors: Vectors;
  /**
   * Where b - a + c is made: among the "codes" (default), or in the "teacher" space, from where the vector goes through the compressor like any
   * other. A linear compressor gives the same answers both ways but for its mean.
   */
  readonly arithmetic?: "codes" | "teacher";
  /** Also 3CosAvg, over the pairs of the set's categories. Default false. */
  readonly averaged?: boolean;
  /** Of the shuffled pairs. */
  readonly seed: number;
  readonly product?: SimilarityBlock;
}

/** One compressor's answers. */
export interface CompressorAnalogies {
  readonly name: string;
  /** 3CosAdd and (with the arithmetic among codes) 3CosMul, with their controls. */
  readonly scores: AnalogyScores;
  /** 3CosAvg; null when it was not asked for. */
  readonly averaged: AnalogyScores | null;
}

/**
 * Asks every compressor the same questions, one compressor after the other.
 *
 * @throws {TypeError | RangeError} as `scoreAnalogies`
 *
 * @example
 * ```ts
 * import { analogyScore, analogySet, evaluateAnalogies, scoreValue, teacherCompressor } from "lib/evaluate/mod.ts";
 * const vocabulary = ["man", "king", "woman", "queen", "apple"];
 * const set = analogySet([{ category: "gender", a: "man", b: "king", c: "woman", d: "queen" }], vocabulary);
 * const vectors = { shape: [5, 3], data: Float32Array.of(1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 1) };
 * const [{ scores }] = await evaluateAnalogies([teacherCompressor(3)], { set, vectors, seed: 1 });
 * const passed = analogyScore(scores, { method: "3CosAdd", variant: "full", inputs: "excluded" });
 * console.log(scoreValue(passed)); // 1
 * ```
 */
export async function evaluateAnalogies(
  compressors: readonly Compressor[],
  { set, vectors, arithmetic = "codes", averaged = false, seed, product }: EvaluateAnalogiesOptions,
): Promise<CompressorAnalogies[]> {
  const results: CompressorAnalogies[] = [];
  for (const compressor of compressors) {
    const { ranked } = await compressor.compress(vectors);
    const encode = async (queries: Vectors) => (await compressor.compress(queries)).ranked;
    const space = arithmetic === "codes" ? { vectors: ranked } : { vectors: ranked, arithmetic: { vectors, encode } };
    results.push({
      name: compressor.name,
      scores: await scoreAnalogies(space, set, { seed, product }),
      averaged: averaged ? await scoreAveragedAnalogies(space, set, { product }) : null,
    });
  }
  return results;
}

/**
 * The pass rate of one rule as a score, whose items are the pairs that are asked for: questions for the same pair are not independent.
 *
 * @param options.k passed when a right answer is among the first k; default 1
 * @param options.category default: all questions
 * @throws {RangeError} when the rule was not asked, or no question has the category
 */
export function analogyScore(
  scores: AnalogyScores,
  rule: Pick<AnalogyOutcome, "method" | "variant" | "inputs">,
  { k = 1, category = ALL_CATEGORIES }: { k?: number; category?: string } = {},
): Score {
  const passed = passes(outcomeOf(scores, rule), k);
  const items = pairMeans(scores, passed, category);
  return { quantity: `top${k}`, items, n: items.length };
}

/**
 * A pass rate with its interval, as `estimateScore` gives it; where all items of all seeds passed, or none did, a bootstrap knows no uncertainty, and
 * the interval is Wilson's over the items of one seed.
 *
 * @param seeds from {@link analogyScore}, at least one
 */
export function estimateRate(seeds: readonly Score[], options: BootstrapOptions): Estimate {
  const [first] = seeds;
  const certain = seeds.every(({ items }) => items.every((item) => item === first.items[0])) &&
    (first.items[0] === 0 || first.items[0] === 1);
  if (!certain) return estimateScore(seeds, options);
  const { length } = first.items;
  return proportionInterval(first.items[0] * length, length, { confidence: options.confidence });
}

/** A similarity of all pairs as a score; `consistencyScore` is 1 less the standard deviation of the target similarity. */
export function analogySimilarityScore(
  scores: AnalogyScores,
  quantity: "targetSimilarity" | "relationshipSimilarity" | "consistencyScore",
): Score {
  const values = quantity === "relationshipSimilarity" ? scores.relationshipSimilarity : scores.targetSimilarity;
  const items = pairMeans(scores, values, ALL_CATEGORIES);
  const statistic = quantity === "consistencyScore" ? { statistic: oneLessDeviation } : {};
  return { quantity, items, n: items.length, ...statistic };
}

const oneLessDeviation = (values: Float64Array) => 1 - standardDeviation(values);

/** Means over the questions that ask for the same pair, for the pairs of a category, in the order of their first questions. */
function pairMeans({ askedPair, categories }: AnalogyScores, values: Float64Array, category: string): Float64Array {
  const sums = new Map<number, { sum: number; count: number }>();
  askedPair.forEach((pair, i) => {
    if (category !== ALL_CATEGORIES && categories[i] !== category) return;
    const entry = sums.get(pair) ?? { sum: 0, count: 0 };
    sums.set(pair, { sum: entry.sum + values[i], count: entry.count + 1 });
  });
  if (sums.size > 0) return Float64Array.from(sums.values(), ({ sum, count }) => sum / count);
  const known = [...new Set(categories)].join(", ");
  throw new RangeError(`Cannot score analogies: expected a category of ${known}, got ${category}`);
}
