// What all manifests under data/ share: their common fields, how one is checked, and how their kinds are told apart.

import { z } from "zod";

/** Fields of manifests. */
export const text = z.string().min(1);
export const count = z.int().min(0);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");
/** Name of a folder under data/. */
export const folderName = z.string().regex(
  /^[a-z0-9][a-z0-9-]*$/,
  "expected lower-case letters, digits and hyphens",
);

/** From the publisher to what was downloaded. */
export const origin = z.array(z.strictObject({
  name: text,
  version: text,
  obtainedFrom: text,
  licence: text,
  url: z.url().optional(),
  retrieved: z.iso.date().optional(),
  sha256: z.record(text, sha256).optional(),
})).min(1);

/** What a manifest of one table says, whatever is in its rows; `ending` is that of the table's file. */
export function tableFields(ending: "csv" | "tsv") {
  const fileName = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]*\\.${ending}$`);
  return {
    schemaVersion: z.literal(1),
    name: folderName,
    title: text,
    origin,
    licence: z.strictObject({ name: text, notice: text }),
    file: z.string().regex(fileName, `expected a ${ending.toUpperCase()} file without a folder`),
    files: z.record(text, z.strictObject({ bytes: count, sha256 })),
  };
}

/** Complains when the table's file is not among those whose hashes are listed. */
export function checkTableFile(
  { file, files }: { file: string; files: Readonly<Record<string, unknown>> },
  context: z.RefinementCtx,
): void {
  if (files[file]) return;
  context.addIssue({ code: "custom", path: ["file"], message: `expected a file listed in files, got ${file}` });
}

/**
 * Checks a manifest read from JSON.
 *
 * @param of what it describes, such as "a dataset"
 * @throws {TypeError} naming the path of the first offending field
 */
export function checkedManifest<S extends z.ZodType>(
  schema: S,
  value: unknown,
  { label, of }: { label: string; of: string },
): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue.path.join(".") || "(top level)";
  const [field] = issue.path;
  const hint = field === "origin" || field === "licence" ? ` (${of} without provenance is refused)` : "";
  throw new TypeError(`Cannot read ${label}: ${path}: ${issue.message}${hint}`);
}

/** Whether a manifest says that it is of a kind; that of a dataset of vectors names none. */
export function isOfKind(manifest: unknown, kind: "series" | "texts"): boolean {
  return typeof manifest === "object" && manifest !== null && (manifest as { kind?: unknown }).kind === kind;
}
