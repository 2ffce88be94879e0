// The text file of Chip Chapin's Bible Retrieval System (1993): windows of a text, each compressed alone by LZW as the program `compress`
// does it, behind a table of where they begin. All numbers are unsigned, 4 bytes, the highest first.

import { CommandError } from "../command.ts";

const MAGIC = "EC02";
/** Magic, version and an 80-byte description. */
const FACTS_AT = 84;
const NUMBER_BYTES = 4;

const FIRST_BITS = 9;
const MOST_BITS = 16;
/** Code that empties the table of strings. */
const CLEAR = 256;

/** Whether a file begins as one of the system's. */
export function isRetrievalText(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, MAGIC.length)) === MAGIC;
}

/**
 * The whole text.
 *
 * @throws {CommandError} when it is another file, cut short, or a window does not hold what the table says
 */
export function unpackRetrievalText(bytes: Uint8Array): Uint8Array {
  if (!isRetrievalText(bytes)) {
    throw new CommandError(`Cannot unpack the text: expected a file that begins with ${MAGIC}, got another`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numberAt = (offset: number) => {
    if (offset + NUMBER_BYTES > bytes.length) throw new CommandError("Cannot unpack the text: the file is cut short");
    return view.getUint32(offset);
  };
  const windowBytes = numberAt(FACTS_AT);
  const count = numberAt(FACTS_AT + NUMBER_BYTES);
  const startOf = (window: number) => numberAt(FACTS_AT + NUMBER_BYTES * (2 + window));
  if (startOf(count) > bytes.length) throw new CommandError("Cannot unpack the text: the file is cut short");
  const windows = Array.from({ length: count }, (_, i) => {
    const window = unpackWindow(bytes.subarray(startOf(i), startOf(i + 1)));
    if (window.length === windowBytes || (i === count - 1 && window.length <= windowBytes)) return window;
    throw new CommandError(`Cannot unpack window ${i}: expected ${windowBytes} bytes, got ${window.length}`);
  });
  const text = new Uint8Array(windows.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const window of windows) {
    text.set(window, offset);
    offset += window.length;
  }
  return text;
}

/** Codes of growing width. `compress` writes eight of a width at a time; when the width changes, what is left of the eight is skipped. */
class Codes {
  #at = 0;
  #group = { firstBit: 0, bits: 0, offset: 0 };
  width = FIRST_BITS;

  constructor(readonly bytes: Uint8Array) {}

  /** Begins another group of codes of this width. */
  startGroup(width: number): void {
    this.width = width;
    this.#group = { firstBit: 0, bits: 0, offset: 0 };
  }

  /** Null at the end. */
  next(): number | null {
    const { width } = this;
    if (this.#group.offset + width > this.#group.bits) {
      const size = Math.min(width, this.bytes.length - this.#at);
      if (8 * size < width) return null;
      this.#group = { firstBit: 8 * this.#at, bits: 8 * size, offset: 0 };
      this.#at += size;
    }
    const bit = this.#group.firstBit + this.#group.offset;
    this.#group.offset += width;
    let code = 0;
    for (let i = 0; i < width; i++) code |= ((this.bytes[(bit + i) >> 3] >> ((bit + i) & 7)) & 1) << i;
    return code;
  }
}

/** LZW (Welch 1984) with codes of 9 to 16 bits. */
function unpackWindow(bytes: Uint8Array): Uint8Array {
  const codes = new Codes(bytes);
  const prefixes = new Uint16Array(1 << MOST_BITS);
  const suffixes = Uint8Array.from({ length: 1 << MOST_BITS }, (_, code) => code);
  const first = codes.next();
  if (first === null) return new Uint8Array();
  const output: number[] = [first];
  let [free, previous, character] = [CLEAR + 1, first, first];
  for (;;) {
    if (free > highestOf(codes.width)) codes.startGroup(codes.width + 1);
    let code = codes.next();
    if (code === CLEAR) {
      free = CLEAR;
      codes.startGroup(FIRST_BITS);
      code = codes.next();
    }
    if (code === null) return Uint8Array.from(output);
    const reversed: number[] = [];
    let rest = code;
    if (rest >= free) { // the string that is being defined: the last one and its own first character
      reversed.push(character);
      rest = previous;
    }
    for (; rest >= CLEAR; rest = prefixes[rest]) reversed.push(suffixes[rest]);
    character = rest;
    reversed.push(character);
    for (let i = reversed.length - 1; i >= 0; i--) output.push(reversed[i]);
    if (free < 1 << MOST_BITS) {
      prefixes[free] = previous;
      suffixes[free++] = character;
    }
    previous = code;
  }
}

/** Beyond this code the next width begins; the widest one has no end. */
const highestOf = (width: number) => (width === MOST_BITS ? 1 << MOST_BITS : (1 << width) - 1);
