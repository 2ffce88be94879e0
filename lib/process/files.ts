// Files that are either the old version or the new one, never half of it; and what identities are
// made of: hashes, and a text form of a value that does not depend on the order of its keys.

import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A value that `canonicalJson` can write: JSON, plus `undefined` for properties that are left out. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** What a file is to hold: all at once, or piece after piece. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A single write is limited to 2 GiB. */
const WRITE_BYTES = 64 * 1024 * 1024;

/**
 * Writes a file under a temporary name in the same folder, flushes it to disk and renames it over `path`. Missing folders are made.
 * A reader sees the old file or the new one; when writing fails, the old file stays and the temporary one is removed.
 *
 * @param data text (as UTF-8), bytes, or pieces of any size, which need not be in memory together
 * @throws the file system's error, for example when the disk is full, or what the pieces throw: a piece that finds them wrong at their end
 * keeps the old file
 *
 * @example
 * ```ts
 * import { writeFileAtomic } from "lib/process/mod.ts";
 * import { mkdtempSync, readFileSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * const folder = mkdtempSync(`${tmpdir()}/example-`);
 * await writeFileAtomic(`${folder}/sub/rows.txt`, "one\n");
 * await writeFileAtomic(`${folder}/sub/bytes`, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
 * console.log(readFileSync(`${folder}/sub/rows.txt`, "utf8")); // one
 * rmSync(folder, { recursive: true });
 * ```
 */
export async function writeFileAtomic(path: string, data: FileContent): Promise<void> {
  await replaceFile(path, async (file) => {
    for await (const piece of pieces(data)) await writeAll(file, piece);
  });
}

/** `writeFileAtomic` of what a function writes, at any positions of the file. */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function pieces(data: FileContent): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof data === "string") return [new TextEncoder().encode(data)];
  return data instanceof Uint8Array ? [data] : data; // its items would be numbers
}

/** Writes all bytes, of any number, from a position on; null: after what was written last. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number | null = null): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const at = position === null ? null : position + done;
    const { bytesWritten } = await file.write(bytes, done, Math.min(WRITE_BYTES, bytes.byteLength - done), at);
    done += bytesWritten;
  }
}

/**
 * The SHA-256 of `data` as 64 lower-case hexadecimal digits; text is hashed as UTF-8, a typed array as its bytes.
 *
 * @example
 * ```ts
 * import { sha256Hex } from "lib/process/mod.ts";
 * console.log(sha256Hex("abc").slice(0, 8)); // ba7816bf
 * ```
 */
export function sha256Hex(data: string | ArrayBufferView | ArrayBuffer): string {
  return createHash("sha256").update(typeof data === "string" ? data : bytesOf(data)).digest("hex");
}

/**
 * The SHA-256 of a file, which need not fit in memory.
 *
 * @throws the file system's error when it cannot be read
 *
 * @example
 * ```ts
 * import { sha256OfFile } from "lib/process/mod.ts";
 * console.log((await sha256OfFile("LICENSE")).length); // 64
 * ```
 */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

function bytesOf(data: ArrayBufferView | ArrayBuffer): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/**
 * `value` as JSON with the keys of every object sorted (by UTF-16 code unit, as in RFC 8785), no spaces, and -0 written as 0: equal
 * values give equal text, so that `sha256Hex(canonicalJson(value))` can serve as their identity. Properties that are
 * `undefined` are left out.
 *
 * @throws {TypeError} naming the path of what JSON would change silently: a number that is not finite, `undefined` in an array,
 * a function, a symbol, a bigint, a cycle, or an object that is neither plain nor an array (Map, Date, typed array)
 *
 * @example
 * ```ts
 * import { canonicalJson } from "lib/process/mod.ts";
 * console.log(canonicalJson({ b: 1, a: [true, null] })); // {"a":[true,null],"b":1}
 * ```
 */
export function canonicalJson(value: unknown): string {
  return write(value, "value", new Set());
}

function write(value: unknown, path: string, parents: Set<object>): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refusal(path, String(value));
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw refusal(path, typeof value);
  if (parents.has(value)) throw refusal(path, "a cycle");
  parents.add(value);
  const text = Array.isArray(value) ? writeArray(value, path, parents) : writeObject(value, path, parents);
  parents.delete(value);
  return text;
}

function writeArray(values: unknown[], path: string, parents: Set<object>): string {
  // Array.from visits the holes of a sparse array, which map would skip.
  return `[${Array.from(values, (value, i) => write(value, `${path}[${i}]`, parents)).join(",")}]`;
}

function writeObject(value: object, path: string, parents: Set<object>): string {
  const prototype = Object.getPrototypeOf(value);
  // Not `=== Object.prototype`: an object from another realm (a vm context of a kernel) is plain too.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw refusal(path, value.constructor?.name ?? "an object of a class");
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw refusal(path, "an object with a symbol key");
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${
    entries.map(([key, item]) => `${JSON.stringify(key)}:${write(item, `${path}.${key}`, parents)}`).join(",")
  }}`;
}

function refusal(path: string, got: string): TypeError {
  return new TypeError(`Cannot write canonical JSON: expected ${path} to be a finite JSON value, got ${got}`);
}
