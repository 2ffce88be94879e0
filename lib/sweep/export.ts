// Rows for other programs: as CSV and as JSON (data_frame.ts: as a DataFrame). A flat row has parameters, metrics and costs in columns;
// histories are in JSON only.

import type { JsonValue } from "../process/mod.ts";
import type { Row, StudyRows } from "./rows.ts";
import type { AnyPoint } from "./space.ts";

/** One column of a flat row: a number, text or truth value; null where the row has none. */
export type FlatValue = number | string | boolean | null;

/** Columns after the parameters and metrics, in this order. */
const COSTS = [
  "parameterCount",
  "seconds",
  "trainSeconds",
  "peakRssBytes",
  "baselineRssBytes",
  "bestEpoch",
  "epochs",
  "steps",
  "stopped",
  "attempts",
  "machine",
  "checkpoint",
  "weightsKept",
  "key",
] as const;

/**
 * Rows as a table: each parameter under its name, each metric as `validation.NAME` (at the best epoch), then costs. Parameters that are
 * lists or objects are JSON texts.
 *
 * @example
 * ```ts
 * import { flatRows } from "lib/sweep/mod.ts";
 * console.log(flatRows([])); // { columns: [...], values: [] }
 * ```
 */
export function flatRows<P>(rows: readonly Row<P>[]): { columns: string[]; values: FlatValue[][] } {
  const plain = rows as readonly Row<AnyPoint>[];
  const known = new Set<string>(["history", "validation", ...COSTS]);
  const parameters = unique(plain.flatMap((row) => Object.keys(row).filter((name) => !known.has(name))));
  const metrics = unique(plain.flatMap(({ validation }) => Object.keys(validation)));
  const values = plain.map((row) => [
    ...parameters.map((name) => flat((row as AnyPoint)[name])),
    ...metrics.map((name) => flat(row.validation[name])),
    ...COSTS.map((name) => flat(name === "epochs" ? row.history.length : row[name])),
  ]);
  return { columns: [...parameters, ...metrics.map((name) => `validation.${name}`), ...COSTS], values };
}

/**
 * Rows as CSV (RFC 4180, with a line of names and lines that end in a line feed).
 *
 * @example
 * ```ts
 * import { toCsv } from "lib/sweep/mod.ts";
 * if (!toCsv([]).startsWith("parameterCount,")) throw new Error("columns are named");
 * ```
 */
export function toCsv<P>(rows: readonly Row<P>[]): string {
  const { columns, values } = flatRows(rows);
  const cell = (value: FlatValue) => {
    const text = value === null ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...values].map((line) => line.map(cell).join(",") + "\n").join("");
}

/**
 * Rows as JSON text, with their histories, and the trials that have no row: `{ rows, failures, pruned, cancelled }`.
 *
 * @example
 * ```ts
 * import { toJson } from "lib/sweep/mod.ts";
 * if (JSON.parse(toJson([])).rows.length !== 0) throw new Error("no rows");
 * ```
 */
export function toJson<P>(rows: readonly Row<P>[]): string {
  const { failures = [], pruned = [], cancelled = [] } = rows as Partial<StudyRows<P>>;
  return JSON.stringify({ rows: [...rows], failures, pruned, cancelled }, null, 2) + "\n";
}

function flat(value: JsonValue | undefined): FlatValue {
  if (value === undefined || value === null) return null;
  return typeof value === "object" ? JSON.stringify(value) : value;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
