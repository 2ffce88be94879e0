// What is measured: a graph, an .onnx file of any origin, or a module of one's own; made ready as files in a folder, so that the
// processes that measure and check it all get the same bytes.

import { existsSync, readFileSync } from "node:fs";
import { constants, copyFile, link, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import {
  bindDimensions,
  type DeclaredTensor,
  type DimensionSizes,
  encodeOnnx,
  fixModelFile,
  type Graph,
  readModelFile,
  type SerializedGraph,
  serializeGraph,
} from "../../graph/mod.ts";
import { initialValues } from "../../nn/mod.ts";
import { canonicalJson, type JsonValue, sha256Hex } from "../../process/mod.ts";
import type { ArrayValue, OptimizationLevel } from "../../runtime/mod.ts";
import { MODEL_FILE, storeValues } from "../infer_exchange.ts";
import { madeInput } from "./made_inputs.ts";

/** A graph. */
export interface GraphSubject {
  name: string;
  /** Its dimension `batch` is the batch. */
  graph: Graph;
  /** Values of parameters; those without get random ones. */
  weights?: Readonly<Record<string, ArrayValue>>;
  /** Of random values. Default 1. */
  seed?: number;
  /** Of other free dimensions. */
  sizes?: Readonly<Record<string, number>>;
  /** What ONNX Runtime does to it before it runs. Default `all`. */
  optimization?: OptimizationLevel;
}

/** An .onnx file of any origin. */
export interface FileSubject {
  /** Default: the file's, without its folder. */
  name?: string;
  /** The free dimension that its inputs begin with is the batch. */
  file: string;
  /** Of other free dimensions. */
  sizes?: DimensionSizes;
  /** What ONNX Runtime does to it before it runs; `disabled` for what it has stored itself. Default `all`. */
  optimization?: OptimizationLevel;
}

/** A module that exports `open(options)`, which gives an `OpenedSubject`. */
export interface ModuleSubject {
  name: string;
  /** Path of the module. */
  module: string;
  options?: JsonValue;
}

/** What is measured. */
export type BenchSubject = GraphSubject | FileSubject | ModuleSubject;

/** A subject as a record tells of it. */
export interface SubjectFacts {
  /** Without a folder. */
  name: string;
  kind: "graph" | "file" | "module";
  /** Of the model with fixed shapes; of a module's path and options. */
  sha256: string;
  /** Size of the model. */
  bytes: number;
  parameterCount: number | null;
  inputs: DeclaredTensor[];
  outputs: string[];
  /** How often each operator occurs. */
  operators: Record<string, number>;
  /** How inputs were made. */
  inputData: string;
}

/** A subject at one batch size, in a folder. */
export interface PreparedSubject {
  facts: SubjectFacts;
  dtype: string;
  batchSize: number;
  folder: string;
  /** Null for what is no graph of ours. */
  graph: SerializedGraph | null;
  /** The same graph for one row, where rows are the first dimension of all inputs and outputs. */
  row: SerializedGraph | null;
  module: { path: string; options: JsonValue } | null;
  /** Default `all`. */
  optimization?: OptimizationLevel;
}

const INPUT_DATA =
  "random: numbers in [-1, 1), integers from 0 to 99; masks are ones, types of tokens zeros, positions count up";

/**
 * Writes a subject's model and inputs into a folder.
 *
 * @throws {RangeError | TypeError} when the batch is no integer from 1 or does not fit, a dimension is left without a size, or the
 *   file is no ONNX model
 */
export async function prepareSubject(
  subject: BenchSubject,
  { batchSize, folder }: { batchSize: number; folder: string },
): Promise<PreparedSubject> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`Cannot benchmark: expected a batch of an integer from 1, got ${batchSize}`);
  }
  if ("module" in subject) return moduleSubject(subject, { batchSize, folder });
  const place = { batchSize, folder };
  const prepared = await ("graph" in subject ? graphSubject(subject, place) : fileSubject(subject, place));
  return { ...prepared, optimization: subject.optimization };
}

/** A subject's name, known before it is read. */
export function subjectName(subject: BenchSubject): string {
  return subject.name ?? basename((subject as FileSubject).file);
}

interface Place {
  batchSize: number;
  folder: string;
}

function moduleSubject({ name, module, options = null }: ModuleSubject, place: Place): PreparedSubject {
  const facts: SubjectFacts = {
    name,
    kind: "module",
    sha256: sha256Hex(canonicalJson({ module: basename(module), options })),
    bytes: 0,
    parameterCount: null,
    inputs: [],
    outputs: [],
    operators: {},
    inputData: "made by the subject",
  };
  return { facts, dtype: "own", ...place, graph: null, row: null, module: { path: module, options } };
}

async function graphSubject(
  { name, graph, weights = {}, seed = 1, sizes = {} }: GraphSubject,
  { batchSize, folder }: Place,
): Promise<PreparedSubject> {
  const hasBatch = Object.values(graph.inputs).some(({ shape }) => shape.some((dim) => String(dim).includes("batch")));
  const fixed = bindDimensions(graph, { ...sizes, ...(hasBatch && { batch: batchSize }) });
  const values = Object.fromEntries(fixed.parameters.map((leaf) => {
    const { name } = leaf.source;
    return [name, weights[name] ?? madeWeight(leaf, seed)];
  }));
  const bytes = encodeOnnx(fixed, {
    weights: Object.fromEntries(
      Object.entries(values).map(([name, { data }]) => [
        name,
        new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
      ]),
    ),
  });
  await storeValues(folder, "weights", Object.entries(values).map(([name, value]) => ({ name, value })));
  const { facts, dtype } = await storeModel(bytes, { name, kind: "graph", folder });
  const ofRows = [...Object.values(graph.inputs), ...Object.values(graph.outputs)].every(({ shape }) =>
    shape[0] === "batch"
  );
  const row = ofRows ? serializeGraph(bindDimensions(graph, { ...sizes, batch: 1 })) : null;
  return { facts, dtype, batchSize, folder, graph: serializeGraph(fixed), row, module: null };
}

function madeWeight(leaf: Graph["parameters"][number], seed: number): ArrayValue {
  const { dtype, source } = leaf;
  if (dtype !== "float32") {
    throw new TypeError(`Cannot benchmark: expected weights for ${source.name}, which is ${dtype}`);
  }
  return { dtype, shape: leaf.shape as number[], data: initialValues(leaf, seed) };
}

async function fileSubject(
  { name, file, sizes = {} }: FileSubject,
  { batchSize, folder }: Place,
): Promise<PreparedSubject> {
  const shown = name ?? basename(file);
  const bytes = fixedFile({ name, file, sizes }, batchSize);
  await linkExternal(file, folder);
  const { facts, dtype } = await storeModel(bytes, { name: shown, kind: "file", folder });
  return { facts, dtype, batchSize, folder, graph: null, row: null, module: null };
}

/** Puts the files that hold a model's weights into a folder: ONNX Runtime refuses links that lead out of the model's. */
export async function linkExternal(file: string, folder: string): Promise<void> {
  const { externalFiles } = readModelFile(readFileSync(file), basename(file));
  for (const external of externalFiles) {
    const [from, to] = [join(dirname(file), external), join(folder, external)];
    if (relative(folder, to).startsWith("..")) {
      throw new TypeError(`Cannot benchmark: expected weights beside ${basename(file)}, got them in ${external}`);
    }
    if (!existsSync(from)) {
      throw new TypeError(
        `Cannot benchmark: expected ${external} beside ${basename(file)}, which holds its weights, got none`,
      );
    }
    await mkdir(dirname(to), { recursive: true });
    await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE)); // on another disk
  }
}

/**
 * The bytes of a file's model with all dimensions fixed.
 *
 * @throws as {@link prepareSubject} does
 */
export function fixedFile({ name, file, sizes = {} }: FileSubject, batchSize: number): Uint8Array {
  const original = readFileSync(file);
  const shown = name ?? basename(file);
  const { inputs } = readModelFile(original, shown);
  return fixModelFile(original, shown, withBatch(inputs, sizes, { batchSize, name: shown }));
}

/** Gives the batch to the free dimension that inputs begin with, unless it has a size already. */
function withBatch(
  inputs: readonly DeclaredTensor[],
  sizes: DimensionSizes,
  { batchSize, name }: { batchSize: number; name: string },
): DimensionSizes {
  const leading = inputs.filter(({ shape }) => shape.length > 0).map((input) => leadingSize(input, sizes));
  const names = [...new Set(leading.filter((dim) => typeof dim === "string"))];
  const batch = names.find((dim) => /batch/i.test(dim)) ?? (names.length === 1 ? names[0] : undefined);
  if (batch !== undefined) return { ...sizes, dimensions: { ...sizes.dimensions, [batch]: batchSize } };
  // Inputs whose only free dimension is the first, without a name.
  const unnamed = inputs.filter((input) =>
    leadingSize(input, sizes) === null && input.shape.slice(1).every((size) => typeof size === "number")
  );
  if (names.length === 0 && unnamed.length > 0) {
    const shapes = unnamed.map(({ name, shape }) => [name, [batchSize, ...shape.slice(1) as number[]]]);
    return { ...sizes, inputs: { ...sizes.inputs, ...Object.fromEntries(shapes) } };
  }
  const fixed = leading.filter((size) => typeof size === "number");
  if (names.length === 0 && fixed.length > 0 && !fixed.includes(batchSize)) {
    throw new RangeError(`Cannot benchmark: expected batch ${fixed[0]}, which ${name} has fixed, got ${batchSize}`);
  }
  return sizes;
}

/** What an input begins with: its size, also one that was given, the name of a free dimension, or null for one without a name. */
function leadingSize({ name, shape }: DeclaredTensor, { dimensions = {}, inputs = {} }: DimensionSizes) {
  const [dim] = shape;
  if (typeof dim === "number") return dim;
  return inputs[name]?.[0] ?? (dim === null ? null : dimensions[dim] ?? dim);
}

/** The batch of a file whose inputs begin with a size that is fixed, or given; 1 where it is free. */
export function defaultBatch({ name, file, sizes = {} }: FileSubject): number {
  const { inputs } = readModelFile(readFileSync(file), name ?? basename(file));
  const leading = inputs.filter(({ shape }) => shape.length > 0).map((input) => leadingSize(input, sizes));
  const isFree = leading.some((size) => typeof size !== "number");
  return isFree ? 1 : leading[0] as number ?? 1;
}

async function storeModel(
  bytes: Uint8Array,
  { name, kind, folder }: { name: string; kind: "graph" | "file"; folder: string },
): Promise<{ facts: SubjectFacts; dtype: string }> {
  const { inputs, outputs, parameterCount, dtype, operators } = readModelFile(bytes, name);
  const other = outputs.find((output) => output.dtype === "" || output.dtype === "string");
  if (other) {
    throw new TypeError(`Cannot benchmark: expected outputs that are tensors of numbers, got ${other.name} of ${name}`);
  }
  await writeFile(join(folder, MODEL_FILE), bytes);
  const values = inputs.map((input, stream) => ({ name: input.name, value: madeInput(input, stream) }));
  await storeValues(folder, "inputs", values);
  const facts: SubjectFacts = {
    name,
    kind,
    sha256: sha256Hex(bytes),
    bytes: bytes.length,
    parameterCount,
    inputs,
    outputs: outputs.map((output) => output.name),
    operators,
    inputData: INPUT_DATA,
  };
  return { facts, dtype };
}
