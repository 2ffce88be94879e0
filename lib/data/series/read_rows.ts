// The rows of a CSV file of a series: dates that rise, and numbers, checked line by line. The text is never held: what stays is numbers.

import { dateOf, dayOf } from "./calendar.ts";
import { csvFields, CsvProblem, csvValue } from "./csv_fields.ts";
import { type CsvFileFacts, type CsvLine, eachLine } from "./csv_lines.ts";
import { doubles, type GrowingList, integers } from "./growing.ts";

/** Which columns of a file are read. */
export interface ColumnChoice {
  /** Column of the dates; the first one when absent. */
  readonly dateColumn?: string;
  /** Columns of the values, the one that is forecast first; may be left out where there is only one. */
  readonly columns?: readonly string[];
}

/** All rows of a file, in its order. */
export interface SeriesRows {
  readonly facts: CsvFileFacts;
  /** Names of the value columns. */
  readonly columns: readonly string[];
  /** Where each of them stands in a line, counted from 0. */
  readonly fieldIndices: readonly number[];
  /** Days since 1970-01-01, rising. */
  readonly days: Int32Array<ArrayBuffer>;
  /** One array a column, NaN where the field is empty. */
  readonly values: readonly Float64Array<ArrayBuffer>[];
  /** Byte where each row's line begins. */
  readonly offsets: Float64Array<ArrayBuffer>;
  /** Line of each row, counted from 1: the header and rows stand one in a line. */
  readonly firstLine: number;
}

/**
 * Reads a file in one pass, one chunk of text at a time.
 *
 * @throws {RangeError | TypeError} `Cannot read FILE: line N: expected ..., got ...`
 */
export async function readSeriesRows(path: string, choice: ColumnChoice = {}): Promise<SeriesRows> {
  const reader = new RowReader(path, choice);
  const facts = await eachLine(path, (line) => reader.read(line));
  return reader.finish(facts);
}

interface Header {
  readonly names: readonly string[];
  readonly date: number;
  readonly values: readonly number[];
}

class RowReader {
  readonly #path: string;
  readonly #choice: ColumnChoice;
  #header: Header | null = null;
  #headerLine = 0;
  #emptyLine: number | null = null;
  readonly #days: GrowingList<Int32Array<ArrayBuffer>> = integers();
  readonly #offsets: GrowingList<Float64Array<ArrayBuffer>> = doubles();
  #values: GrowingList<Float64Array<ArrayBuffer>>[] = [];

  constructor(path: string, choice: ColumnChoice) {
    this.#path = path;
    this.#choice = choice;
  }

  read(line: CsvLine): void {
    try {
      if (this.#header === null) this.#readHeader(line);
      else this.#readRow(line, this.#header);
    } catch (error) {
      if (error instanceof CsvProblem) {
        throw new RangeError(`Cannot read ${this.#path}: line ${line.number}: ${error.message}`);
      }
      throw error;
    }
  }

  finish(facts: CsvFileFacts): SeriesRows {
    if (this.#header === null) {
      throw new RangeError(`Cannot read ${this.#path}: expected a line of column names, got an empty file`);
    }
    const { names, values } = this.#header;
    return {
      facts,
      columns: values.map((index) => names[index]),
      fieldIndices: values,
      days: this.#days.values(),
      values: this.#values.map((list) => list.values()),
      offsets: this.#offsets.values(),
      firstLine: this.#headerLine + 1,
    };
  }

  #readHeader({ text, number }: CsvLine): void {
    const names = csvFields(text).map((name) => name.trim());
    if (names.length < 2) {
      const other = [";", "\t"].find((separator) => text.includes(separator));
      const got = other === undefined ? JSON.stringify(text) : `fields separated by ${JSON.stringify(other)}`;
      throw new CsvProblem(`expected the names of a date column and of value columns, separated by commas, got ${got}`);
    }
    if (names.some((name) => dayOf(name) !== null)) {
      throw new CsvProblem(`expected the names of columns, got a row of values: ${JSON.stringify(text)}`);
    }
    const repeated = names.find((name, i) => name === "" || names.indexOf(name) !== i);
    if (repeated !== undefined) {
      throw new CsvProblem(
        `expected names that differ, got ${JSON.stringify(repeated)} ${repeated === "" ? "as a name" : "twice"}`,
      );
    }
    const date = this.#choice.dateColumn === undefined ? 0 : indexOf(names, this.#choice.dateColumn);
    const values = this.#valueColumns(names, date);
    this.#header = { names, date, values };
    this.#headerLine = number;
    this.#values = values.map(() => doubles());
  }

  #valueColumns(names: readonly string[], date: number): number[] {
    const others = names.map((_, i) => i).filter((i) => i !== date);
    if (this.#choice.columns === undefined) {
      if (others.length === 1) return others;
      const list = others.map((i) => names[i]).join(", ");
      throw new CsvProblem(`expected one column of values, or a choice (columns: ...), got ${list}`);
    }
    const chosen = this.#choice.columns.map((name) => indexOf(names, name));
    const wrong = chosen.length === 0 || chosen.includes(date) || new Set(chosen).size < chosen.length;
    if (!wrong) return chosen;
    throw new CsvProblem(
      `expected columns of values that differ, other than ${names[date]}, got ${
        this.#choice.columns.join(", ") || "none"
      }`,
    );
  }

  #readRow({ text, number, offset }: CsvLine, { names, date, values }: Header): void {
    if (text.trim() === "") {
      this.#emptyLine ??= number; // fine at the end
      return;
    }
    if (this.#emptyLine !== null) {
      throw new CsvProblem(`expected no row after the empty line ${this.#emptyLine}, got one`);
    }
    const fields = csvFields(text);
    if (fields.length !== names.length) {
      throw new CsvProblem(`expected ${names.length} fields (${names.join(", ")}), got ${fields.length}`);
    }
    const day = dayOf(fields[date].trim());
    if (day === null) {
      throw new CsvProblem(`expected a date YYYY-MM-DD in "${names[date]}", got ${JSON.stringify(fields[date])}`);
    }
    const before = this.#days.last();
    if (before !== undefined && day <= before) throw new CsvProblem(disorder(before, day));
    values.forEach((index, i) => this.#values[i].push(csvValue(fields[index], names[index])));
    this.#days.push(day);
    this.#offsets.push(offset);
  }
}

function disorder(before: number, day: number): string {
  const expected = `expected a date after ${dateOf(before)}`;
  return day === before ? `${expected}, got it twice` : `${expected}, got ${dateOf(day)}; sort the rows by date`;
}

function indexOf(names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  if (index >= 0) return index;
  throw new CsvProblem(`expected a column "${name}", got ${names.join(", ")}`);
}
