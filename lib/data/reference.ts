// References: how a trial says which data it reads without carrying it. Another process resolves the reference and gets the same
// bytes or an error.

import { columnOf, type Dataset, loadDataset } from "./dataset.ts";

/** Which columns of which dataset feed a model's inputs. Plain JSON. */
export interface DataReference {
  /** What `loadDataset` takes: a name under `data/`, a random dataset's name, or a folder. */
  readonly dataset: string;
  /** Batch tensor name to column name, for example `{ x: "embedding" }`. */
  readonly columns: Readonly<Record<string, string>>;
  /** The dataset's hash. The identity of a trial should be made of this and `columns`; a folder may move. */
  readonly hash: string;
  /** Only the first so many rows of the training split; all of them when absent. */
  readonly trainRows?: number;
}

/**
 * A reference to columns of a dataset, under the names that a model's inputs and loss use.
 *
 * @param options.trainRows takes the first so many rows of the training split, to see what less data does; the validation split stays whole
 * @throws {RangeError} when a column does not exist or none is named, or the training split has fewer rows
 *
 * @example
 * ```ts
 * import { dataReference, randomDataset, resolveReference } from "lib/data/mod.ts";
 * const dataset = randomDataset({ rows: 100, width: 8, seed: 1 });
 * const reference = dataReference(dataset, { x: "embedding" });
 * console.log(JSON.stringify(reference.columns)); // {"x":"embedding"}
 * console.log((await resolveReference(reference)).hash === dataset.hash); // true
 * ```
 */
export function dataReference(
  dataset: Dataset,
  columns: Readonly<Record<string, string>>,
  { trainRows }: { trainRows?: number } = {},
): DataReference {
  if (Object.keys(columns).length === 0) {
    throw new RangeError(`Cannot refer to ${dataset.name}: expected at least one column, got none`);
  }
  for (const column of Object.values(columns)) columnOf(dataset, column);
  const available = dataset.splits.train.length;
  if (trainRows !== undefined && !(Number.isInteger(trainRows) && trainRows >= 1 && trainRows <= available)) {
    throw new RangeError(
      `Cannot refer to ${dataset.name}: expected trainRows to be an integer from 1 to ${available}, got ${trainRows}`,
    );
  }
  const all = trainRows === undefined || trainRows === available;
  return { dataset: dataset.source, columns: { ...columns }, hash: dataset.hash, ...(all ? {} : { trainRows }) };
}

/**
 * Loads what a reference names.
 *
 * @throws {RangeError} when the dataset found has another hash, or lacks a column
 */
export async function resolveReference(reference: DataReference): Promise<Dataset> {
  const dataset = await loadDataset(reference.dataset);
  if (dataset.hash !== reference.hash) {
    throw new RangeError(
      `Cannot resolve reference to ${reference.dataset}: expected data with hash ${reference.hash}, got ${dataset.hash}`,
    );
  }
  for (const column of Object.values(reference.columns)) columnOf(dataset, column);
  return dataset;
}
