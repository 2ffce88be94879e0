// One line of a CSV file: its fields by RFC 4180, and what they say. Small and strict, so that the reader of a whole file and the loader's
// threads, which read single lines, agree to the bit.

/** Texts that stand for no value: FRED's point, what pandas and R write, and nothing at all. */
const EMPTY_VALUES = ["", ".", "NA", "NaN"];
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** What is wrong with a line; whoever knows file and line number says where. */
export class CsvProblem extends Error {
  override name = "CsvProblem";
}

/**
 * The fields of a line, without quotes. A quoted field may hold commas and doubled quotes, but no line break: a series has none, and any line
 * can then be read alone.
 *
 * @throws {CsvProblem} for a quote that is not closed, or stands inside a field
 */
export function csvFields(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const fields: string[] = [];
  for (let at = 0; at <= line.length;) {
    const { field, end } = line[at] === '"' ? quotedField(line, at) : plainField(line, at);
    fields.push(field);
    if (end < line.length && line[end] !== ",") {
      throw new CsvProblem(`expected a comma after a quoted field, got ${JSON.stringify(line.slice(end, end + 10))}`);
    }
    at = end + 1;
  }
  return fields;
}

function plainField(line: string, start: number): { field: string; end: number } {
  const comma = line.indexOf(",", start);
  const end = comma < 0 ? line.length : comma;
  const field = line.slice(start, end);
  if (field.includes('"')) throw new CsvProblem(`expected quotes around a whole field, got ${field}`);
  return { field, end };
}

function quotedField(line: string, start: number): { field: string; end: number } {
  let field = "";
  for (let at = start + 1;;) {
    const quote = line.indexOf('"', at);
    if (quote < 0) throw new CsvProblem("expected a closing quote in the same line, got none");
    field += line.slice(at, quote);
    if (line[quote + 1] !== '"') return { field, end: quote + 1 };
    field += '"';
    at = quote + 2;
  }
}

/**
 * The value of a field: NaN where it is empty ("", ".", "NA", "NaN").
 *
 * @throws {CsvProblem} for text, for numbers with separators of thousands or units, and for what a double cannot hold
 */
export function csvValue(field: string, column: string): number {
  const text = field.trim();
  if (EMPTY_VALUES.includes(text)) return NaN;
  const value = NUMBER.test(text) ? Number(text) : NaN;
  if (Number.isFinite(value)) return value;
  throw new CsvProblem(`expected a number in "${column}" (or nothing, ".", "NA", "NaN"), got ${JSON.stringify(text)}`);
}
