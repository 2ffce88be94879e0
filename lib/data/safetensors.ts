// Reading and writing safetensors files. Every platform this runs on is little-endian, as the format is, so tensors are
// views or plain reads. Reading a file allocates each tensor once and nothing else; writing copies nothing.

import { type FileHandle, open } from "node:fs/promises";
import { writeFileAtomic } from "../process/mod.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./float16.ts";
import {
  BYTES_PER_ELEMENT,
  headerLength,
  parseHeader,
  refuse,
  type SafetensorsArrays,
  type SafetensorsDtype,
  type SafetensorsTensor,
  type TensorEntry,
} from "./safetensors_header.ts";
import { layoutSafetensors } from "./safetensors_layout.ts";

/** Contents of a safetensors file: tensors by name, and the free text of its metadata. */
export interface SafetensorsFile {
  readonly tensors: Record<string, SafetensorsTensor>;
  readonly metadata: Record<string, string>;
}

/** A tensor to write. `dtype` may be left out where the array decides it; a Uint16Array needs `F16` or `BF16`. */
export interface TensorToWrite {
  readonly dtype?: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data: SafetensorsArrays[SafetensorsDtype];
}

const CHUNK_BYTES = 64 * 1024 * 1024; // a single read is limited to 2 GiB

const ARRAY_TYPES = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/**
 * Reads a safetensors file from disk, tensor by tensor, each into its own array.
 *
 * @param options.names only these tensors; the rest of the file is not read
 * @throws {RangeError} when the file is truncated, its offsets overlap or leave gaps, a dtype is unknown, the header is longer than the
 * file, or a name of `names` is missing
 *
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from "lib/data/mod.ts";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * const folder = mkdtempSync(`${tmpdir()}/example-`);
 * await writeSafetensors(`${folder}/a.safetensors`, { w: { shape: [2, 1], data: Float32Array.of(1, 2) } }, { step: "3" });
 * const { tensors, metadata } = await readSafetensors(`${folder}/a.safetensors`);
 * console.log(tensors.w.dtype, tensors.w.data, metadata.step); // F32 Float32Array [1, 2] 3
 * rmSync(folder, { recursive: true });
 * ```
 */
export async function readSafetensors(
  path: string,
  options: { names?: readonly string[] } = {},
): Promise<SafetensorsFile> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const prefix = await readRange(file, 0, Math.min(8, size), path);
    const length = headerLength(prefix, size, path);
    const { entries, metadata } = parseHeader(await readRange(file, 8, length, path), size - 8 - length, path);
    const wanted = options.names ? entries.filter((entry) => options.names?.includes(entry.name)) : entries;
    const missing = options.names?.find((name) => !entries.some((entry) => entry.name === name));
    if (missing !== undefined) throw refuse(path, `tensor "${missing}"`, entries.map((entry) => entry.name).join(", "));
    const tensors: [string, SafetensorsTensor][] = [];
    for (const entry of wanted) {
      const bytes = await readRange(file, 8 + length + entry.begin, entry.end - entry.begin, path);
      tensors.push([entry.name, tensorOf(entry, bytes)]);
    }
    return { tensors: Object.fromEntries(tensors), metadata: { ...metadata } };
  } finally {
    await file.close();
  }
}

/**
 * Decodes a safetensors file already in memory. Tensors are views of `bytes`, except where an unaligned offset forces a copy.
 *
 * @param label how errors name the source
 * @throws {RangeError} as {@link readSafetensors}
 */
export function decodeSafetensors(bytes: Uint8Array, label = "safetensors bytes"): SafetensorsFile {
  const length = headerLength(bytes.subarray(0, 8), bytes.byteLength, label);
  const data = bytes.subarray(8 + length);
  const { entries, metadata } = parseHeader(bytes.subarray(8, 8 + length), data.byteLength, label);
  const tensors = entries.map((entry) => [entry.name, tensorOf(entry, data.subarray(entry.begin, entry.end))] as const);
  return { tensors: Object.fromEntries(tensors), metadata: { ...metadata } };
}

/**
 * Writes tensors to a safetensors file, under a temporary name that is flushed and renamed. The bytes depend on the contents
 * only, not on the order of keys, and are those of the reference implementation: wider dtypes first, then names.
 *
 * @throws {TypeError} when an array does not hold the dtype
 * @throws {RangeError} when an array's length is not the product of its shape
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeChunks(tensors, metadata));
}

/** The bytes {@link writeSafetensors} would write, in memory. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const chunks = encodeChunks(tensors, metadata);
  const bytes = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/**
 * A tensor's values as float32: F32 without a copy, F16 and BF16 exactly, F64 rounded.
 *
 * @throws {TypeError} for integers and booleans
 */
export function toFloat32(tensor: SafetensorsTensor): Float32Array {
  switch (tensor.dtype) {
    case "F32":
      return tensor.data;
    case "F16":
      return float16ToFloat32(tensor.data);
    case "BF16":
      return bfloat16ToFloat32(tensor.data);
    case "F64":
      return Float32Array.from(tensor.data);
    default:
      throw new TypeError(`Cannot convert to float32: expected F64, F32, F16 or BF16, got ${tensor.dtype}`);
  }
}

function tensorOf({ dtype, shape }: TensorEntry, bytes: Uint8Array): SafetensorsTensor {
  const width = BYTES_PER_ELEMENT[dtype];
  const aligned = bytes.byteOffset % width === 0 ? bytes : Uint8Array.from(bytes);
  const data = new ARRAY_TYPES[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / width);
  return { dtype, shape, data } as SafetensorsTensor;
}

function encodeChunks(
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  const checked = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, checkTensor(name, tensor)]),
  );
  const { header, tensors: places } = layoutSafetensors(checked, metadata);
  const bytesOf = ({ data }: TensorToWrite) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [header, ...Array.from(places.keys(), (name) => bytesOf(checked[name]))];
}

function checkTensor(name: string, { dtype, shape, data }: TensorToWrite): Required<TensorToWrite> {
  const found = dtype ??
    (Object.keys(ARRAY_TYPES) as SafetensorsDtype[]).find((key) => data instanceof ARRAY_TYPES[key]);
  if (dtype === undefined && data instanceof Uint16Array) {
    throw new TypeError(`Cannot write tensor "${name}": expected a dtype of F16 or BF16 for a Uint16Array, got none`);
  }
  const type = found === undefined ? undefined : ARRAY_TYPES[found];
  if (found === undefined || type === undefined || !(data instanceof type)) {
    const expected = type?.name ?? `a dtype of ${Object.keys(ARRAY_TYPES).join(", ")}`;
    throw new TypeError(`Cannot write tensor "${name}": expected ${expected}, got ${found ?? data?.constructor?.name}`);
  }
  const elements = shape.reduce((product, dim) => product * dim, 1);
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0) || elements !== data.length) {
    throw new RangeError(
      `Cannot write tensor "${name}": expected ${elements} elements for [${shape}], got ${data.length}`,
    );
  }
  return { dtype: found, shape, data };
}

/** Reads part of an open file. @throws {RangeError} when it got shorter */
export async function readRange(
  file: FileHandle,
  position: number,
  length: number,
  label: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await readInto(file, position, bytes, label);
  return bytes;
}

/** As `readRange`, into memory that is there. */
export async function readInto(file: FileHandle, position: number, bytes: Uint8Array, label: string): Promise<void> {
  const { length } = bytes;
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, Math.min(CHUNK_BYTES, length - done), position + done);
    if (bytesRead === 0) throw refuse(label, `${length} bytes at ${position}`, `${done} (the file got shorter)`);
    done += bytesRead;
  }
}
