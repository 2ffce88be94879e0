// The tensors of a model as the hub stores them: `model.safetensors`, or shards that an index names. Every header is read and checked when
// the folder is opened, so that a file that is missing or cut short is found then; values are read in parts, whatever their size.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { bfloat16ToFloat32, float16ToFloat32 } from "./float16.ts";
import { readRange } from "./safetensors.ts";
import { BYTES_PER_ELEMENT, headerLength, parseHeader, refuse, type SafetensorsDtype } from "./safetensors_header.ts";

/** A tensor in a file. */
export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** The file's name in its folder, and where in it the values begin. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** An open folder of tensors. */
export interface SafetensorsFolder {
  readonly folder: string;
  /** Names of the files, in the order of the index. */
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** A hash of the files' names, sizes, times of change and headers: of another one, the values may be others. */
  readonly fingerprint: string;
  /**
   * Reads values as float32, from element `first` of a floating tensor in row-major order.
   *
   * @throws {RangeError} when there is no such tensor, or it ends before
   * @throws {TypeError} for integers
   */
  readFloats(name: string, first: number, into: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** The file of a model in one piece, and the index of one in several. */
const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/**
 * Opens the tensors of a folder.
 *
 * @throws {RangeError} when there is neither file nor index, a shard is missing or cut short, a tensor that the index names is not in
 *   its shard, or a header is damaged
 *
 * @example
 * ```ts
 * import { openSafetensors, writeSafetensors } from "lib/data/mod.ts";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * const folder = mkdtempSync(`${tmpdir()}/example-`);
 * await writeSafetensors(`${folder}/model.safetensors`, { w: { dtype: "BF16", shape: [2], data: Uint16Array.of(0x3f80, 0x4000) } });
 * const source = await openSafetensors(folder);
 * const values = new Float32Array(1);
 * await source.readFloats("w", 1, values);
 * console.log(values[0]); // 2
 * await source.close();
 * rmSync(folder, { recursive: true });
 * ```
 */
export async function openSafetensors(folder: string): Promise<SafetensorsFolder> {
  const placed = existsSync(join(folder, INDEX)) ? await readIndex(join(folder, INDEX)) : null;
  if (!placed && !existsSync(join(folder, SINGLE))) {
    throw refuse(folder, `${SINGLE} or ${INDEX}`, "neither");
  }
  const files = placed ? [...new Set(placed.values())] : [SINGLE];
  const missing = files.filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0) throw refuse(folder, `all ${files.length} files of ${INDEX}`, `no ${missing.join(", ")}`);
  const opened: OpenFile[] = [];
  try {
    for (const file of files) opened.push(await openFile(folder, file));
    return new Folder(folder, opened, placed);
  } catch (error) {
    await Promise.all(opened.map(({ handle }) => handle.close()));
    throw error;
  }
}

interface OpenFile {
  readonly file: string;
  readonly handle: FileHandle;
  readonly tensors: readonly (readonly [string, StoredTensor])[];
  readonly fingerprint: string;
}

async function openFile(folder: string, file: string): Promise<OpenFile> {
  const path = join(folder, file);
  const handle = await open(path, "r");
  try {
    const { tensors, fingerprint } = await readHeader(handle, path);
    return { file, handle, tensors: [...tensors], fingerprint };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** What the header of a file says, and where its tensors lie. */
export interface HeaderOfFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads the header of one safetensors file.
 *
 * @throws {RangeError} when the file is cut short or its header damaged
 */
export async function readSafetensorsHeader(path: string): Promise<HeaderOfFile> {
  const handle = await open(path, "r");
  try {
    return await readHeader(handle, path);
  } finally {
    await handle.close();
  }
}

async function readHeader(handle: FileHandle, path: string): Promise<HeaderOfFile & { fingerprint: string }> {
  const { size, mtimeMs } = await handle.stat();
  const length = headerLength(await readRange(handle, 0, Math.min(8, size), path), size, path);
  const json = await readRange(handle, 8, length, path);
  const { entries, metadata } = parseHeader(json, size - 8 - length, path);
  const file = basename(path);
  const tensors = entries.map(({ name, dtype, shape, begin, end }) =>
    [name, { dtype, shape, file, offset: 8 + length + begin, bytes: end - begin }] as const
  );
  const hash = createHash("sha256").update(json).digest("hex");
  return { tensors: new Map(tensors), metadata, fingerprint: [file, size, mtimeMs, hash].join() };
}

/** Files by tensor, as an index has them. */
async function readIndex(path: string): Promise<Map<string, string>> {
  let index: { weight_map?: unknown } | null;
  try {
    index = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw refuse(path, "JSON", error instanceof Error ? error.message : String(error));
  }
  const map = index?.weight_map;
  if (typeof map !== "object" || map === null || Object.keys(map).length === 0) {
    throw refuse(path, "a weight_map from tensors to files", JSON.stringify(map) ?? "none");
  }
  for (const [name, file] of Object.entries(map)) {
    // An index comes from elsewhere: it names files of its own folder and no others.
    if (typeof file !== "string" || basename(file) !== file || !file.endsWith(".safetensors")) {
      throw refuse(path, `the name of a .safetensors file for "${name}"`, JSON.stringify(file));
    }
  }
  return new Map(Object.entries(map as Record<string, string>));
}

class Folder implements SafetensorsFolder {
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly fingerprint: string;
  readonly #handles: ReadonlyMap<string, FileHandle>;

  constructor(readonly folder: string, opened: readonly OpenFile[], placed: ReadonlyMap<string, string> | null) {
    this.files = opened.map(({ file }) => file);
    this.#handles = new Map(opened.map(({ file, handle }) => [file, handle]));
    this.tensors = new Map(opened.flatMap(({ tensors }) => tensors));
    this.fingerprint = createHash("sha256").update(opened.map((file) => file.fingerprint).join("\n")).digest("hex");
    for (const [name, file] of placed ?? []) {
      if (this.tensors.get(name)?.file === file) continue;
      throw refuse(join(folder, file), `the tensor "${name}" that ${INDEX} names`, "none");
    }
  }

  async readFloats(name: string, first: number, into: Float32Array): Promise<void> {
    const tensor = this.tensors.get(name);
    const path = join(this.folder, tensor?.file ?? "");
    if (!tensor) throw refuse(path, `the tensor "${name}"`, "none");
    const { dtype, offset, bytes, file } = tensor;
    const width = BYTES_PER_ELEMENT[dtype];
    if (first < 0 || (first + into.length) * width > bytes) {
      const wanted = `[${first}, ${first + into.length})`;
      throw refuse(path, `elements ${wanted} of "${name}"`, `${bytes / width} elements`);
    }
    const read = await readRange(this.#handles.get(file)!, offset + first * width, into.length * width, path);
    into.set(asFloats(dtype, read, name));
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#handles.values(), (handle) => handle.close()));
  }
}

function asFloats(dtype: SafetensorsDtype, { buffer }: Uint8Array, name: string): Float32Array | Float64Array {
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer);
    case "F64":
      return new Float64Array(buffer);
    case "F16":
      return float16ToFloat32(new Uint16Array(buffer));
    case "BF16":
      return bfloat16ToFloat32(new Uint16Array(buffer));
    default:
      throw new TypeError(`Cannot read "${name}" as float32: expected F64, F32, F16 or BF16, got ${dtype}`);
  }
}
