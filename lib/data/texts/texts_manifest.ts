// The manifest of texts without vectors: origin, terms, hash, and how many rows each split has.

import { z } from "zod";
import { canonicalJson, sha256Hex } from "../../process/mod.ts";
import { checkedManifest } from "../checked_manifest.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");
const text = z.string().min(1);
const count = z.int().min(0);

const textsManifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Tells texts from a dataset of vectors and from a series. */
  kind: z.literal("texts"),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "expected lower-case letters, digits and hyphens"),
  title: text,
  /** From the publisher to what was downloaded. */
  origin: z.array(z.strictObject({
    name: text,
    version: text,
    obtainedFrom: text,
    licence: text,
    url: z.url().optional(),
    retrieved: z.iso.date().optional(),
    sha256: z.record(text, sha256).optional(),
  })).min(1),
  licence: z.strictObject({ name: text, notice: text }),
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.tsv$/, "expected a TSV file without a folder"),
  /** The first names a row; `split` and `text` are among the others. */
  columns: z.array(text).min(3),
  rows: z.int().min(1),
  splits: z.strictObject({ train: count, validation: count, test: count }),
  files: z.record(text, z.strictObject({ bytes: count, sha256 })),
  build: z.strictObject({ command: text, seed: z.int(), dropped: z.record(text, count) }),
}).superRefine((manifest, context) => {
  const complain = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (!manifest.files[manifest.file]) complain("file", `expected a file listed in files, got ${manifest.file}`);
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
