// The manifest of a series under data/: origin, terms, hash, and what its rows are known to be.

import { z } from "zod";
import { checkedManifest } from "../checked_manifest.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");
const text = z.string().min(1);
const date = z.iso.date();

const seriesManifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Tells a series from a dataset of vectors. */
  kind: z.literal("series"),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "expected lower-case letters, digits and hyphens"),
  title: text,
  /** From the publisher to what was downloaded. */
  origin: z.array(z.strictObject({
    name: text,
    version: text,
    obtainedFrom: text,
    licence: text,
    url: z.url().optional(),
    retrieved: date.optional(),
    sha256: z.record(text, sha256).optional(),
  })).min(1),
  licence: z.strictObject({ name: text, notice: text }),
  unit: text,
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.csv$/, "expected a CSV file without a folder"),
  dateColumn: text,
  columns: z.array(text).min(1),
  rows: z.int().min(2),
  emptyValues: z.int().min(0),
  firstDate: date,
  lastDate: date,
  files: z.record(text, z.strictObject({ bytes: z.int().min(0), sha256 })),
  build: z.strictObject({ command: text }),
}).superRefine((manifest, context) => {
  if (manifest.files[manifest.file]) return;
  context.addIssue({
    code: "custom",
    path: ["file"],
    message: `expected a file listed in files, got ${manifest.file}`,
  });
});

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
