// Writes text files of the Bible Retrieval System, for tests of what reads them: LZW as the program `compress` has it, window by window.

const HEADER_BYTES = 92;
const CLEAR = 256;

/** A text as such a file; `clearEvery` codes the table of strings is emptied. */
export function retrievalText(
  text: Uint8Array,
  { windowBytes, clearEvery = Infinity }: { windowBytes: number; clearEvery?: number },
): Uint8Array {
  const windows: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += windowBytes) {
    windows.push(packWindow(text.subarray(at, at + windowBytes), clearEvery));
  }
  const tableEnd = HEADER_BYTES + 4 * (windows.length + 1);
  const file = new Uint8Array(windows.reduce((sum, { length }) => sum + length, tableEnd));
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode("EC02Compressed Data File"));
  view.setUint32(84, windowBytes);
  view.setUint32(88, windows.length);
  let offset = tableEnd;
  windows.forEach((window, i) => {
    view.setUint32(HEADER_BYTES + 4 * i, offset);
    file.set(window, offset);
    offset += window.length;
  });
  view.setUint32(HEADER_BYTES + 4 * windows.length, offset);
  return file;
}

/** Codes, eight of a width at a time: when the width changes, the rest of the eight is written too. */
class CodeWriter {
  readonly bytes: number[] = [];
  #group: number[] = [];
  width = 9;

  push(code: number): void {
    this.#group.push(code);
    if (this.#group.length === 8) this.flush(true);
  }

  /** Ends the group, padded where others follow. */
  flush(whole: boolean): void {
    if (this.#group.length === 0) return;
    const bytes = new Uint8Array(whole ? this.width : Math.ceil(this.#group.length * this.width / 8));
    this.#group.forEach((code, k) => {
      for (let i = 0; i < this.width; i++) {
        const bit = k * this.width + i;
        bytes[bit >> 3] |= ((code >> i) & 1) << (bit & 7);
      }
    });
    this.bytes.push(...bytes);
    this.#group = [];
  }
}

function packWindow(text: Uint8Array, clearEvery: number): Uint8Array {
  const writer = new CodeWriter();
  let strings = new Map<string, number>();
  let free = CLEAR + 1;
  let written = 0;
  const codeOf = (string: string) => (string.length === 1 ? string.charCodeAt(0) : strings.get(string));
  const write = (code: number) => {
    writer.push(code);
    written++;
  };
  // The reader defines a string one code later than the writer: its count of them decides about the width.
  let known = CLEAR + 1;
  let isFirst = true;
  const emit = (code: number) => {
    write(code);
    if (isFirst) isFirst = false;
    else known = Math.min(known + 1, 1 << 16);
    if (writer.width < 16 && known > (1 << writer.width) - 1) {
      writer.flush(true);
      writer.width++;
    }
  };
  let string = "";
  for (const byte of text) {
    const longer = string + String.fromCharCode(byte);
    if (string === "" || codeOf(longer) !== undefined) {
      string = longer;
      continue;
    }
    emit(codeOf(string)!);
    if (free < 1 << 16) strings.set(longer, free++);
    string = String.fromCharCode(byte);
    if (written >= clearEvery) {
      write(CLEAR);
      writer.flush(true);
      strings = new Map();
      [free, known, writer.width, written] = [CLEAR + 1, CLEAR, 9, 0];
      // After a cleared table the reader defines string 256, which no code means, with the first code.
    }
  }
  if (string !== "") emit(codeOf(string)!);
  writer.flush(false);
  return Uint8Array.from(writer.bytes);
}
