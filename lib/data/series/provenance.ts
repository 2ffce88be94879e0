// Where a series comes from and on what terms: without both it is not read. No fake data begins here.

import { readFile } from "node:fs/promises";
import { z } from "zod";

const text = z.string().trim().min(1);

const provenanceSchema = z.strictObject({
  /** Who published the values, and where they were taken from. */
  origin: text,
  /** Licence or terms of use. */
  terms: text,
  /** Of the values: "US dollars per barrel". */
  unit: text.optional(),
  /** When they were taken from there. */
  retrieved: text.optional(),
});

/** Where a series comes from, and on what terms it may be used. */
export type Provenance = z.infer<typeof provenanceSchema>;

/** The file beside a CSV file that says where it comes from. */
export const provenanceFile = (csvFile: string) => `${csvFile}.provenance.json`;

/**
 * The provenance of a CSV file: as given, else from `FILE.csv.provenance.json` beside it.
 *
 * @throws {TypeError} when there is none, or it names no origin or no terms
 */
export async function provenanceOf(csvFile: string, given: Provenance | undefined, label: string): Promise<Provenance> {
  const [value, source] = given === undefined
    ? [await besideFile(csvFile, label), `${label}.provenance.json`]
    : [given, "options"];
  if (value === null) {
    throw new TypeError(
      `Cannot read ${label}: expected its origin and terms, got none (a series without provenance is refused); write ` +
        `{ "origin": "who published it, and where you took it from", "terms": "licence or terms of use" } to ${label}.provenance.json`,
    );
  }
  const result = provenanceSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue.path.join(".") || "provenance";
  throw new TypeError(
    `Cannot read ${label}: ${source}: ${path}: ${issue.message} (a series without provenance is refused)`,
  );
}

async function besideFile(csvFile: string, label: string): Promise<unknown> {
  let content: string;
  try {
    content = await readFile(provenanceFile(csvFile), "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw error;
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new TypeError(`Cannot read ${label}.provenance.json: ${(error as Error).message}`);
  }
}
