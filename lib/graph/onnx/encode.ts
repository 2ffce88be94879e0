// A graph as an ONNX model (IR version 10, opset 20), encoded by protobuf from the official schema.

import { create, toBinary } from "@bufbuild/protobuf";
import { float32ToFloat16 } from "../float16.ts";
import { type Graph, leaves, topologicalOrder } from "../graph.ts";
import { operatorOf } from "../operator.ts";
import type { AttributeValue, Operation, Tensor } from "../tensor.ts";
import { type DType, tensorBytes, type TensorType } from "../types.ts";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";

/** The newest operator set that the CPU, CoreML and WebGPU providers of ONNX Runtime 1.30 all take. */
export const OPSET = 20n;
/** The version of the file format that goes with it. */
export const IR_VERSION = 10n;

const DATA_TYPES: Record<DType, DataType> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  float64: DataType.DOUBLE,
  int64: DataType.INT64,
  int32: DataType.INT32,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  bool: DataType.BOOL,
};

/** Where the little-endian values of a parameter lie. */
export interface ExternalTensor {
  /** Relative to the folder of the model, or to the one that a session is told. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Options of the encoding. */
export interface EncodeOptions {
  /** Values of parameters to store in the file, by name; parameters without values become inputs. */
  weights?: Readonly<Record<string, Uint8Array>>;
  /** Parameters whose values lie in files beside the model, by name: what is too large for one file of at most 2 GiB. */
  external?: Readonly<Record<string, ExternalTensor>>;
  /** Free text stored with the model, for example where its weights come from. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * Encodes a graph as the bytes of an `.onnx` file.
 *
 * @param options weights are little-endian bytes in the parameter's own dtype; those in other files are not read here
 * @throws {RangeError} when a weight has another size than its parameter
 * @throws {TypeError} when an output has the name of another tensor that is an input or parameter
 *
 * @example
 * ```ts
 * import { encodeOnnx, graph, input, relu } from "lib/graph/mod.ts";
 * const bytes = encodeOnnx(graph("positive", { y: relu(input("x", "float32", ["n"])) }));
 * if (bytes.length === 0) throw new Error("the model has bytes");
 * ```
 */
export function encodeOnnx(
  graph: Graph,
  { weights = {}, external = {}, metadata = {} }: EncodeOptions = {},
): Uint8Array {
  const outputs = Object.values(graph.outputs);
  const names = nameTensors(graph);
  const nameOf = (tensor: Tensor) => names.get(tensor)!;
  const operations = topologicalOrder(outputs);
  const fed = [
    ...Object.values(graph.inputs),
    ...graph.parameters.filter(({ source: { name } }) => !weights[name] && !external[name]),
  ];
  const stored = graph.parameters.filter(({ source }) => weights[source.name]);
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "latent-lab",
    opsetImport: [{ domain: "", version: OPSET }, ...domainsOf(operations)],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: [
        ...operations.map((operation, i) => encodeOperation(operation, `${operation.type}_${i}`, nameOf)),
        ...outputCopies(graph, nameOf),
      ],
      initializer: [
        ...leaves(outputs).filter(({ source }) => source.kind === "constant")
          .map((leaf) => encodeTensor(nameOf(leaf), leaf, constantBytes(leaf))),
        ...stored.map((leaf) => encodeTensor(nameOf(leaf), leaf, weights[leaf.source.name])),
        ...graph.parameters.filter(({ source: { name } }) => !weights[name] && external[name])
          .map((leaf) => encodeExternal(nameOf(leaf), leaf, external[leaf.source.name])),
      ],
      input: fed.map((tensor) => encodeValueInfo(nameOf(tensor), tensor)),
      output: Object.entries(graph.outputs).map(([name, tensor]) => encodeValueInfo(name, tensor)),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** Domains of operators beside ONNX's own, all in their version 1. */
function domainsOf(operations: readonly Operation[]): { domain: string; version: bigint }[] {
  const domains = new Set(operations.flatMap(({ type }) => operatorOf(type).domain ?? []));
  return [...domains].sort().map((domain) => ({ domain, version: 1n }));
}

/** Names of all tensors: leaves and first-named outputs keep theirs, the rest are numbered, with underscores where a name is taken. */
function nameTensors(graph: Graph): Map<Tensor, string> {
  const names = new Map<Tensor, string>();
  const outputs = Object.entries(graph.outputs);
  for (const [name, tensor] of Object.entries(graph.inputs)) names.set(tensor, name);
  for (const tensor of graph.parameters) names.set(tensor, tensor.source.name);
  const leafNames = new Set(names.values());
  for (const [name, tensor] of outputs) {
    if (leafNames.has(name) && names.get(tensor) !== name) {
      throw new TypeError(`Cannot encode ${graph.name}: its output "${name}" has the name of an input or parameter`);
    }
    if (tensor.source.kind === "operation" && !names.has(tensor)) names.set(tensor, name);
  }
  const taken = new Set([...leafNames, ...outputs.map(([name]) => name)]);
  const number = (tensor: Tensor, name: string) => {
    while (taken.has(name)) name += "_";
    if (!names.has(tensor)) names.set(tensor, name);
  };
  const tensors = outputs.map(([, tensor]) => tensor);
  leaves(tensors).forEach((leaf, i) => number(leaf, `constant_${i}`));
  topologicalOrder(tensors).forEach(({ type, outputs }, i) => {
    outputs.forEach((output, k) => number(output, `${type}_${i}_out${k}`));
  });
  return names;
}

/** An output that is a leaf, or has a second name, is a copy under that name. */
function outputCopies(graph: Graph, nameOf: (tensor: Tensor) => string): NodeProto[] {
  return Object.entries(graph.outputs).filter(([name, tensor]) => nameOf(tensor) !== name).map(([name, tensor]) =>
    create(NodeProtoSchema, { opType: "Identity", name: `copy_${name}`, input: [nameOf(tensor)], output: [name] })
  );
}

function encodeOperation(operation: Operation, name: string, nameOf: (tensor: Tensor) => string): NodeProto {
  const { attributes: kinds = {}, domain = "", places } = operatorOf(operation.type);
  const inputs = operation.inputs.map(nameOf);
  return create(NodeProtoSchema, {
    opType: operation.type,
    domain,
    name,
    input: places ? atPlaces(inputs, places) : inputs,
    output: operation.outputs.map(nameOf),
    attribute: Object.entries(operation.attributes).map(([key, value]) =>
      operation.type === "Cast"
        ? create(AttributeProtoSchema, { name: key, type: AttributeType.INT, i: BigInt(DATA_TYPES[value as DType]) })
        : encodeAttribute(key, kinds[key], value)
    ),
  });
}

/** Names with empty ones, ONNX's sign for what is left out, between them. */
function atPlaces(names: readonly string[], places: readonly number[]): string[] {
  const all = new Array<string>(places[names.length - 1] + 1).fill("");
  names.forEach((name, i) => all[places[i]] = name);
  return all;
}

function encodeAttribute(name: string, kind: string, value: AttributeValue): AttributeProto {
  switch (kind) {
    case "int":
      return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value as number) });
    case "float":
      return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value as number });
    case "string":
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.STRING,
        s: new TextEncoder().encode(value as string),
      });
    default:
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.INTS,
        ints: (value as readonly number[]).map(BigInt),
      });
  }
}

function encodeTensor(name: string, type: TensorType, rawData: Uint8Array): TensorProto {
  return create(TensorProtoSchema, { ...described(name, type, rawData.byteLength), rawData });
}

function encodeExternal(name: string, type: TensorType, { file, offset, bytes }: ExternalTensor): TensorProto {
  const externalData = Object.entries({ location: file, offset, length: bytes })
    .map(([key, value]) => ({ key, value: String(value) }));
  return create(TensorProtoSchema, {
    ...described(name, type, bytes),
    dataLocation: DataLocation.EXTERNAL,
    externalData,
  });
}

function described(name: string, type: TensorType, byteLength: number) {
  const dims = type.shape.map((dim) => BigInt(dim));
  const expected = tensorBytes(type);
  if (byteLength !== expected) {
    throw new RangeError(`Cannot encode ${name}: expected ${expected} bytes, got ${byteLength}`);
  }
  return { name, dims, dataType: DATA_TYPES[type.dtype] };
}

function encodeValueInfo(name: string, { dtype, shape }: TensorType): ValueInfoProto {
  const dim = shape.map((size) => ({
    value: typeof size === "number"
      ? { case: "dimValue" as const, value: BigInt(size) }
      : { case: "dimParam" as const, value: size },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: DATA_TYPES[dtype], shape: { dim } } } },
  });
}

/** Little-endian bytes of a constant in its dtype. */
function constantBytes(leaf: Tensor): Uint8Array {
  if (leaf.source.kind !== "constant") throw new Error("internal: expected a constant");
  const { data } = leaf.source;
  const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  switch (leaf.dtype) {
    case "float64":
      return bytes(data);
    case "float32":
      return bytes(Float32Array.from(data));
    case "int64":
      return bytes(BigInt64Array.from(data, BigInt));
    case "int32":
      return bytes(Int32Array.from(data));
    case "int8":
      return bytes(Int8Array.from(data));
    case "uint8":
    case "bool":
      return bytes(Uint8Array.from(data));
    case "float16":
      return bytes(float32ToFloat16(Float32Array.from(data)));
  }
}
