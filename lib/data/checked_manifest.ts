// What all manifests under data/ share: how one is checked, and how their kinds are told apart.

import type { z } from "zod";

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
