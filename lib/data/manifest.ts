// The manifest beside a dataset's files: where the data came from, under which licence, how to rebuild it, and the hash of
// every file. A dataset without provenance does not load.

import { z } from "zod";
import { canonicalJson, sha256Hex } from "../process/mod.ts";
import { checkedManifest, count, folderName, origin, sha256, text } from "./checked_manifest.ts";

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "expected a file name without a folder");
const range = z.strictObject({ start: z.int().min(0), end: z.int().min(1) });

const model = z.strictObject({
  name: text,
  revision: text,
  obtainedFrom: text,
  licence: text,
  sha256: z.record(text, sha256),
  settings: text,
});

const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: folderName,
  title: text,
  /** True for arrays made by a random number generator: good for measuring cost, never for quality. */
  synthetic: z.boolean(),
  origin,
  licence: z.strictObject({ name: text, file: fileName.optional(), notice: text.optional() }),
  model: model.nullable(),
  count: z.int().min(1),
  width: z.int().min(1),
  dtype: z.enum(["F64", "F32", "F16", "BF16"]),
  columns: z.record(text, z.strictObject({ file: fileName, tensor: text, shape: z.array(z.int().min(1)).min(1) })),
  texts: z.strictObject({ file: fileName, columns: z.array(text).min(1) }).nullable(),
  splits: z.strictObject({ train: range, validation: range, test: range }),
  files: z.record(fileName, z.strictObject({ bytes: count, sha256 })),
  build: z.strictObject({
    command: text,
    seed: z.int(),
    dropped: z.record(text, count).optional(),
    versions: z.record(text, text),
  }),
}).superRefine((manifest, context) => {
  const complain = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
  if (Object.keys(manifest.columns).length === 0) complain(["columns"], "expected at least one column");
  for (const [name, column] of Object.entries(manifest.columns)) {
    if (column.shape[0] !== manifest.count) {
      complain(["columns", name, "shape", 0], `expected ${manifest.count} rows, got ${column.shape[0]}`);
    }
    if (!manifest.synthetic && !manifest.files[column.file]) {
      complain(["columns", name, "file"], `expected a file listed in files, got ${column.file}`);
    }
  }
  for (const [path, file] of [["texts", manifest.texts?.file], ["licence", manifest.licence.file]] as const) {
    if (file && !manifest.files[file]) complain([path, "file"], `expected a file listed in files, got ${file}`);
  }
  const ranges = Object.entries(manifest.splits).sort(([, a], [, b]) => a.start - b.start);
  let end = 0;
  for (const [name, split] of ranges) {
    if (split.start < end) complain(["splits", name, "start"], `expected ${end} or more, got ${split.start} (overlap)`);
    if (split.end <= split.start) {
      complain(["splits", name, "end"], `expected more than ${split.start}, got ${split.end}`);
    }
    if (split.end > manifest.count) {
      complain(["splits", name, "end"], `expected at most ${manifest.count}, got ${split.end}`);
    }
    end = split.end;
  }
});

/** What `manifest.json` says about a dataset; see `data/README.md`. */
export type DatasetManifest = z.infer<typeof manifestSchema>;

/** Names of the three splits; selection uses `validation`, and `test` is opened through lib/evaluate. */
export type SplitName = "train" | "validation" | "test";

/**
 * Checks a manifest read from JSON.
 *
 * @param label how errors name the source
 * @throws {TypeError} naming the path of the first offending field
 *
 * @example
 * ```ts
 * import { parseManifest } from "lib/data/mod.ts";
 * try {
 *   parseManifest({ schemaVersion: 1, name: "mine" }, "data/mine/manifest.json");
 * } catch (error) {
 *   console.log((error as Error).message); // Cannot read data/mine/manifest.json: title: ...
 * }
 * ```
 */
export function parseManifest(value: unknown, label = "manifest"): DatasetManifest {
  return checkedManifest(manifestSchema, value, { label, of: "a dataset" });
}

/** The identity of a dataset: what its manifest says about contents, not its titles and versions. */
export function datasetHash({ name, files, columns, texts, splits }: DatasetManifest): string {
  const hashes = Object.fromEntries(Object.entries(files).map(([file, { sha256 }]) => [file, sha256]));
  return sha256Hex(canonicalJson({ name, files: hashes, columns, texts, splits }));
}

/** Row indices of each split from the manifest's ranges. */
export function splitIndices({ splits }: DatasetManifest): Record<SplitName, Uint32Array> {
  const indices = ({ start, end }: { start: number; end: number }) =>
    Uint32Array.from({ length: end - start }, (_, i) => start + i);
  return { train: indices(splits.train), validation: indices(splits.validation), test: indices(splits.test) };
}
