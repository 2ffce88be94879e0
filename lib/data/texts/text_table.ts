// Tables of texts: a header and lines with tabs between their fields.

/** What a table is expected to be. */
export interface TextTableFacts {
  readonly columns: readonly string[];
  /** Rows without the header. */
  readonly rows: number;
  /** How errors name the file. */
  readonly path: string;
}

/**
 * The columns of a table, each with one string a row.
 *
 * @throws {TypeError} when the bytes are no UTF-8
 * @throws {RangeError} for another header, another number of rows, or a row with another number of fields
 */
export function parseTextTable(bytes: Uint8Array, { columns, rows, path }: TextTableFacts): Record<string, string[]> {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  const [header, ...lines] = text.replace(/\n$/, "").split("\n");
  if (header !== columns.join("\t")) {
    throw new RangeError(`Cannot read ${path}: expected the columns ${columns.join(", ")}, got ${header}`);
  }
  if (lines.length !== rows) {
    throw new RangeError(`Cannot read ${path}: expected ${rows} rows, got ${lines.length}`);
  }
  const fields = lines.map((line) => line.split("\t"));
  const wrong = fields.findIndex((row) => row.length !== columns.length);
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot read ${path}: expected ${columns.length} fields in row ${wrong}, got ${fields[wrong].length}`,
    );
  }
  return Object.fromEntries(columns.map((column, i) => [column, fields.map((row) => row[i])]));
}
