// The manifest of texts without vectors: origin, terms, hash, and how many rows each split has.

import { z } from "zod";
import { canonicalJson, sha256Hex } from "../../process/mod.ts";
import { checkedManifest, checkTableFile, count, tableFields, text } from "../checked_manifest.ts";

const textsManifestSchema = z.strictObject({
  ...tableFields("tsv"),
  /** Tells texts from a dataset of vectors and from a series. */
  kind: z.literal("texts"),
  /** The first names a row; `split` and `text` are among the others. */
  columns: z.array(text).min(3),
  rows: z.int().min(1),
  splits: z.strictObject({ train: count, validation: count, test: count }),
  build: z.strictObject({ command: text, seed: z.int(), dropped: z.record(text, count) }),
}).superRefine((manifest, context) => {
  checkTableFile(manifest, context);
  const complain = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  for (const column of ["split", "text"]) {
    if (!manifest.columns.includes(column)) complain("columns", `expected "${column}" among them`);
  }
  const { train, validation, test } = manifest.splits;
  if (train + validation + test !== manifest.rows) complain("splits", `expected ${manifest.rows} rows together`);
});

/** What `manifest.json` says about texts without vectors. */
export type TextsManifest = z.infer<typeof textsManifestSchema>;

/**
 * Checks a manifest of texts read from JSON.
 *
 * @throws {TypeError} naming the path of the first offending field
 */
export function parseTextsManifest(value: unknown, label: string): TextsManifest {
  return checkedManifest(textsManifestSchema, value, { label, of: "a set of texts" });
}

/** The identity of texts: what the manifest says about contents. */
export function textsHash({ name, file, columns, files }: TextsManifest): string {
  return sha256Hex(canonicalJson({ name, file, columns, sha256: files[file].sha256 }));
}
