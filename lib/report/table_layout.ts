// What Markdown and HTML tables have in common: which columns hold numbers, and which unit belongs in a column head.

import type { ResultRecord } from "../record/mod.ts";
import type { Inline, TableBlock } from "./document.ts";
import { unitLabel } from "./format.ts";

/** One column as it is drawn. */
export interface ColumnLayout {
  align: "left" | "right";
  /** The unit that every number of the column shares, to stand in the head and not in the cells; "" when there is none. */
  unit: string;
}

/** Alignment and shared unit of every column. */
export function layoutColumns(block: TableBlock, records: ReadonlyMap<string, ResultRecord>): ColumnLayout[] {
  return block.columns.map((column, c) => {
    const cells = block.rows.map((row) => row[c]).filter((cell) => cell.length > 0);
    const numeric = cells.length > 0 && cells.every((cell) => isNumeric(cell, records)) &&
      cells.some((cell) => !isMissing(cell, records));
    const align = column.align === "auto" ? (numeric ? "right" : "left") : column.align;
    const unit = numeric ? sharedUnit(cells, records) : "";
    return { align, unit: unit !== "" && plain(column.label).includes(`(${unit})`) ? "" : unit };
  });
}

function isNumeric(cell: Inline[], records: ReadonlyMap<string, ResultRecord>): boolean {
  if (cell.length !== 1) return false;
  const [inline] = cell;
  if (inline.kind === "parameter") return typeof inline.value === "number";
  if (inline.kind !== "record") return false;
  const value = records.get(inline.id)!.value;
  return typeof value === "number" || value === null;
}

function isMissing([inline]: Inline[], records: ReadonlyMap<string, ResultRecord>): boolean {
  return inline.kind === "record" && records.get(inline.id)!.value === null;
}

function sharedUnit(cells: Inline[][], records: ReadonlyMap<string, ResultRecord>): string {
  const units = cells.filter((cell) => !isMissing(cell, records)).map(([inline]) => {
    if (inline.kind !== "record") return "";
    if (inline.format === "percent") return "%";
    return unitLabel(records.get(inline.id)!.unit);
  });
  const [first] = units;
  return first !== undefined && units.every((unit) => unit === first) ? first : "";
}

/** The visible text of inlines that hold no records. */
export function plain(content: readonly Inline[]): string {
  return content.map((inline) =>
    "children" in inline
      ? plain(inline.children)
      : inline.kind === "parameter"
      ? String(inline.value)
      : inline.kind === "record"
      ? ""
      : inline.text
  ).join("");
}
