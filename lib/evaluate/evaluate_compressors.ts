// All scores of all compressors on one task, item by item: what a table of models and floors is made of.

import { columnOf, type Dataset } from "../data/mod.ts";
import { quantile } from "../statistics/mod.ts";
import { ckaOf } from "./cka.ts";
import type { Compressed, Compressor } from "./compressor.ts";
import { type Scatter, scatterOf } from "./covariance.ts";
import { compareGeometry } from "./geometry.ts";
import { isotropyOf } from "./isotropy.ts";
import { type RetrievalTask, scoreRetrieval } from "./retrieval.ts";
import { type ReverseDictionaryTask, scoreReverseDictionary } from "./reverse_dictionary.ts";
import { drawSample, type PairRanks, pairRanks, rsaOf } from "./rsa.ts";
import type { Score } from "./score.ts";
import type { SimilarityBlock } from "./similarity.ts";
import { selectRows, sizeOf, type Vectors } from "./vectors.ts";

/** What one compressor scores. */
export interface CompressorScores {
  readonly name: string;
  readonly bytesPerVector: number;
  /**
   * By quantity. On held-out vectors (the task's queries): `cosine`, `cosineP5`, `mse` and `explainedVariance` of what is decoded (absent
   * without a way back); `isoScore` of what is ranked; `cka` and `rsa` of what is ranked with the teacher. On the task: `recallAt1`, ...
   * and `mrr`. With glosses and lemmas also `reverseMrr`, `reverseHitAt1`, ...
   */
  readonly scores: ReadonlyMap<string, Score>;
}

/** A reverse dictionary in the teacher's vectors, which every compressor then encodes. */
export interface DictionaryVectors {
  /** Shape [q, width]: see `glossVectors`. */
  readonly glosses: Vectors;
  /** The whole vocabulary, shape [n, width]. */
  readonly lemmas: Vectors;
  readonly targets: ReverseDictionaryTask["targets"];
}

/** How {@link evaluateCompressors} scores. */
export interface EvaluateCompressorsOptions {
  /** From `retrievalTask`, which guards the test split; its queries are the held-out vectors. */
  task: RetrievalTask;
  /** The dataset of the task, and its column of teacher vectors; default `embedding`. */
  dataset: Dataset;
  column?: string;
  dictionary?: DictionaryVectors;
  /** Dot products, for compressors that have none of their own. */
  product?: SimilarityBlock;
  /** Rows of the similarity matrices that RSA compares; default 400. */
  rsaSample?: number;
  /** Of the RSA sample. */
  seed: number;
}

/**
 * Scores compressors one after the other on the same items.
 *
 * @throws {RangeError} when two compressors have one name, there is none, the task has fewer than 4 queries, or a value is not finite
 * @throws {TypeError} when a compressor gives other rows than it was given
 *
 * @example
 * ```ts
 * import { randomDataset } from "lib/data/mod.ts";
 * import { baselineCompressors, evaluateCompressors, retrievalTask, scoreValue, selectRows } from "lib/evaluate/mod.ts";
 * const dataset = randomDataset({ rows: 100, width: 16, seed: 1 });
 * const task = await retrievalTask(dataset, { queries: dataset.splits.validation, k: 10 });
 * const floors = baselineCompressors(selectRows(dataset.columns.embedding, dataset.splits.train), { latentDims: [4], seed: 1 });
 * for (const { name, bytesPerVector, scores } of await evaluateCompressors(floors, { task, dataset, seed: 1 })) {
 *   console.log(name, bytesPerVector, scoreValue(scores.get("recallAt10")!)); // the teacher has 1
 * }
 * ```
 */
export async function evaluateCompressors(
  compressors: readonly Compressor[],
  options: EvaluateCompressorsOptions,
): Promise<CompressorScores[]> {
  const { task, dataset, column = "embedding", rsaSample = 400, seed } = options;
  const names = compressors.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (names.length === 0 || twice !== undefined) {
    throw new RangeError(`Cannot evaluate compressors: expected different names, got ${twice ?? "no compressor"}`);
  }
  const vectors = selectRows(columnOf(dataset, column), task.rows);
  const heldOut = firstRows(vectors, task.queryCount);
  const teacher = {
    vectors: heldOut,
    scatter: scatterOf(heldOut, "evaluate compressors"),
    ranks: pairRanks(heldOut, drawSample(task.queryCount, rsaSample, seed)),
  };
  const results: CompressorScores[] = [];
  for (const compressor of compressors) {
    const compressed = checkRows(compressor, await compressor.compress(vectors), task.rows.length);
    const scores = [
      ...geometryScores(compressed, teacher),
      ...await retrievalScores(compressor, compressed, options),
      ...await dictionaryScores(compressor, options),
    ];
    const { name, bytesPerVector } = compressor;
    results.push({ name, bytesPerVector, scores: new Map(scores.map((score) => [score.quantity, score])) });
  }
  return results;
}

/** The teacher's side of the geometry, computed once. */
interface TeacherSide {
  readonly vectors: Vectors;
  readonly scatter: Scatter;
  readonly ranks: PairRanks;
}

function geometryScores({ ranked, decoded }: Compressed, teacher: TeacherSide): Score[] {
  const n = teacher.vectors.shape[0];
  const codes = firstRows(ranked, n);
  const scatter = scatterOf(codes, "evaluate compressors");
  const alike = rsaOf(teacher.ranks, pairRanks(codes, teacher.ranks.rows));
  const ofSet: Score[] = [
    { quantity: "isoScore", items: isotropyOf(codes, scatter).isoScoreItems, n },
    { quantity: "cka", items: ckaOf(teacher.scatter, scatter).items, n },
    { quantity: "rsa", items: alike.items, n: alike.rows.length },
  ];
  if (decoded === null) return ofSet;
  const geometry = compareGeometry(firstRows(decoded, n), teacher.vectors);
  return [
    { quantity: "cosine", items: geometry.cosine, n },
    { quantity: "cosineP5", items: geometry.cosine, statistic: (items) => quantile(items, 0.05), n },
    { quantity: "mse", items: geometry.squaredError, n },
    { quantity: "explainedVariance", items: geometry.explainedVarianceItems, n },
    ...ofSet,
  ];
}

async function retrievalScores(
  compressor: Compressor,
  { ranked, asked }: Compressed,
  { task, product }: EvaluateCompressorsOptions,
): Promise<Score[]> {
  const n = task.queryCount;
  const { recallAt, reciprocalRank } = await scoreRetrieval(task, ranked, {
    product: compressor.product ?? product,
    queryVectors: asked && firstRows(asked, n),
  });
  return [
    ...[...recallAt].map(([k, items]) => ({ quantity: `recallAt${k}`, items, n })),
    { quantity: "mrr", items: reciprocalRank, n },
  ];
}

async function dictionaryScores(
  compressor: Compressor,
  { dictionary, product }: EvaluateCompressorsOptions,
): Promise<Score[]> {
  if (!dictionary) return [];
  const n = dictionary.glosses.shape[0];
  const glosses = checkRows(compressor, await compressor.compress(dictionary.glosses), n);
  const lemmas = checkRows(compressor, await compressor.compress(dictionary.lemmas), dictionary.lemmas.shape[0]);
  const { reciprocalRank, hitAt } = await scoreReverseDictionary(glosses.asked ?? glosses.ranked, lemmas.ranked, {
    targets: dictionary.targets,
    product: compressor.product ?? product,
  });
  return [
    { quantity: "reverseMrr", items: reciprocalRank, n },
    ...[...hitAt].map(([k, items]) => ({ quantity: `reverseHitAt${k}`, items, n })),
  ];
}

function checkRows({ name }: Compressor, compressed: Compressed, expected: number): Compressed {
  for (const part of [compressed.ranked, compressed.asked, compressed.decoded]) {
    if (part && sizeOf(part, `evaluate ${name}`).rows !== expected) {
      throw new TypeError(`Cannot evaluate ${name}: expected [${expected}, width], got [${part.shape}]`);
    }
  }
  return compressed;
}

/** A view of the first rows. */
function firstRows({ shape: [, width], data }: Vectors, rows: number): Vectors {
  return { shape: [rows, width], data: data.subarray(0, rows * width) };
}
