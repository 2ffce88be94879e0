// Frames let messages share standard output with ordinary printing: a frame is a mark that the parent chose at random, one
// line of JSON, and a newline. It may stand in the middle of a printed line; what surrounds it stays as printed.

import { Buffer } from "node:buffer";

/** What a splitter finds, in the order in which it was written. */
export interface FrameEvents {
  onFrame: (json: string) => void;
  onText: (bytes: Buffer) => void;
}

const NEWLINE = 0x0a;

/** The bytes that open a frame: a record separator, which text does not contain, and the nonce. */
function frameMark(nonce: string): string {
  return `\x1e${nonce} `;
}

/** One message as it is written to standard output. */
export function frame(nonce: string, json: string): string {
  return `${frameMark(nonce)}${json}\n`;
}

/** Separates frames from other output in a stream of bytes, in time linear in the bytes. */
export class FrameSplitter {
  #mark: Buffer;
  #events: FrameEvents;
  /** Text that may be the beginning of a mark. */
  #held: Buffer = Buffer.alloc(0);
  /** Pieces of an unfinished frame; null outside a frame. */
  #pieces: Buffer[] | null = null;

  constructor(nonce: string, events: FrameEvents) {
    this.#mark = Buffer.from(frameMark(nonce));
    this.#events = events;
  }

  /** Takes the next bytes of the stream. */
  push(chunk: Uint8Array): void {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0) rest = this.#pieces === null ? this.#pushText(rest) : this.#pushFrame(rest, this.#pieces);
  }

  /** The stream has ended: gives out held text; an unfinished frame is given out as text. */
  end(): void {
    const left = this.#pieces === null ? this.#held : Buffer.concat([this.#mark, ...this.#pieces]);
    if (left.length > 0) this.#events.onText(left);
    this.#held = Buffer.alloc(0);
    this.#pieces = null;
  }

  #pushText(chunk: Buffer): Buffer {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    const start = bytes.indexOf(this.#mark);
    const textEnd = start >= 0 ? start : bytes.length - partialMark(bytes, this.#mark);
    if (textEnd > 0) this.#events.onText(bytes.subarray(0, textEnd));
    this.#held = start >= 0 ? Buffer.alloc(0) : Buffer.from(bytes.subarray(textEnd));
    if (start < 0) return Buffer.alloc(0);
    this.#pieces = [];
    return bytes.subarray(start + this.#mark.length);
  }

  #pushFrame(chunk: Buffer, pieces: Buffer[]): Buffer {
    const end = chunk.indexOf(NEWLINE);
    if (end < 0) {
      pieces.push(Buffer.from(chunk)); // a copy: the stream may use its buffer again
      return Buffer.alloc(0);
    }
    pieces.push(chunk.subarray(0, end));
    this.#pieces = null;
    this.#events.onFrame(Buffer.concat(pieces).toString("utf8"));
    return chunk.subarray(end + 1);
  }
}

/** How many bytes at the end of `bytes` could be the beginning of `mark`. */
function partialMark(bytes: Buffer, mark: Buffer): number {
  const start = Math.max(0, bytes.length - mark.length + 1);
  for (let i = bytes.indexOf(mark[0], start); i >= 0; i = bytes.indexOf(mark[0], i + 1)) {
    if (bytes.subarray(i).equals(mark.subarray(0, bytes.length - i))) return bytes.length - i;
  }
  return 0;
}

/** Splits a stream of bytes into lines of UTF-8 (the parent's messages on standard input). */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Takes the next bytes of the stream. */
  push(chunk: Uint8Array): void {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#pieces.push(rest.subarray(0, end));
      const line = Buffer.concat(this.#pieces).toString("utf8");
      this.#pieces = [];
      rest = rest.subarray(end + 1);
      this.#onLine(line);
    }
    if (rest.length > 0) this.#pieces.push(Buffer.from(rest));
  }
}
