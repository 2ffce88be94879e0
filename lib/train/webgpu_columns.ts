// Columns that stay on the device for a whole run: a batch is then gathered there, and what is sent are its rows' numbers, four
// bytes a row.

import type { Column } from "../data/mod.ts";
import { formatShape, gather, type Graph, input, type Tensor } from "../graph/mod.ts";
import type { StepperOptions } from "./cpu_stepper.ts";

/** What WebGPU guarantees to be able to bind: 128 MiB. */
const BINDABLE_BYTES = 128 * 2 ** 20;

/** Input of the step that takes the batch's rows, int32 `[batch]`. */
export const ROWS = "batch:rows";

/** Which batch tensors a step gathers by itself. */
export interface ResidentColumns {
  /** Columns by the name of the step's input; one that serves several batch tensors is here once. */
  readonly columns: Readonly<Record<string, Column>>;
  /** What takes the place of the loss graph's inputs. */
  readonly batch: ReadonlyMap<Tensor, Tensor>;
}

/**
 * Chooses the columns that fit, and gathers the batch's rows from them.
 *
 * @param fixed loss graph whose dimensions are all numbers
 * @param options columns by batch tensor; tensors without one, or with one beyond the limit, remain inputs of the step
 * @throws {TypeError} when a column's rows are not those of its tensor
 */
export function residentColumns(
  fixed: Graph,
  { columns = {}, batchSize, residentLimitBytes = BINDABLE_BYTES }: Pick<
    StepperOptions,
    "columns" | "batchSize" | "residentLimitBytes"
  >,
): ResidentColumns {
  const rows = input(ROWS, "int32", [batchSize]);
  const gathered = new Map<Column, Tensor>();
  const batch = new Map<Tensor, Tensor>();
  for (const [name, tensor] of Object.entries(fixed.inputs)) {
    const column = columns[name];
    if (!column || column.data.byteLength > residentLimitBytes) continue;
    const expected = formatShape(tensor.shape.slice(1));
    const got = formatShape(column.shape.slice(1));
    if (tensor.shape[0] !== batchSize || got !== expected) {
      throw new TypeError(`Cannot train ${fixed.name}: expected ${name} in rows of ${expected}, got ${got}`);
    }
    const found = gathered.get(column) ?? gather(input(columnName(gathered.size), "float32", column.shape), rows);
    gathered.set(column, found);
    batch.set(tensor, found);
  }
  const named = [...gathered.keys()].map((column, i) => [columnName(i), column] as const);
  return { columns: Object.fromEntries(named), batch };
}

const columnName = (index: number) => `batch:column:${index}`;
