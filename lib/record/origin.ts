// Which notebook cell made a record: known in a headless run, where lib/notebook says which cell is running. A record itself does not hold it,
// since the same numbers are the same records whatever cells a notebook is divided into.

/** Gives the number of the code cell that is running, counted from 1 as "Run All" counts; null outside of one. */
export type CellSource = () => number | null;

let source: CellSource = () => null;
let made = new Map<string, number>();

/** Installs the source of cell numbers and forgets what was made before; returns the source before. */
export function setCellSource(next: CellSource): CellSource {
  const before = source;
  source = next;
  made = new Map();
  return before;
}

/** The code cell that is running; null when nobody knows. */
export function runningCell(): number | null {
  return source();
}

/** Notes that the running cell makes the record `id`. Of several cells the first counts: later ones only add to the record. */
export function noteMaking(id: string): void {
  const cell = source();
  if (cell !== null && !made.has(id)) made.set(id, cell);
}

/**
 * The code cell that first made a record of this id, by `record`; null when nobody knows.
 *
 * @example
 * ```ts
 * import { makingCell, record, setCellSource } from "lib/record/mod.ts";
 * const before = setCellSource(() => 3);
 * record({ id: "size", quantity: "parameters", value: 1, unit: "count" });
 * console.log(makingCell("size")); // 3
 * setCellSource(before);
 * ```
 */
export function makingCell(id: string): number | null {
  return made.get(id) ?? null;
}
