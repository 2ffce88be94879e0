// Weights of a planned graph, made from a folder of safetensors tensor by tensor: into memory, or into a file that ONNX Runtime maps. Of the
// source never more than a part of one tensor is in memory, so that weights are held once, in the form that computes.

import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  readSafetensorsHeader,
  type SafetensorsDtype,
  type SafetensorsFolder,
  type TensorLayout,
  writeSafetensorsInParts,
} from "../data/mod.ts";
import {
  type ArrayValue,
  type DType,
  ELEMENT_ARRAYS,
  elementCount,
  formatShape,
  type Parameter,
  type StoragePlan,
  type StoredParameter,
  tensorBytes,
} from "../graph/mod.ts";
import type { ExternalWeights } from "../runtime/mod.ts";
import { converterOf, firstAbove } from "./weight_conversion.ts";

/** Options of a conversion. */
export interface ConversionOptions {
  /** Stops between two parts of a tensor. */
  signal?: AbortSignal;
  /** Values converted so far and in all. */
  onProgress?: (done: number, total: number) => void;
}

/** Takes part of the bytes of a parameter, from a position on. */
type Put = (parameter: Parameter, position: number, bytes: Uint8Array) => Promise<void>;

/** Where converted values go. */
interface Sink {
  readonly put: Put;
  /** Where values that stay float32 are read to at once, instead of being put. */
  readonly floatsOf?: (parameter: Parameter) => Float32Array;
}

/** Values that are read at once: 8 MiB of float32. */
const VALUES_AT_ONCE = 2 ** 21;
/** Of the way in which parameters are stored: files of another version are made anew. */
const VERSION = "1";

/** Bytes of all parameters of a planned graph. */
export function storedBytes({ graph }: Pick<StoragePlan, "graph">): number {
  return graph.parameters.reduce((sum, parameter) => sum + tensorBytes(parameter), 0);
}

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
  checkTensorNames(folder, [...tensors.keys()], { wanted: [...wanted.keys()], ignored });
  for (const [name, { shape }] of wanted) {
    const got = tensors.get(name)!;
    if (formatShape(got.shape) === formatShape(shape)) continue;
    throw new RangeError(
      `Cannot load ${folder}: expected ${name} ${formatShape(shape)}, got ${formatShape(got.shape)} in ${got.file}`,
    );
  }
}

/**
 * Refuses tensors of a file or folder of which one is missing, or that nothing reads.
 *
 * @param label of the file or folder, for the message
 * @throws {RangeError} naming the tensors
 */
export function checkTensorNames(
  label: string,
  names: readonly string[],
  { wanted, ignored }: { wanted: readonly string[]; ignored: readonly string[] },
): void {
  const [found, known] = [new Set(names), new Set([...wanted, ...ignored])];
  refuseNames(label, "no missing tensors", wanted.filter((name) => !found.has(name)));
  refuseNames(label, "no other tensors", names.filter((name) => !known.has(name)));
}

function refuseNames(label: string, expected: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  throw new RangeError(`Cannot load ${label}: expected ${expected}, got ${names.slice(0, 3).join(", ")}${more}`);
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
  await convertAll(source, plan, options, {
    put: (parameter, position, bytes) => {
      const { data } = values[parameter.source.name];
      new Uint8Array(data.buffer as ArrayBuffer).set(bytes, position);
      return Promise.resolve();
    },
    floatsOf: (parameter) => values[parameter.source.name].data as Float32Array,
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
  const layout = layoutOf(plan);
  if (!await isMade(path, { metadata: made, layout })) {
    const notice = `Converted from ${source.files.join(", ")}; the licence of those files holds for this one too.`;
    await writeSafetensorsInParts(path, layout, {
      metadata: { ...made, notice },
      fill: (write) =>
        convertAll(source, plan, options, {
          put: (parameter, position, bytes) => write(parameter.source.name, position, bytes),
        }),
    });
  }
  const { tensors } = await readSafetensorsHeader(path);
  const places = plan.graph.parameters.map(({ source: { name } }) => {
    const { offset, bytes } = tensors.get(name)!;
    return [name, { file: basename(path), offset, bytes }] as const;
  });
  return { folder: dirname(path), tensors: Object.fromEntries(places) };
}

/**
 * Where the parameters lie in the source itself, when all are stored there as the plan has them: nothing is converted then.
 *
 * @returns null when something would have to be converted, or files lie in different folders
 */
export function mappedWeights(source: SafetensorsFolder, { stored }: StoragePlan): ExternalWeights | null {
  // The files of a download cache are links to others elsewhere, which ONNX Runtime does not follow out of a folder.
  const paths = new Map(source.files.map((file) => [file, realpathSync(join(source.folder, file))]));
  const [folder, ...others] = new Set(Array.from(paths.values(), dirname));
  const places = stored.map(({ source: { source: { name } }, form, results: [result] }) => {
    const { dtype, file, offset, bytes } = source.tensors.get(name)!;
    const same = form.kind === "dense" && !form.transposed && FILE_DTYPES[form.dtype] === dtype;
    return same ? [result.source.name, { file: basename(paths.get(file)!), offset, bytes }] as const : null;
  });
  if (others.length > 0 || places.includes(null)) return null;
  return { folder, tensors: Object.fromEntries(places.map((place) => place!)) };
}

/** Whether the file is there, whole, of the same source, and has every tensor as the plan stores it. */
async function isMade(
  path: string,
  expected: { metadata: Readonly<Record<string, string>>; layout: Readonly<Record<string, TensorLayout>> },
): Promise<boolean> {
  if (!existsSync(path)) return false;
  try {
    const { metadata, tensors } = await readSafetensorsHeader(path);
    const isStored = ([name, { dtype, shape }]: [string, TensorLayout]) => {
      const found = tensors.get(name);
      return found?.dtype === dtype && formatShape(found.shape) === formatShape(shape);
    };
    return Object.entries(expected.metadata).every(([key, value]) => metadata[key] === value) &&
      Object.entries(expected.layout).every(isStored);
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
  return { dtype, shape, data: new ELEMENT_ARRAYS[dtype](elementCount(shape)) };
}

async function convertAll(
  source: SafetensorsFolder,
  { stored }: StoragePlan,
  { signal, onProgress }: ConversionOptions,
  sink: Sink,
): Promise<void> {
  const sizes = stored.map(({ source: { shape } }) => elementCount(shape as number[]));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const parameter of stored) {
    await convertRows(source, parameter, sink, (values) => {
      signal?.throwIfAborted();
      onProgress?.(done += values, total);
    });
  }
}

/** Converts a parameter some rows at a time. */
async function convertRows(
  source: SafetensorsFolder,
  stored: StoredParameter,
  { put, floatsOf }: Sink,
  onRows: (values: number) => void,
): Promise<void> {
  const { shape: named, source: { name } } = stored.source;
  const [count, ...rest] = named.length === 0 ? [1] : named as number[];
  const width = elementCount(rest);
  const rowsAtOnce = Math.max(1, Math.floor(VALUES_AT_ONCE / width));
  const { form, results: [result] } = stored;
  const isKept = form.kind === "dense" && form.dtype === "float32" && !form.transposed;
  const target = isKept && floatsOf ? floatsOf(result) : null;
  const convert = target ? () => [] : converterOf(stored, { count, width });
  const scratch = target ?? new Float32Array(Math.min(count, rowsAtOnce) * width);
  for (let row = 0; row < count; row += rowsAtOnce) {
    const start = target ? row * width : 0;
    const values = scratch.subarray(start, start + Math.min(rowsAtOnce, count - row) * width);
    await source.readFloats(name, row * width, values);
    const wrong = firstAbove(values, Number.MAX_VALUE);
    if (wrong >= 0) {
      throw new RangeError(`Cannot load ${source.folder}: expected finite values, got ${values[wrong]} in ${name}`);
    }
    for (const { parameter, position, bytes } of convert(values, row)) await put(parameter, position, bytes);
    onRows(values.length);
  }
}
