// The reverse dictionary: from the vector of a definition to the word it defines (Hill et al., Learning to Understand Phrases by
// Embedding the Dictionary, TACL 2016). The model under test encodes both sides.

import { columnOf, type Dataset } from "../data/mod.ts";
import { mean, median } from "../statistics/mod.ts";
import type { SimilarityBlock } from "./similarity.ts";
import { expectedRank, forEachSimilarities } from "./similarity_rows.ts";
import { checkTestSplitOpen } from "./test_split.ts";
import { selectRows, sizeOf, type Vectors } from "./vectors.ts";

/** Which glosses are asked, and which lemmas are right for each. */
export interface ReverseDictionaryTask {
  /** Rows of the glosses' dataset, in the order asked, length q. */
  readonly glossRows: Uint32Array;
  /** Right lemmas of each gloss: rows of the lemma vectors, at least one, none twice; length q. */
  readonly targets: readonly Uint32Array[];
  /** Asked glosses that have no lemma in the vocabulary, and so are no part of the task. */
  readonly withoutLemma: number;
}

/** How well glosses find their lemmas. */
export interface ReverseDictionaryScores {
  /**
   * Rank of the best right lemma of each gloss when all lemmas are sorted by falling cosine with it, from 1 up, length q. Lemmas level
   * with it come in random order: the rank is its expected value.
   */
  readonly rank: Float64Array;
  /** `1 / rank`, in (0, 1]. */
  readonly reciprocalRank: Float64Array;
  readonly mrr: number;
  readonly medianRank: number;
  /** For each k: 1 where a right lemma is among the first k, else 0 (accuracy@k of Hill et al.), length q. */
  readonly hitAt: ReadonlyMap<number, Float64Array>;
  /** For each k: the fraction of a gloss's right lemmas among the first k, in [0, 1], length q. */
  readonly recallAt: ReadonlyMap<number, Float64Array>;
  /** Lemmas ranked. */
  readonly lemmas: number;
}

/**
 * The reverse dictionary's questions for some glosses of a dataset: gloss and lemma belong together when they name the same synset.
 *
 * @param dataset with the text column `column`
 * @param options.queries dataset rows: `dataset.splits.validation`, or what `openTestSplit` returned
 * @param options.synsetLemmas pairs of a synset and a row of the lemma vectors, in any order; a repeated pair counts once
 * @param options.column text column that names each gloss's synset; default `synset`
 * @throws {RangeError} when a query is a test row and the test split was not opened, the dataset has no such column, or no gloss has
 *   a lemma
 *
 * @example
 * ```ts
 * import { loadDataset } from "lib/data/mod.ts";
 * import { reverseDictionaryTask } from "lib/evaluate/mod.ts";
 * const dataset = await loadDataset("wordnet-20k");
 * const queries = dataset.splits.validation.slice(0, 2);
 * const synset = dataset.texts.synset[queries[1]];
 * const task = reverseDictionaryTask(dataset, { queries, synsetLemmas: [[synset, 7], [synset, 3]] });
 * console.log(task.glossRows.length, task.targets[0], task.withoutLemma); // 1 Uint32Array [3, 7] 1
 * ```
 */
export function reverseDictionaryTask(
  dataset: Dataset,
  options: { queries: Uint32Array; synsetLemmas: Iterable<readonly [string, number]>; column?: string },
): ReverseDictionaryTask {
  const { queries, synsetLemmas, column = "synset" } = options;
  checkTestSplitOpen(dataset, queries);
  const synsets = dataset.texts[column];
  if (!synsets) {
    throw new RangeError(
      `Cannot make a reverse dictionary of ${dataset.name}: expected a text column ${column}, ` +
        `got ${Object.keys(dataset.texts).join(", ") || "none"}`,
    );
  }
  const bySynset = new Map<string, Set<number>>();
  for (const [synset, row] of synsetLemmas) bySynset.set(synset, (bySynset.get(synset) ?? new Set()).add(row));
  const glossRows = queries.filter((row) => bySynset.has(synsets[row]));
  if (glossRows.length === 0) {
    throw new RangeError(
      `Cannot make a reverse dictionary of ${dataset.name}: expected glosses whose synset has a lemma, ` +
        `got none among ${queries.length}`,
    );
  }
  const targets = Array.from(glossRows, (row) => Uint32Array.from(bySynset.get(synsets[row])!).sort());
  return { glossRows, targets, withoutLemma: queries.length - glossRows.length };
}

/**
 * Pairs of synset and lemma row for {@link reverseDictionaryTask}, from a table of synsets with their lemmas by name.
 *
 * @param glosses synsets, each with its lemmas
 * @param vocabulary the lemma of each row of the lemma vectors
 * @throws {RangeError} when a lemma is not in the vocabulary, or the vocabulary has one twice
 *
 * @example
 * ```ts
 * import { synsetLemmas } from "lib/evaluate/mod.ts";
 * console.log(synsetLemmas([{ synset: "02087384-n", lemmas: ["dog"] }], ["cat", "dog"])); // [["02087384-n", 1]]
 * ```
 */
export function synsetLemmas(
  glosses: Iterable<{ readonly synset: string; readonly lemmas: readonly string[] }>,
  vocabulary: readonly string[],
): [string, number][] {
  const rows = new Map(vocabulary.map((lemma, row) => [lemma, row]));
  if (rows.size !== vocabulary.length) {
    const twice = vocabulary.find((lemma, row) => rows.get(lemma) !== row);
    throw new RangeError(`Cannot find lemmas: expected each lemma once in the vocabulary, got "${twice}" again`);
  }
  return [...glosses].flatMap(({ synset, lemmas }) =>
    lemmas.map((lemma): [string, number] => {
      const row = rows.get(lemma);
      if (row !== undefined) return [synset, row];
      throw new RangeError(`Cannot find lemmas: expected lemmas of the vocabulary, got "${lemma}" for ${synset}`);
    })
  );
}

/** The teacher's vectors of a task's glosses: what a model under test encodes. Shape [q, width]. */
export function glossVectors(dataset: Dataset, task: ReverseDictionaryTask, column = "embedding"): Vectors {
  return selectRows(columnOf(dataset, column), task.glossRows);
}

/**
 * Ranks all lemmas for every gloss by cosine, and scores where the right ones come.
 *
 * @param glosses shape [q, width]: a task's glosses, encoded by the model under test
 * @param lemmas shape [n, width]: the whole vocabulary, encoded by the same model
 * @param options.targets right lemmas of each gloss: rows of `lemmas`, at least one, none twice; length q
 * @param options.ks each from 1 to n; default 1, 10 and 100 as far as they are at most n
 * @throws {TypeError} when widths differ or there are not as many lists of targets as glosses
 * @throws {RangeError} when a target is out of range or repeated, a list is empty, a k is out of range, or a value is not finite
 *
 * @example
 * ```ts
 * import { scoreReverseDictionary } from "lib/evaluate/mod.ts";
 * const lemmas = { shape: [3, 2], data: Float32Array.of(1, 0, 0, 1, 1, 1) };
 * const glosses = { shape: [1, 2], data: Float32Array.of(3, 1) };
 * const { mrr, rank } = await scoreReverseDictionary(glosses, lemmas, { targets: [[1, 2]] });
 * console.log(rank[0], mrr); // 2 0.5: row 0 is nearest, then row 2
 * ```
 */
export async function scoreReverseDictionary(
  glosses: Vectors,
  lemmas: Vectors,
  options: { targets: readonly ArrayLike<number>[]; ks?: readonly number[]; product?: SimilarityBlock },
): Promise<ReverseDictionaryScores> {
  const task = "score a reverse dictionary";
  const { rows: count } = sizeOf(glosses, task);
  const { rows: vocabulary } = sizeOf(lemmas, task);
  const { targets, product, ks = [1, 10, 100].filter((k) => k <= vocabulary) } = options;
  checkTargets(targets, count, vocabulary);
  const wrong = ks.find((k) => !(Number.isInteger(k) && k >= 1 && k <= vocabulary));
  if (wrong !== undefined) {
    throw new RangeError(`Cannot ${task}: expected k to be an integer from 1 to ${vocabulary}, got ${wrong}`);
  }
  const rank = new Float64Array(count);
  const recallAt = new Map(ks.map((k) => [k, new Float64Array(count)]));
  await forEachSimilarities(glosses, lemmas, { product, task }, (i, similarities) => {
    rank[i] = expectedRank(similarities, targets[i]);
    const ranks = Array.from(targets[i], (target) => expectedRank(similarities, [target]));
    for (const [k, recall] of recallAt) recall[i] = ranks.filter((value) => value <= k).length / ranks.length;
  });
  const reciprocalRank = rank.map((value) => 1 / value);
  const hitAt = new Map(ks.map((k) => [k, rank.map((value) => (value <= k ? 1 : 0))]));
  return {
    rank,
    reciprocalRank,
    mrr: mean(reciprocalRank),
    medianRank: median(rank),
    hitAt,
    recallAt,
    lemmas: vocabulary,
  };
}

function checkTargets(targets: readonly ArrayLike<number>[], glosses: number, lemmas: number): void {
  if (targets.length !== glosses) {
    throw new TypeError(
      `Cannot score a reverse dictionary: expected targets for ${glosses} glosses, got ${targets.length}`,
    );
  }
  targets.forEach((rows, i) => {
    const list = Array.from(rows);
    const wrong = list.find((row) => !(Number.isInteger(row) && row >= 0 && row < lemmas));
    if (wrong !== undefined) {
      throw new RangeError(
        `Cannot score a reverse dictionary: expected targets below ${lemmas}, got ${wrong} for gloss ${i}`,
      );
    }
    if (list.length === 0 || new Set(list).size !== list.length) {
      const got = list.length === 0 ? "none" : `${list}`;
      throw new RangeError(
        `Cannot score a reverse dictionary: expected at least one target and none twice, got ${got} for gloss ${i}`,
      );
    }
  });
}
