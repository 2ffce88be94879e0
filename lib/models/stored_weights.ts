// Weights of a planned graph, made from a folder of safetensors tensor by tensor: into memory, or into a file that ONNX Runtime maps. Of the
// source never more than a part of one tensor is in memory, so that weights are held once, in the form that computes.

import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import {
  readSafetensorsHeader,
  type SafetensorsDtype,
  type SafetensorsFolder,
  type TensorLayout,
  writeSafetensorsInParts,
} from "../data/mod.ts";
import {
  type ArrayValue,
  bytesPerElement,
  type DType,
  elementCount,
  float32ToFloat16,
  formatShape,
  packRows,
  type Parameter,
  type StoragePlan,
  type StoredParameter,
} from "../graph/mod.ts";
import type { ExternalWeights } from "../runtime/mod.ts";

/** Options of a conversion. */
export interface ConversionOptions {
  /** Stops between two parts of a tensor. */
  signal?: AbortSignal;
  /** Values converted so far and in all. */
  onProgress?: (done: number, total: number) => void;
}

/** Takes part of the bytes of a parameter, from a position on. */
type Put = (parameter: Parameter, position: number, bytes: Uint8Array) => Promise<void>;

/** Values that are read at once: 8 MiB of float32. */
const VALUES_AT_ONCE = 2 ** 21;
/** Of the way in which parameters are stored: files of another version are made anew. */
const VERSION = "1";
const LARGEST_FLOAT16 = 65504;

/** Bytes of all parameters of a planned graph. */
export function storedBytes({ graph }: Pick<StoragePlan, "graph">): number {
  return graph.parameters.reduce((sum, parameter) => sum + bytesOf(parameter), 0);
}

const bytesOf = ({ dtype, shape }: Parameter) => elementCount(shape as number[]) * bytesPerElement(dtype);

/**
 * Refuses a folder that has not every parameter's tensor in its shape, or has tensors that nothing reads.
 *
 * @param options ignored: names of tensors that may be there
 * @throws {RangeError} naming the tensors
 */
export function checkTensors(
  { folder, tensors }: SafetensorsFolder,
  { stored }: StoragePlan,
  { ignored = [] }: { ignored?: readonly string[] } = {},
): void {
  const wanted = new Map(stored.map(({ source }) => [source.source.name, source]));
  refuseNames(folder, "no missing tensors", [...wanted.keys()].filter((name) => !tensors.has(name)));
  const known = new Set([...wanted.keys(), ...ignored]);
  refuseNames(folder, "no other tensors", [...tensors.keys()].filter((name) => !known.has(name)));
  for (const [name, { shape }] of wanted) {
    const got = tensors.get(name)!;
    if (formatShape(got.shape) === formatShape(shape)) continue;
    throw new RangeError(
      `Cannot load ${folder}: expected ${name} ${formatShape(shape)}, got ${formatShape(got.shape)} in ${got.file}`,
    );
  }
}

function refuseNames(folder: string, expected: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  throw new RangeError(`Cannot load ${folder}: expected ${expected}, got ${names.slice(0, 3).join(", ")}${more}`);
}

/**
 * Converts all parameters into memory.
 *
 * @returns values by the planned graph's names
 * @throws {RangeError} naming the tensor for values that are not finite or, in float16, too large
 * @throws the signal's reason when it is aborted
 */
export async function weightsInMemory(
  source: SafetensorsFolder,
  plan: StoragePlan,
  options: ConversionOptions = {},
): Promise<Record<string, ArrayValue>> {
  const values = Object.fromEntries(plan.graph.parameters.map((leaf) => [leaf.source.name, emptyValue(leaf)]));
  await convertAll(source, plan, options, (parameter, position, bytes) => {
    const { data } = values[parameter.source.name];
    new Uint8Array(data.buffer as ArrayBuffer).set(bytes, position);
    return Promise.resolve();
  });
  return values;
}

/**
 * Converts all parameters into a safetensors file, unless the file is there and was made of the same source.
 *
 * @param path of the file; it is replaced when it was made of another source
 * @param options label: what the plan is called, stored in the file
 * @returns where each parameter lies
 * @throws as {@link weightsInMemory}, and no file is left
 */
export async function weightsInFile(
  source: SafetensorsFolder,
  plan: StoragePlan,
  { path, label, ...options }: ConversionOptions & { path: string; label: string },
): Promise<ExternalWeights> {
  const made = { format: "latent-lab weights", version: VERSION, label, source: source.fingerprint };
  if (!await isMade(path, made)) {
    const notice = `Converted from ${source.files.join(", ")}; the licence of those files holds for this one too.`;
    await writeSafetensorsInParts(path, layoutOf(plan), {
      metadata: { ...made, notice },
      fill: (write) =>
        convertAll(
          source,
          plan,
          options,
          (parameter, position, bytes) => write(parameter.source.name, position, bytes),
        ),
    });
  }
  const { tensors } = await readSafetensorsHeader(path);
  const places = plan.graph.parameters.map(({ source: { name } }) => {
    const { offset, bytes } = tensors.get(name)!;
    return [name, { file: basename(path), offset, bytes }] as const;
  });
  return { folder: dirname(path), tensors: Object.fromEntries(places) };
}

/** Whether the file is there, whole, and of the same source. */
async function isMade(path: string, expected: Readonly<Record<string, string>>): Promise<boolean> {
  if (!existsSync(path)) return false;
  try {
    const { metadata } = await readSafetensorsHeader(path);
    return Object.entries(expected).every(([key, value]) => metadata[key] === value);
  } catch (error) {
    if (error instanceof RangeError) return false; // damaged
    throw error;
  }
}

const FILE_DTYPES: Partial<Record<DType, SafetensorsDtype>> = { float32: "F32", float16: "F16", uint8: "U8" };

function layoutOf({ graph }: StoragePlan): Record<string, TensorLayout> {
  return Object.fromEntries(
    graph.parameters.map(({ dtype, shape, source }) => [source.name, {
      dtype: FILE_DTYPES[dtype]!,
      shape: shape as number[],
    }]),
  );
}

function emptyValue({ dtype, shape: named }: Parameter): ArrayValue {
  const shape = named as number[];
  const count = elementCount(shape);
  const data = dtype === "float32"
    ? new Float32Array(count)
    : dtype === "float16"
    ? new Uint16Array(count)
    : new Uint8Array(count);
  return { dtype, shape, data };
}

async function convertAll(
  source: SafetensorsFolder,
  { stored }: StoragePlan,
  { signal, onProgress }: ConversionOptions,
  put: Put,
): Promise<void> {
  const sizes = stored.map(({ source: { shape } }) => elementCount(shape as number[]));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const parameter of stored) {
    await convertRows(source, parameter, put, (values) => {
      signal?.throwIfAborted();
      onProgress?.(done += values, total);
    });
  }
}

/** Converts a parameter some rows at a time. */
async function convertRows(
  source: SafetensorsFolder,
  stored: StoredParameter,
  put: Put,
  onRows: (values: number) => void,
): Promise<void> {
  const { shape: named, source: { name } } = stored.source;
  const [count, ...rest] = named.length === 0 ? [1] : named as number[];
  const width = elementCount(rest);
  const rowsAtOnce = Math.max(1, Math.floor(VALUES_AT_ONCE / width));
  const convert = converterOf(stored, { count, width });
  const scratch = new Float32Array(Math.min(count, rowsAtOnce) * width);
  for (let row = 0; row < count; row += rowsAtOnce) {
    const values = scratch.subarray(0, Math.min(rowsAtOnce, count - row) * width);
    await source.readFloats(name, row * width, values);
    const wrong = firstAbove(values, Number.MAX_VALUE);
    if (wrong >= 0) {
      throw new RangeError(`Cannot load ${source.folder}: expected finite values, got ${values[wrong]} in ${name}`);
    }
    for (const { parameter, position, bytes } of convert(values, row)) await put(parameter, position, bytes);
    onRows(values.length);
  }
}

interface Part {
  parameter: Parameter;
  position: number;
  bytes: Uint8Array;
}

type Convert = (values: Float32Array, row: number) => Part[];

function converterOf(stored: StoredParameter, size: { count: number; width: number }): Convert {
  if (stored.form.kind === "blocks") return blockConverter(stored, size.width);
  if (stored.form.transposed) return columnConverter(stored, size);
  const [parameter] = stored.results;
  const bytesPerRow = size.width * bytesPerElement(parameter.dtype);
  return (values, row) => [{ parameter, position: row * bytesPerRow, bytes: inDtype(values, parameter) }];
}

function blockConverter({ form, results: [packed, scales] }: StoredParameter, k: number): Convert {
  if (form.kind !== "blocks") throw new Error("internal: expected blocks");
  const { bits } = form;
  const [, blocks, size] = packed.shape as number[];
  return (values, row) => {
    const rows = values.length / k;
    const into = { bytes: new Uint8Array(rows * blocks * size), scales: new Float32Array(rows * blocks) };
    packRows(values, { k, bits }, into);
    return [
      { parameter: packed, position: row * blocks * size, bytes: into.bytes },
      { parameter: scales, position: row * blocks * 4, bytes: bytesIn(into.scales) },
    ];
  };
}

/** Columns are whole only when the last row is there. */
function columnConverter(
  { results: [parameter] }: StoredParameter,
  { count, width }: { count: number; width: number },
): Convert {
  const columns = new Float32Array(count * width);
  return (values, row) => {
    transposeInto(values, { width, row, count }, columns);
    const isLast = row * width + values.length === columns.length;
    return isLast ? [{ parameter, position: 0, bytes: inDtype(columns, parameter) }] : [];
  };
}

/** Side of the squares that are transposed at once: both their rows and their columns stay in the cache. */
const TILE = 32;

function transposeInto(
  rows: Float32Array,
  { width, row, count }: { width: number; row: number; count: number },
  columns: Float32Array,
): void {
  const height = rows.length / width;
  for (let top = 0; top < height; top += TILE) {
    const bottom = Math.min(top + TILE, height);
    for (let left = 0; left < width; left += TILE) {
      const right = Math.min(left + TILE, width);
      for (let c = left; c < right; c++) {
        for (let r = top, to = c * count + row + top; r < bottom; r++, to++) columns[to] = rows[r * width + c];
      }
    }
  }
}

function inDtype(values: Float32Array, { dtype, source: { name } }: Parameter): Uint8Array {
  if (dtype !== "float16") return bytesIn(values);
  const tooLarge = firstAbove(values, LARGEST_FLOAT16);
  if (tooLarge >= 0) {
    throw new RangeError(
      `Cannot convert ${name} to float16: expected magnitudes up to ${LARGEST_FLOAT16}, got ${values[tooLarge]}`,
    );
  }
  return bytesIn(float32ToFloat16(values));
}

/** Place of the first value that is no number of at most this magnitude, or -1; a plain loop, for a billion values. */
function firstAbove(values: Float32Array, magnitude: number): number {
  for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i]) <= magnitude)) return i;
  return -1;
}

const bytesIn = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
