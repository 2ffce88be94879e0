// Retrieval: does a compressed vector find what the teacher's own vector finds? Recall@k against the teacher's k nearest
// neighbours, and how far down it ranks the nearest one; one value a query.

import { columnOf, type Dataset } from "../data/mod.ts";
import { canonicalJson, sha256Hex } from "../process/mod.ts";
import { mean } from "../statistics/mod.ts";
import { distinctRows } from "./duplicates.ts";
import { firstNeighbours, nearestNeighbours, type Neighbours, searchNeighbours } from "./neighbours.ts";
import type { SimilarityBlock } from "./similarity.ts";
import { expectedRank } from "./similarity_rows.ts";
import { checkTestSplitOpen } from "./test_split.ts";
import { selectRows, sizeOf, type Vectors } from "./vectors.ts";

/** A fixed set of queries and gallery with the teacher's answers. */
export interface RetrievalTask {
  readonly k: number;
  /** Dataset rows to embed, queries first, then the training rows: the gallery. A student's vectors come in this order. */
  readonly rows: Uint32Array;
  readonly queryCount: number;
  /** Rows left out because an earlier one (queries come first) has the same teacher vector. */
  readonly duplicates: number;
  /** The teacher's neighbours; positions in `rows`. */
  readonly teacher: Neighbours;
}

/** How well one set of vectors finds the teacher's neighbours. */
export interface RetrievalScores {
  /** The task's k. */
  readonly k: number;
  /** Recall@k of each query, in [0, 1], length queryCount: for bootstrap intervals. */
  readonly recall: Float64Array;
  readonly recallMean: number;
  /** Recall of each query at each of the asked `ks`, in [0, 1], length queryCount. */
  readonly recallAt: ReadonlyMap<number, Float64Array>;
  /**
   * Rank of the teacher's nearest neighbour among all gallery items sorted by these vectors' similarity, from 1 up, length queryCount.
   * Where the teacher ranks several level, the best of them counts; items level with it come in random order (expected rank).
   */
  readonly rank: Float64Array;
  /** `1 / rank`, in (0, 1]. */
  readonly reciprocalRank: Float64Array;
  /** Mean of `reciprocalRank`. */
  readonly mrr: number;
}

/** The ks of the tables: the best match, a page of results, a candidate list. */
const USUAL_KS = [1, 10, 100];
const cache = new Map<string, Promise<Neighbours>>();

/**
 * The retrieval task of some query rows: the gallery is these rows and the whole training split, without rows whose teacher vector an
 * earlier row has; similarity is cosine, a query is never its own neighbour. The teacher's neighbours are computed once per dataset
 * hash, column, queries and k, and kept in memory.
 *
 * @param options.queries dataset rows: `dataset.splits.validation`, or what `openTestSplit` returned
 * @param options.column the teacher's vectors; default `embedding`
 * @param options.k default 10; 100 for recall@1, @10 and @100
 * @throws {RangeError} when a query is a test row and the test split was not opened, or queries repeat
 *
 * @example
 * ```ts
 * import { randomDataset } from "lib/data/mod.ts";
 * import { retrievalTask, scoreRetrieval, selectRows } from "lib/evaluate/mod.ts";
 * const dataset = randomDataset({ rows: 100, width: 8, seed: 1 });
 * const task = await retrievalTask(dataset, { queries: dataset.splits.validation, k: 5 });
 * const vectors = selectRows(dataset.columns.embedding, task.rows); // a student would embed these rows
 * const { recallMean, mrr } = await scoreRetrieval(task, vectors);
 * console.log(recallMean, mrr); // 1 1
 * ```
 */
export async function retrievalTask(
  dataset: Dataset,
  options: { queries: Uint32Array; column?: string; k?: number; product?: SimilarityBlock },
): Promise<RetrievalTask> {
  const { queries, column = "embedding", k = 10, product } = options;
  checkTestSplitOpen(dataset, queries);
  const asked = new Set(queries);
  if (asked.size !== queries.length) {
    throw new RangeError(
      `Cannot make a retrieval task: expected distinct queries, got ${queries.length - asked.size} repeated`,
    );
  }
  const all = Uint32Array.from([...queries, ...dataset.splits.train.filter((row) => !asked.has(row))]);
  const vectors = columnOf(dataset, column);
  const rows = distinctRows(vectors, all);
  const queryCount = rows.reduce((count, row) => count + (asked.has(row) ? 1 : 0), 0);
  const key = sha256Hex(canonicalJson({ hash: dataset.hash, column, k, queries: sha256Hex(queries) }));
  let teacher = cache.get(key);
  if (!teacher) {
    const positions = Uint32Array.from({ length: queryCount }, (_, i) => i);
    teacher = nearestNeighbours(selectRows(vectors, rows), { queries: positions, k, product });
    cache.set(key, teacher);
    teacher.catch(() => cache.delete(key)); // a failed product must not be remembered
  }
  return { k, rows, queryCount, duplicates: all.length - rows.length, teacher: await teacher };
}

/** How {@link scoreRetrieval} scores. */
export interface ScoreRetrievalOptions {
  product?: SimilarityBlock;
  /** Recall is given at each of these, from 1 to the task's k. Default: 1, 10 and 100 as far as they are below it, and the task's k. */
  ks?: readonly number[];
  /** The queries' vectors where the store is asked with others than it keeps: shape [queryCount, width of `vectors`]. */
  queryVectors?: Vectors;
}

/**
 * Recall@k of vectors on a task (the fraction of the teacher's k neighbours among the k neighbours that these vectors find) and the
 * mean reciprocal rank of the teacher's nearest neighbour.
 *
 * @param vectors of the rows `task.rows`, in that order: shape [rows, any width]
 * @throws {TypeError} when the number of vectors is another
 * @throws {RangeError} when one of `ks` is beyond the task's k
 */
export async function scoreRetrieval(
  task: RetrievalTask,
  vectors: Vectors,
  options: ScoreRetrievalOptions = {},
): Promise<RetrievalScores> {
  const { rows } = sizeOf(vectors, "score retrieval");
  const { product, queryVectors, ks = [...USUAL_KS.filter((k) => k < task.k), task.k] } = options;
  if (rows !== task.rows.length) {
    throw new TypeError(`Cannot score retrieval: expected [${task.rows.length}, width], got [${vectors.shape}]`);
  }
  const { teacher } = task;
  const nearest = firstNeighbours(teacher, 1);
  const rank = new Float64Array(task.queryCount);
  const search = { queries: teacher.queries, k: task.k, product, queryVectors };
  const student = await searchNeighbours(vectors, search, (i, similarities) => {
    rank[i] = expectedRank(similarities, [nearest.indices[i], ...nearest.ties[i]], teacher.queries[i]);
  });
  const recall = recallAtK(teacher, student);
  const at = (k: number) => recallAtK(firstNeighbours(teacher, k), firstNeighbours(student, k));
  const recallAt = new Map(ks.map((k) => [k, k === task.k ? recall : at(k)]));
  const reciprocalRank = rank.map((value) => 1 / value);
  return { k: task.k, recall, recallMean: mean(recall), recallAt, rank, reciprocalRank, mrr: mean(reciprocalRank) };
}

/**
 * Recall@k of each query. An item the teacher ranks level with its k-th neighbour counts as found too: which of several equal
 * items comes k-th is a rule, not something a student could know.
 *
 * @throws {RangeError} when both sides differ in k or queries
 */
export function recallAtK(teacher: Neighbours, student: Neighbours): Float64Array {
  if (teacher.k !== student.k || teacher.queries.join() !== student.queries.join()) {
    throw new RangeError(
      `Cannot compute recall: expected the same k and queries, got k ${teacher.k} and ${student.k}, ` +
        `${teacher.queries.length} and ${student.queries.length} queries`,
    );
  }
  const { k } = teacher;
  return Float64Array.from(teacher.queries, (_, i) => {
    const relevant = new Set([...teacher.indices.subarray(i * k, (i + 1) * k), ...teacher.ties[i]]);
    return student.indices.subarray(i * k, (i + 1) * k).reduce((hits, row) => hits + (relevant.has(row) ? 1 : 0), 0) /
      k;
  });
}
