// The manifest of a series under data/: origin, terms, hash, and what its rows are known to be.

import { z } from "zod";
import { checkedManifest, checkTableFile, count, tableFields, text } from "../checked_manifest.ts";

const date = z.iso.date();

const seriesManifestSchema = z.strictObject({
  ...tableFields("csv"),
  /** Tells a series from a dataset of vectors. */
  kind: z.literal("series"),
  unit: text,
  dateColumn: text,
  columns: z.array(text).min(1),
  rows: z.int().min(2),
  emptyValues: count,
  firstDate: date,
  lastDate: date,
  build: z.strictObject({ command: text }),
}).superRefine(checkTableFile);

/** What `manifest.json` says about a series. */
export type SeriesManifest = z.infer<typeof seriesManifestSchema>;

/**
 * Checks a series' manifest read from JSON.
 *
 * @throws {TypeError} naming the path of the first offending field
 */
export function parseSeriesManifest(value: unknown, label: string): SeriesManifest {
  return checkedManifest(seriesManifestSchema, value, { label, of: "a series" });
}
