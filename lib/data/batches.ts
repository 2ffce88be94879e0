// Seeded batches. The order of an epoch depends on the seed and the epoch's number only, never on what ran before it, so a run
// resumed at epoch 7 sees exactly what an uninterrupted one sees.

import { random } from "../statistics/mod.ts";
import type { Column } from "./dataset.ts";

/** How an epoch is cut into batches. */
export interface BatchOptions {
  readonly batchSize: number;
  readonly seed: number;
  /** Counted from 0. */
  readonly epoch: number;
  /** Leave out a last batch that is smaller than the others; default false. */
  readonly dropLast?: boolean;
}

/**
 * Shuffles `indices` and cuts them into batches: every index once, `batchSize` a batch, the last one shorter unless dropped.
 * Deterministic for (indices, seed, epoch); `indices` itself is left as it is.
 *
 * @returns row indices of each batch, views of one array
 * @throws {RangeError} when `batchSize` is not a positive integer, `epoch` is negative, or no batch would be left
 *
 * @example
 * ```ts
 * import { batches } from "lib/data/mod.ts";
 * const epoch = batches(Uint32Array.of(10, 11, 12, 13, 14), { batchSize: 2, seed: 1, epoch: 0 });
 * console.log(epoch.map((batch) => batch.length)); // [2, 2, 1]
 * ```
 */
export function batches(indices: Uint32Array, options: BatchOptions): Uint32Array[] {
  const { batchSize, seed, epoch, dropLast = false } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`Cannot make batches: expected batchSize to be an integer from 1, got ${batchSize}`);
  }
  if (!Number.isInteger(epoch) || epoch < 0) {
    throw new RangeError(`Cannot make batches: expected epoch to be an integer from 0, got ${epoch}`);
  }
  const count = dropLast ? Math.floor(indices.length / batchSize) : Math.ceil(indices.length / batchSize);
  if (count === 0) {
    throw new RangeError(
      `Cannot make batches: expected at least one batch of ${batchSize}, got ${indices.length} rows`,
    );
  }
  const shuffled = random(seed, "batches", epoch).shuffle(Uint32Array.from(indices));
  return Array.from({ length: count }, (_, i) => shuffled.subarray(i * batchSize, (i + 1) * batchSize));
}

/**
 * Copies rows of a column into `target`, one after the other.
 *
 * @param column shape [rows, ...]; a row is everything after the first dimension
 * @param indices rows to copy, length n
 * @param target at least n rows long, or left out to allocate exactly n
 * @returns the part of `target` that was written, n rows
 * @throws {RangeError} when an index is outside the column or `target` is too short
 *
 * @example
 * ```ts
 * import { gatherRows } from "lib/data/mod.ts";
 * const column = { dtype: "float32", shape: [3, 2], data: Float32Array.of(0, 1, 10, 11, 20, 21) } as const;
 * console.log(gatherRows(column, Uint32Array.of(2, 0))); // Float32Array [20, 21, 0, 1]
 * ```
 */
export function gatherRows(column: Column, indices: Uint32Array, target?: Float32Array): Float32Array {
  const [rows, ...rest] = column.shape;
  const width = rest.reduce((product, dim) => product * dim, 1);
  const needed = indices.length * width;
  const into = target ?? new Float32Array(needed);
  if (into.length < needed) {
    throw new RangeError(
      `Cannot gather rows: expected a target of [${indices.length}, ${width}], got ${into.length} values`,
    );
  }
  const { data } = column;
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i];
    if (row >= rows) throw new RangeError(`Cannot gather rows: expected indices below ${rows}, got ${row}`);
    into.set(data.subarray(row * width, (row + 1) * width), i * width);
  }
  return into.subarray(0, needed);
}
