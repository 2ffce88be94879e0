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
  /** Where rows are sequences of unlike lengths. */
  readonly lengths?: RowLengths;
}

/** Lengths of rows that are sequences: their columns are padded to the longest, a batch is computed at what its own rows need. */
export interface RowLengths {
  /** Name of the dimension in the graphs, the second one of batch tensors; such as `sequence`. */
  readonly dimension: string;
  /** Places of each row that count. */
  readonly ofRow: Uint32Array;
  /** Places of each row in the columns. */
  readonly longest: number;
  /** Batches are as long as a multiple of this: each length is compiled once, which takes as long as many steps. */
  readonly multiple: number;
}

/** The length that a batch of rows is computed at. */
export function batchLength({ ofRow, longest, multiple }: RowLengths, rows: Uint32Array): number {
  const most = rows.reduce((longest, row) => Math.max(longest, ofRow[row]), 1);
  return Math.min(longest, multiple * Math.ceil(most / multiple));
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
export function checkData({ inputs, name: program }: Graph, { columns, lengths }: TrainingData): void {
  const named = lengths && { [lengths.dimension]: lengths.longest };
  for (const [name, tensor] of Object.entries(inputs)) {
    if (name === TRAINING_STEP) continue;
    const column = columns[name];
    if (!column) {
      throw new TypeError(
        `Cannot train ${program}: expected data for "${name}", got ${Object.keys(columns).join(", ")}`,
      );
    }
    const expected = rowShape(tensor, name, named);
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
  /** Only so many places of rows that are sequences. Default: all. */
  readonly length?: number;
}

/** Copies the rows of a batch into the arrays that a step reads; see `Stepper.load`. */
export function fillBatch(
  batch: Readonly<Record<string, Float32Array>>,
  columns: Readonly<Record<string, Column>>,
  { rows, step, length = Infinity }: BatchRows,
): void {
  for (const [name, target] of Object.entries(batch)) {
    if (name === TRAINING_STEP) {
      target[0] = step;
      continue;
    }
    const column = columns[name];
    if (!column) throw new TypeError(`Cannot load a batch: expected a column for "${name}", got none`);
    const width = widthOf(column, length);
    const expected = target.length / width;
    if (rows.length !== expected) {
      throw new RangeError(`Cannot load a batch: expected ${expected} rows, got ${rows.length}`);
    }
    gatherPlaces(column, rows, { target, width });
  }
}

/** Values of the first `length` places of a row. */
function widthOf({ shape: [, places = 1, ...rest] }: Column, length: number): number {
  return Math.min(places, length) * elementCount(rest);
}

/** The first `width` values of rows, one after the other. */
function gatherPlaces(
  column: Column,
  rows: Uint32Array,
  { target, width }: { target: Float32Array; width: number },
): Float32Array {
  const whole = elementCount(column.shape.slice(1));
  if (width === whole) return gatherRows(column, rows, target);
  rows.forEach((row, i) => {
    if (row >= column.shape[0]) {
      throw new RangeError(`Cannot gather rows: expected indices below ${column.shape[0]}, got ${row}`);
    }
    target.set(column.data.subarray(row * whole, row * whole + width), i * width);
  });
  return target;
}

/** The rows of a batch in arrays of their own, as values for a session. */
export function batchValues({ inputs }: Graph, { columns, lengths }: TrainingData, rows: Uint32Array) {
  const length = lengths ? batchLength(lengths, rows) : Infinity;
  const named = lengths && { [lengths.dimension]: length };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      const shape = [rows.length, ...rowShape(tensor, name, named)];
      const width = widthOf(columns[name], length);
      const data = gatherPlaces(columns[name], rows, { target: new Float32Array(elementCount(shape)), width });
      return [name, { dtype: "float32" as const, shape, data }];
    }),
  );
}
