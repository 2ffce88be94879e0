// Lines of a text file, one chunk in memory at a time, each with its number and the byte where it begins.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

/** A line without its end. */
export interface CsvLine {
  readonly text: string;
  /** Counted from 1. */
  readonly number: number;
  /** Byte of the file where it begins, after a byte order mark. */
  readonly offset: number;
}

/** What is known of a file after its last line. */
export interface CsvFileFacts {
  readonly sha256: string;
  readonly bytes: number;
  readonly lines: number;
}

/** Read at a time. */
const CHUNK_BYTES = 2 ** 20;
/** No line of a series is that long; a file without line breaks must not be held whole. */
export const LONGEST_LINE_BYTES = 2 ** 16;
const [LINE_FEED, RETURN, NUL] = [10, 13, 0];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Hands every line to `onLine`. Lines end with a line feed, or return and line feed; the last one may do without. A byte order mark is passed
 * over.
 *
 * @throws {TypeError} for bytes that are no UTF-8 text, and for a line longer than 64 KiB
 */
export async function eachLine(path: string, onLine: (line: CsvLine) => void): Promise<CsvFileFacts> {
  const hash = createHash("sha256");
  const reader = new LineReader(path, onLine);
  const file = await open(path, "r");
  try {
    // What is left of a line before the chunk, and the chunk behind it.
    const buffer = Buffer.alloc(LONGEST_LINE_BYTES + CHUNK_BYTES);
    let left = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, left, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(left, left + bytesRead));
      const used = reader.read(buffer.subarray(0, left + bytesRead));
      left = left + bytesRead - used;
      buffer.copyWithin(0, used, used + left);
    }
    if (left > 0) reader.line(buffer.subarray(0, left));
  } finally {
    await file.close();
  }
  return { sha256: hash.digest("hex"), bytes: reader.offset, lines: reader.count };
}

class LineReader {
  offset = 0;
  count = 0;
  readonly #path: string;
  readonly #onLine: (line: CsvLine) => void;

  constructor(path: string, onLine: (line: CsvLine) => void) {
    this.#path = path;
    this.#onLine = onLine;
  }

  /** Reads the whole lines of `bytes`; gives how many bytes they are. */
  read(bytes: Buffer): number {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LINE_FEED, start);
      if (end < 0) break;
      this.line(bytes.subarray(start, end + 1));
      start = end + 1;
    }
    if (bytes.length - start > LONGEST_LINE_BYTES) this.#tooLong(this.count + 1);
    return start;
  }

  /** Reads one line, with its end. */
  line(bytes: Buffer): void {
    let start = 0;
    let end = bytes.length;
    if (this.offset === 0 && BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte)) start = 3;
    if (end > start && bytes[end - 1] === LINE_FEED) end--;
    if (end > start && bytes[end - 1] === RETURN) end--;
    this.count++;
    if (bytes.length > LONGEST_LINE_BYTES) this.#tooLong(this.count);
    if (bytes.includes(NUL)) this.#refuse("UTF-8 text", "a byte of zero; is the file binary, or UTF-16?");
    const text = bytes.toString("utf8", start, end);
    if (text.includes("\uFFFD")) this.#refuse("UTF-8 text", "other bytes");
    if (text.includes("\r")) this.#refuse("lines that end with a line feed", "a return alone");
    this.#onLine({ text, number: this.count, offset: this.offset + start });
    this.offset += bytes.length;
  }

  #tooLong(number: number): never {
    this.#refuse(
      `lines of at most ${LONGEST_LINE_BYTES} bytes`,
      "a longer one; is it a table with line breaks?",
      number,
    );
  }

  #refuse(expected: string, got: string, number = this.count): never {
    throw new TypeError(`Cannot read ${this.#path}: line ${number}: expected ${expected}, got ${got}`);
  }
}
