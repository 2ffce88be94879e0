// The texts beside imported vectors: a line a row, or a table with a header.

import { readFile } from "node:fs/promises";
import { extname } from "node:path";

/** A table of texts. */
export interface ImportedTexts {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Reads texts: a `.tsv` has a header of column names; of any other file each line is the `text` of a row.
 *
 * @param rows how many there must be
 * @throws {RangeError} for another count, a line with a tab that is no `.tsv`, or rows of different numbers of fields
 * @throws {TypeError} when the file is not UTF-8
 */
export async function readImportedTexts(file: string, rows: number): Promise<ImportedTexts> {
  const isTable = extname(file).toLowerCase() === ".tsv";
  const lines = decoded(await readFile(file), file).replace(/\r?\n$/, "").split(/\r?\n/);
  const columns = isTable ? lines.shift()!.split("\t") : ["text"];
  if (lines.length !== rows) {
    throw new RangeError(`Cannot import ${file}: expected ${rows} texts, one for each vector, got ${lines.length}`);
  }
  const table = lines.map((line) => line.split("\t"));
  const wrong = table.findIndex((fields) => fields.length !== columns.length);
  if (wrong >= 0) {
    const expected = isTable ? `${columns.length} fields` : "no tabs (name the file .tsv if it is a table)";
    throw new RangeError(
      `Cannot import ${file}: expected ${expected} in row ${wrong}, got ${table[wrong].length} fields`,
    );
  }
  return { columns, rows: table };
}

function decoded(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new TypeError(`Cannot import ${file}: expected UTF-8 text, got other bytes`);
  }
}
