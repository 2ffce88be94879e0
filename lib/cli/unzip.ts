// Taking single files out of a zip archive (a jar), streaming: they are larger than one would hold in memory.

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { writeFileAtomic } from "../process/mod.ts";

interface Entry {
  readonly method: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  readonly headerOffset: number;
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;
/** End record and the longest comment. */
const LONGEST_END = 22 + 65535;

/**
 * Writes one entry of an archive below 4 GiB to `target`, whole or not at all.
 *
 * @throws {Error} when the archive is damaged or has no such entry
 */
export async function extract(archive: string, name: string, target: string): Promise<void> {
  await writeFileAtomic(target, entryPieces(archive, name));
}

/**
 * One entry of an archive below 4 GiB, piece after piece.
 *
 * @throws {Error} when the archive is damaged or has no such entry, some of it only after the last piece
 */
export async function* entryPieces(archive: string, name: string): AsyncGenerator<Uint8Array> {
  const entry = (await entries(archive)).get(name);
  if (!entry) throw new Error(`Cannot unpack ${archive}: it has no entry ${name}`);
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new Error(`Cannot unpack ${name}: expected compression method 0 or 8, got ${entry.method}`);
  }
  const header = await read(archive, entry.headerOffset, 30);
  const start = entry.headerOffset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = createReadStream(archive, { start, end: start + entry.compressedBytes - 1, highWaterMark: 2 ** 20 });
  // An error of one of the two reaches whoever reads the other.
  const source = entry.method === STORED ? packed : pipeline(packed, createInflateRaw(), () => {});
  let bytes = 0;
  for await (const piece of source as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    yield piece;
  }
  if (bytes !== entry.bytes) throw new Error(`Cannot unpack ${name}: expected ${entry.bytes} bytes, got ${bytes}`);
}

/** The central directory. */
async function entries(archive: string): Promise<Map<string, Entry>> {
  const { count, offset, bytes } = await endRecord(archive);
  const directory = await read(archive, offset, bytes);
  const found = new Map<string, Entry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (directory.getUint32(at, true) !== ENTRY_SIGNATURE) throw new Error(`Cannot unpack ${archive}: it is damaged`);
    const nameBytes = directory.getUint16(at + 28, true);
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, nameBytes));
    found.set(name, {
      method: directory.getUint16(at + 10, true),
      compressedBytes: directory.getUint32(at + 20, true),
      bytes: directory.getUint32(at + 24, true),
      headerOffset: directory.getUint32(at + 42, true),
    });
    at += 46 + nameBytes + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
  }
  return found;
}

/** Where the central directory is, from the record at the end of the file. */
async function endRecord(archive: string): Promise<{ count: number; offset: number; bytes: number }> {
  const file = await open(archive);
  const { size } = await file.stat();
  await file.close();
  const start = Math.max(0, size - LONGEST_END);
  const tail = await read(archive, start, size - start);
  for (let at = tail.byteLength - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_SIGNATURE) continue;
    return {
      count: tail.getUint16(at + 10, true),
      bytes: tail.getUint32(at + 12, true),
      offset: tail.getUint32(at + 16, true),
    };
  }
  throw new Error(`Cannot unpack ${archive}: it is no zip archive`);
}

async function read(path: string, position: number, length: number): Promise<DataView> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, position);
    if (bytesRead !== length) throw new Error(`Cannot unpack ${path}: it is damaged`);
    return new DataView(bytes.buffer);
  } finally {
    await file.close();
  }
}
