// The rows a run is trained and validated on: columns of a dataset under the names of the batch's tensors.

import {
  type Column,
  columnOf,
  type DataReference,
  dataReference,
  type Dataset,
  gatherRows,
  resolveReference,
} from "../data/mod.ts";
import { elementCount, type Graph } from "../graph/mod.ts";
import { TRAINING_STEP } from "../nn/mod.ts";
import { rowShape } from "./program.ts";

/** Data of a run: the reference that identifies it and the columns in memory. */
export interface TrainingData {
  readonly reference: DataReference;
  readonly columns: Readonly<Record<string, Column>>;
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/** Where training data comes from: a loaded dataset or a reference to one. */
export type DataSource = DataReference | TrainingData;

/**
 * Training data from a dataset in memory.
 *
 * @param columns batch tensor name to column name, for example `{ x: "embedding" }`
 * @param options.trainRows trains on the first so many rows of the training split only
 */
export function trainingData(
  dataset: Dataset,
  columns: Readonly<Record<string, string>>,
  options: { trainRows?: number } = {},
): TrainingData {
  const reference = dataReference(dataset, columns, options);
  const named = Object.entries(columns).map(([name, column]) => [name, columnOf(dataset, column)] as const);
  const { train, validation } = dataset.splits;
  const rows = train.subarray(0, reference.trainRows ?? train.length);
  return { reference, columns: Object.fromEntries(named), train: rows, validation };
}

/** Loads what a reference names; its hash is checked. */
export async function openTrainingData(source: DataSource): Promise<TrainingData> {
  if ("train" in source) return source;
  return trainingData(await resolveReference(source), source.columns, { trainRows: source.trainRows });
}

/**
 * Refuses data that does not fit the tensors of a batch.
 *
 * @throws {TypeError} naming the tensor, the row that the program expects and the row that the data has
 */
export function checkData({ inputs, name: program }: Graph, { columns }: TrainingData): void {
  for (const [name, tensor] of Object.entries(inputs)) {
    if (name === TRAINING_STEP) continue;
    const column = columns[name];
    if (!column) {
      throw new TypeError(
        `Cannot train ${program}: expected data for "${name}", got ${Object.keys(columns).join(", ")}`,
      );
    }
    const expected = rowShape(tensor, name);
    const got = column.shape.slice(1);
    if (expected.join() !== got.join() || tensor.dtype !== column.dtype) {
      throw new TypeError(
        `Cannot train ${program}: expected ${name} in rows of ${tensor.dtype} [${expected}], got ${column.dtype} [${got}]`,
      );
    }
  }
}

/** A batch as rows of columns. */
export interface BatchRows {
  readonly rows: Uint32Array;
  /** Number of the batch in the whole run, counted from 1, for graphs that draw their masks by it. */
  readonly step: number;
}

/** Copies the rows of a batch into the arrays that a step reads; see `Stepper.load`. */
export function fillBatch(
  batch: Readonly<Record<string, Float32Array>>,
  columns: Readonly<Record<string, Column>>,
  { rows, step }: BatchRows,
): void {
  for (const [name, target] of Object.entries(batch)) {
    if (name === TRAINING_STEP) {
      target[0] = step;
      continue;
    }
    const column = columns[name];
    if (!column) throw new TypeError(`Cannot load a batch: expected a column for "${name}", got none`);
    const expected = target.length / elementCount(column.shape.slice(1));
    if (rows.length !== expected) {
      throw new RangeError(`Cannot load a batch: expected ${expected} rows, got ${rows.length}`);
    }
    gatherRows(column, rows, target);
  }
}

/** The rows of a batch in arrays of their own, as values for a session. */
export function batchValues({ inputs }: Graph, { columns }: TrainingData, rows: Uint32Array) {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      const shape = [rows.length, ...rowShape(tensor, name)];
      const data = gatherRows(columns[name], rows, new Float32Array(elementCount(shape)));
      return [name, { dtype: "float32" as const, shape, data }];
    }),
  );
}
