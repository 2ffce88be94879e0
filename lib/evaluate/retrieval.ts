// Retrieval: does a compressed vector find what the teacher's own vector finds? Recall@k against the teacher's k nearest
// neighbours, one value a query.

import { columnOf, type Dataset } from "../data/mod.ts";
import { canonicalJson, sha256Hex } from "../process/mod.ts";
import { mean } from "../statistics/mod.ts";
import { nearestNeighbours, type Neighbours } from "./neighbours.ts";
import type { SimilarityBlock } from "./similarity.ts";
import { checkTestSplitOpen } from "./test_split.ts";
import { selectRows, sizeOf, type Vectors } from "./vectors.ts";

/** A fixed set of queries and gallery with the teacher's answers. */
export interface RetrievalTask {
  readonly k: number;
  /** Dataset rows to embed, queries first, then the training rows: the gallery. A student's vectors come in this order. */
  readonly rows: Uint32Array;
  readonly queryCount: number;
  /** The teacher's neighbours; positions in `rows`. */
  readonly teacher: Neighbours;
}

/** Recall of one set of vectors. */
export interface RetrievalScores {
  readonly k: number;
  /** Recall@k of each query, in [0, 1], length queryCount: for bootstrap intervals. */
  readonly recall: Float64Array;
  readonly recallMean: number;
}

const cache = new Map<string, Promise<Neighbours>>();

/**
 * The retrieval task of some query rows: the gallery is these rows and the whole training split, similarity is cosine, a query is never
 * its own neighbour. The teacher's neighbours are computed once per dataset hash, column, queries and k, and kept in memory.
 *
 * @param options.queries dataset rows: `dataset.splits.validation`, or what `openTestSplit` returned
 * @param options.column the teacher's vectors; default `embedding`
 * @param options.k default 10
 * @throws {RangeError} when a query is a test row and the test split was not opened
 *
 * @example
 * ```ts
 * import { randomDataset } from "lib/data/mod.ts";
 * import { retrievalTask, scoreRetrieval, selectRows } from "lib/evaluate/mod.ts";
 * const dataset = randomDataset({ rows: 100, width: 8, seed: 1 });
 * const task = await retrievalTask(dataset, { queries: dataset.splits.validation, k: 5 });
 * const vectors = selectRows(dataset.columns.embedding, task.rows); // a student would embed these rows
 * console.log((await scoreRetrieval(task, vectors)).recallMean); // 1
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
  const rows = Uint32Array.from([...queries, ...dataset.splits.train.filter((row) => !asked.has(row))]);
  const vectors = columnOf(dataset, column);
  const key = sha256Hex(canonicalJson({ hash: dataset.hash, column, k, queries: sha256Hex(queries) }));
  let teacher = cache.get(key);
  if (!teacher) {
    const positions = Uint32Array.from(queries, (_, i) => i);
    teacher = nearestNeighbours(selectRows(vectors, rows), { queries: positions, k, product });
    cache.set(key, teacher);
    teacher.catch(() => cache.delete(key)); // a failed product must not be remembered
  }
  return { k, rows, queryCount: queries.length, teacher: await teacher };
}

/**
 * Recall@k of vectors on a task: the fraction of the teacher's k neighbours among the k neighbours that these vectors find.
 *
 * @param vectors of the rows `task.rows`, in that order: shape [rows, any width]
 * @throws {TypeError} when the number of vectors is another
 */
export async function scoreRetrieval(
  task: RetrievalTask,
  vectors: Vectors,
  options: { product?: SimilarityBlock } = {},
): Promise<RetrievalScores> {
  const { rows } = sizeOf(vectors, "score retrieval");
  if (rows !== task.rows.length) {
    throw new TypeError(`Cannot score retrieval: expected [${task.rows.length}, width], got [${vectors.shape}]`);
  }
  const { queries } = task.teacher;
  const recall = recallAtK(task.teacher, await nearestNeighbours(vectors, { queries, k: task.k, ...options }));
  return { k: task.k, recall, recallMean: mean(recall) };
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
