// Reading windows out of a CSV file: the lines of a window's days are read where they stand, parsed, normalised and written into a batch.
// This is the work of the loader's threads; a thread holds no more than the lines of one window.

import { Buffer } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { csvFields, csvValue } from "../series/csv_fields.ts";
import { type Normalization, writeWindow } from "../series/normalization.ts";

/** What is read, for a thread: the arrays are shared, not copied. */
export interface WindowReading {
  readonly path: string;
  /** Of the file when it was checked; another size is another file. */
  readonly bytes: number;
  /** Bytes where the line of each step of the series begins and ends; shape [steps]. */
  readonly lineStarts: Float64Array;
  readonly lineEnds: Float64Array;
  readonly fieldIndices: readonly number[];
  /** First step of each window; shape [windows]. */
  readonly starts: Uint32Array;
  readonly context: number;
  readonly horizon: number;
  readonly normalization: Normalization;
}

/** A batch's values, row-major. */
export interface WindowValues {
  /** Shape [rows, context, columns]. */
  readonly context: Float32Array<ArrayBuffer>;
  /** Shape [rows, horizon]. */
  readonly target: Float32Array<ArrayBuffer>;
}

/** Reads windows of one file, which it keeps open. */
export class WindowReader {
  readonly #reading: WindowReading;
  readonly #file: number;
  readonly #window: Float64Array[];
  #buffer = Buffer.alloc(4096);

  /** @throws {Error} when the file is gone or has another size than when it was checked */
  constructor(reading: WindowReading) {
    this.#reading = reading;
    this.#file = openSync(reading.path, "r");
    const { size } = fstatSync(this.#file);
    if (size !== reading.bytes) {
      closeSync(this.#file);
      throw new Error(
        `Cannot read windows of ${reading.path}: expected ${reading.bytes} bytes, got ${size}; the file was changed`,
      );
    }
    this.#window = reading.fieldIndices.map(() => new Float64Array(reading.context + reading.horizon));
  }

  /**
   * The windows of these rows, one after the other.
   *
   * @throws {RangeError} when there is no such row
   * @throws {Error} when the file no longer holds what it held
   */
  read(rows: Uint32Array): WindowValues {
    const { context, horizon, normalization, fieldIndices: { length: channels } } = this.#reading;
    const values = {
      context: new Float32Array(rows.length * context * channels),
      target: new Float32Array(rows.length * horizon),
    };
    rows.forEach((row, i) => {
      this.#parse(row);
      const into = { ...values, contextAt: i * context * channels, targetAt: i * horizon };
      writeWindow(this.#window, { context, normalization }, into);
    });
    return values;
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }

  /** Fills `#window` with the values of the steps of a row. */
  #parse(row: number): void {
    const { starts, context, horizon, lineStarts, lineEnds, path, fieldIndices } = this.#reading;
    if (row >= starts.length) {
      throw new RangeError(`Cannot read windows: expected rows below ${starts.length}, got ${row}`);
    }
    const first = starts[row];
    const from = lineStarts[first];
    const bytes = this.#readBytes(from, lineEnds[first + context + horizon - 1]);
    try {
      for (let i = 0; i < context + horizon; i++) {
        const line = bytes.toString("latin1", lineStarts[first + i] - from, lineEnds[first + i] - from);
        const fields = csvFields(line.trimEnd());
        fieldIndices.forEach((field, channel) => {
          this.#window[channel][i] = csvValue(fields[field] ?? "", `field ${field + 1}`);
          if (Number.isNaN(this.#window[channel][i])) {
            throw new Error(`expected a value in field ${field + 1}, got none`);
          }
        });
      }
    } catch (error) {
      throw new Error(
        `Cannot read windows of ${path}: at byte ${from}: ${(error as Error).message}; the file was changed`,
        {
          cause: error,
        },
      );
    }
  }

  #readBytes(from: number, to: number): Buffer {
    const length = to - from;
    if (this.#buffer.length < length) this.#buffer = Buffer.alloc(2 * length);
    const got = readSync(this.#file, this.#buffer, 0, length, from);
    if (got === length) return this.#buffer.subarray(0, length);
    throw new Error(
      `Cannot read windows of ${this.#reading.path}: expected ${length} bytes at ${from}, got ${got}; the file was changed`,
    );
  }
}
