// What an analogy test gives: a rank for every question, method, control and rule about inputs; and the tables that are made from them.

import { mean, standardDeviation } from "../statistics/mod.ts";
import { groupBy } from "./analogy_set.ts";

/** Mikolov et al. 2013; Levy and Goldberg 2014; Drozd et al. 2016. */
export type AnalogyMethod = "3CosAdd" | "3CosMul" | "3CosAvg";

/**
 * `full` is the method itself; the others are what must not do as well. `only-b` answers with what is nearest to the word asked about (our c:
 * Linzen 2016, whose names these are, writes a : a* :: b : b*). `ignore-a` leaves a out: nearest to b + c. `shuffled-pairs` takes b from another pair
 * of the category, so that what remains is the direction between the two classes of words.
 */
export type AnalogyVariant = "full" | "only-b" | "ignore-a" | "shuffled-pairs";

/** Ranks of the right answers under one rule. */
export interface AnalogyOutcome {
  readonly method: AnalogyMethod;
  readonly variant: AnalogyVariant;
  /** Whether the question's own words are candidates. Excluding them is the custom; it hides that they are usually nearest (Rogers et al. 2017). */
  readonly inputs: "excluded" | "included";
  /** Of the best right answer, from 1, one a question; a candidate with exactly the same score counts as better. */
  readonly ranks: Uint32Array;
}

/** Scores of n questions. Arrays of length n are in the order of the questions. */
export interface AnalogyScores {
  readonly n: number;
  /** Cases that could not be asked. */
  readonly leftOut: number;
  /** Candidates: the score depends on how many there are. */
  readonly vocabularySize: number;
  readonly categories: readonly string[];
  /** Questions with the same number ask for the same pair: see {@link meanByPair}. */
  readonly askedPair: Uint32Array;
  readonly outcomes: readonly AnalogyOutcome[];
  /** Cosine of the computed vector with the vector of d, in [-1, 1]. */
  readonly targetSimilarity: Float64Array;
  /** Cosine of the offsets b - a and d - c, in [-1, 1] (0 where one is zero). */
  readonly relationshipSimilarity: Float64Array;
}

/** A line of {@link analogyRates}. */
export interface AnalogyRate {
  readonly category: string;
  readonly method: AnalogyMethod;
  readonly variant: AnalogyVariant;
  readonly inputs: "excluded" | "included";
  /** Questions behind it. */
  readonly n: number;
  /** Different pairs that these questions ask for. */
  readonly pairs: number;
  /** Share of questions with a right answer first, and among the first five. */
  readonly top1: number;
  readonly top5: number;
  /** Mean of 1 / rank. */
  readonly mrr: number;
}

/** A line of {@link analogySimilarities}. */
export interface AnalogySimilarity {
  readonly category: string;
  readonly n: number;
  readonly targetSimilarity: number;
  readonly relationshipSimilarity: number;
  /** 1 - standard deviation of the target similarity over the questions (n - 1 in the denominator); null for a single question. */
  readonly consistencyScore: number | null;
}

/** The category that stands for all questions. */
export const ALL_CATEGORIES = "all";

/**
 * Which questions are passed: 1 where a right answer is among the first k, else 0. For `meanByPair`, bootstrap and paired tests.
 *
 * @throws {RangeError} when k is not an integer from 1
 */
export function passes({ ranks }: AnalogyOutcome, k: number): Float64Array {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`Cannot score analogies: expected k from 1, got ${k}`);
  return Float64Array.from(ranks, (rank) => rank <= k ? 1 : 0);
}

/**
 * Averages a value of each question over the questions that ask for the same pair. Several questions about one word are not
 * independent, so intervals are made by resampling these averages: `twoLevelBootstrap(seeds.map((scores) => meanByPair(...)))`.
 *
 * @param values shape [n], such as `passes(outcome, 1)` or `scores.targetSimilarity`
 * @returns shape [pairs]
 * @throws {TypeError} when there are not n values
 */
export function meanByPair(
  { askedPair, n }: Pick<AnalogyScores, "askedPair" | "n">,
  values: Float64Array,
): Float64Array {
  if (values.length !== n) {
    throw new TypeError(`Cannot average by pair: expected ${n} values, got ${values.length}`);
  }
  const size = askedPair.reduce((largest, pair) => Math.max(largest, pair + 1), 0);
  const [sums, counts] = [new Float64Array(size), new Float64Array(size)];
  askedPair.forEach((pair, i) => {
    sums[pair] += values[i];
    counts[pair]++;
  });
  return sums.map((sum, pair) => sum / counts[pair]);
}

/**
 * The outcome of one rule.
 *
 * @throws {RangeError} naming the rules there are
 */
export function outcomeOf(
  { outcomes }: Pick<AnalogyScores, "outcomes">,
  rule: Pick<AnalogyOutcome, "method" | "variant" | "inputs">,
): AnalogyOutcome {
  const name = ({ method, variant, inputs }: typeof rule) => `${method} ${variant}, inputs ${inputs}`;
  const found = outcomes.find((outcome) => name(outcome) === name(rule));
  if (found) return found;
  throw new RangeError(`Cannot find outcome: expected one of ${outcomes.map(name).join("; ")}, got ${name(rule)}`);
}

/** Pass rates of every rule, over all questions and by category, in the order in which categories first appear. */
export function analogyRates(scores: AnalogyScores): AnalogyRate[] {
  return itemsByCategory(scores.categories).flatMap(([category, items]) =>
    scores.outcomes.map(({ method, variant, inputs, ranks }) => {
      const share = (k: number) => mean(Float64Array.from(items, (i) => ranks[i] <= k ? 1 : 0));
      return {
        category,
        method,
        variant,
        inputs,
        n: items.length,
        pairs: new Set(items.map((i) => scores.askedPair[i])).size,
        top1: share(1),
        top5: share(5),
        mrr: mean(Float64Array.from(items, (i) => 1 / ranks[i])),
      };
    })
  );
}

/**
 * Similarities over all questions and by category. The consistency score has no definition in the literature: here it says how little the target
 * similarity varies from question to question. A model that maps everything to one point reaches 1, so it is read beside the pass rate;
 * `offsetConcentration` holds the measures that were made for the purpose (Fournier et al. 2020).
 */
export function analogySimilarities(scores: AnalogyScores): AnalogySimilarity[] {
  return itemsByCategory(scores.categories).map(([category, items]) => {
    const target = Float64Array.from(items, (i) => scores.targetSimilarity[i]);
    return {
      category,
      n: items.length,
      targetSimilarity: mean(target),
      relationshipSimilarity: mean(Float64Array.from(items, (i) => scores.relationshipSimilarity[i])),
      consistencyScore: items.length > 1 ? 1 - standardDeviation(target) : null,
    };
  });
}

function itemsByCategory(categories: readonly string[]): [string, number[]][] {
  const all = categories.map((_, i) => i);
  return [[ALL_CATEGORIES, all], ...groupBy(all, (i) => categories[i])];
}
