// What an .onnx file of any origin declares, read without executing it, and the same file with its free dimensions fixed: ONNX
// Runtime ignores overrides of dimensions when it is called from JavaScript, so sizes are written into the model.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
} from "./onnx_pb.ts";

/** An input or output as a file declares it. */
export interface DeclaredTensor {
  name: string;
  /** By ONNX's lower-case names ("float32", "int64", "string"); "" for what is no tensor. */
  dtype: string;
  /** A name for a dimension that is free, null for one that is free and has none. */
  shape: (number | string | null)[];
}

/** What a file declares. */
export interface ModelFile {
  /** Those to be fed: values that the file stores are none. */
  inputs: DeclaredTensor[];
  outputs: DeclaredTensor[];
  /** Elements of all stored values. */
  parameterCount: number;
  /** Of most stored elements; of the first input in a file that stores none. */
  dtype: string;
  /** Of ONNX's own operators. */
  opset: number;
  /** How often each operator occurs in the main graph. */
  operators: Record<string, number>;
  /** Files beside it that hold its weights. */
  externalFiles: string[];
}

/** Sizes for free dimensions: by their names, and whole shapes by the names of inputs. */
export interface DimensionSizes {
  /** A name of an input of one dimension stands for that dimension. */
  dimensions?: Readonly<Record<string, number>>;
  inputs?: Readonly<Record<string, readonly number[]>>;
}

const NAMES: Partial<Record<number, string>> = {
  [DataType.FLOAT]: "float32",
  [DataType.DOUBLE]: "float64",
};

function dtypeName(type: number): string {
  return NAMES[type] ?? (DataType[type] ?? "unknown").toLowerCase();
}

/**
 * Reads what a model declares.
 *
 * @param name of the file, for the message
 * @throws {TypeError} when the bytes are no ONNX model
 *
 * @example
 * ```ts
 * import { encodeOnnx, graph, input, readModelFile, relu } from "lib/graph/mod.ts";
 * const bytes = encodeOnnx(graph("positive", { y: relu(input("x", "float32", ["n", 3])) }));
 * const { inputs: [{ name, shape }] } = readModelFile(bytes, "positive.onnx");
 * if (name !== "x" || shape[0] !== "n") throw new Error("one input with a free dimension");
 * ```
 */
export function readModelFile(bytes: Uint8Array, name: string): ModelFile {
  const model = decode(bytes, name);
  const { node, output, initializer } = model.graph!;
  const inputs = fedInputs(model).map(declared);
  const counts = new Map<string, number>();
  for (const { dims, dataType } of initializer) {
    const dtype = dtypeName(dataType);
    counts.set(dtype, (counts.get(dtype) ?? 0) + dims.reduce((product, dim) => product * Number(dim), 1));
  }
  const operators = new Map<string, number>();
  for (const { opType } of node) operators.set(opType, (operators.get(opType) ?? 0) + 1);
  const external = initializer.filter(({ dataLocation }) => dataLocation === DataLocation.EXTERNAL);
  const locations = external.flatMap(({ externalData }) =>
    externalData.filter(({ key }) => key === "location").map(({ value }) => value)
  );
  return {
    inputs,
    outputs: output.map(declared),
    parameterCount: [...counts.values()].reduce((sum, count) => sum + count, 0),
    dtype: [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? inputs[0]?.dtype ?? "",
    opset: Number(model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version ?? 0),
    operators: Object.fromEntries([...operators].sort()),
    externalFiles: [...new Set(locations)],
  };
}

/**
 * The same model with sizes for its free dimensions. A name that occurs in several places gets its size in all of them.
 *
 * @throws {TypeError} when the bytes are no ONNX model, or there is no such input or dimension
 * @throws {RangeError} when a size is no integer from 1, contradicts one that is fixed, or a dimension is left without one
 */
export function fixModelFile(bytes: Uint8Array, name: string, sizes: DimensionSizes): Uint8Array {
  const model = decode(bytes, name);
  const fed = fedInputs(model);
  const known = knownSizes(fed.map(declared), sizes, name);
  for (const value of fed) {
    const vector = sizes.dimensions?.[value.name];
    const shape = sizes.inputs?.[value.name] ?? (dimensionsOf(value).length === 1 && vector ? [vector] : undefined);
    dimensionsOf(value).forEach((dim, axis) => setSize(dim, shape?.[axis], known));
  }
  for (const value of [...model.graph!.output, ...model.graph!.valueInfo]) {
    for (const dim of dimensionsOf(value)) setSize(dim, undefined, known);
  }
  const left = fed.map(declared).filter(({ shape }) => shape.some((size) => typeof size !== "number"));
  if (left.length > 0) {
    const shapes = left.map((value) => `${value.name} [${value.shape.map((size) => size ?? "?").join(", ")}]`);
    throw new RangeError(
      `Cannot fix the shapes of ${name}: expected a size for every dimension, got ${shapes.join("; ")}`,
    );
  }
  return toBinary(ModelProtoSchema, model);
}

function decode(bytes: Uint8Array, name: string): ModelProto {
  const refuse = (why: string) => new TypeError(`Cannot read ${name}: expected an ONNX model, got ${why}`);
  if (bytes.length === 0) throw refuse("an empty file");
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch {
    throw refuse("a file of another format, or a damaged one");
  }
  // Other formats may happen to decode: protobuf skips the fields that it does not know.
  if (!model.graph || model.irVersion < 1n || model.opsetImport.length === 0) throw refuse("a file of another format");
  return model;
}

/** Those whose values the file does not store. */
function fedInputs({ graph }: ModelProto): ValueInfoProto[] {
  const stored = new Set(graph!.initializer.map(({ name }) => name));
  return graph!.input.filter(({ name }) => !stored.has(name));
}

function dimensionsOf({ type }: ValueInfoProto): TensorShapeProto_Dimension[] {
  return type?.value.case === "tensorType" ? type.value.value.shape?.dim ?? [] : [];
}

function declared(value: ValueInfoProto): DeclaredTensor {
  const shape = dimensionsOf(value).map(({ value: { case: kind, value: size } }) => {
    if (kind === "dimParam") return size === "" ? null : size as string;
    // Some exporters write -1 or 0 for what is free.
    return kind === "dimValue" && size as bigint > 0n ? Number(size) : null;
  });
  const type = value.type?.value;
  return { name: value.name, dtype: type?.case === "tensorType" ? dtypeName(type.value.elemType) : "", shape };
}

function setSize(
  dim: TensorShapeProto_Dimension,
  size: number | undefined,
  known: ReadonlyMap<string, number>,
): void {
  const { case: kind, value } = dim.value;
  const wanted = kind === "dimParam" ? known.get(value as string) ?? size : size;
  const isFree = kind !== "dimValue" || value as bigint <= 0n;
  if (!isFree || wanted === undefined) return;
  Object.assign(dim, create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(wanted) } }));
}

/** Sizes by the names of dimensions, also from the shapes that are given for inputs. */
function knownSizes(
  inputs: readonly DeclaredTensor[],
  { dimensions = {}, inputs: shapes = {} }: DimensionSizes,
  file: string,
): Map<string, number> {
  const known = new Map<string, number>();
  const action = `Cannot fix the shapes of ${file}`;
  const learn = (name: string, size: number) => {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(`${action}: expected an integer from 1 for ${name}, got ${size}`);
    }
    const before = known.get(name) ?? size;
    if (before !== size) throw new RangeError(`${action}: expected one size for ${name}, got ${before} and ${size}`);
    known.set(name, size);
  };
  const free = new Set(inputs.flatMap(({ shape }) => shape.filter((size) => typeof size === "string")));
  const vectors = new Map<string, number[]>();
  for (const [name, size] of Object.entries(dimensions)) {
    if (!free.has(name) && inputs.find((input) => input.name === name)?.shape.length === 1) {
      vectors.set(name, [size]);
      continue;
    }
    if (!free.has(name)) {
      const names = [...inputs.map((input) => input.name), ...free].join(", ") || "none";
      throw new TypeError(`${action}: expected an input or a free dimension (${names}), got ${name}`);
    }
    learn(name, size);
  }
  for (const [name, sizes] of [...Object.entries(shapes), ...vectors]) {
    const input = inputs.find((one) => one.name === name);
    if (!input) {
      throw new TypeError(`${action}: expected an input of ${inputs.map((one) => one.name).join(", ")}, got ${name}`);
    }
    if (sizes.length !== input.shape.length) {
      throw new RangeError(`${action}: expected ${input.shape.length} sizes for ${name}, got ${sizes.length}`);
    }
    input.shape.forEach((dim, axis) => {
      if (typeof dim === "number" && dim !== sizes[axis]) {
        throw new RangeError(`${action}: expected ${dim} in dimension ${axis} of ${name}, got ${sizes[axis]}`);
      }
      learn(typeof dim === "string" ? dim : `${name}[${axis}]`, sizes[axis]);
    });
  }
  return known;
}
