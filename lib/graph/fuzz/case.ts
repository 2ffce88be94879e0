// A case of the fuzzer: a graph with values for its inputs and parameters, and what runs it.

import type { Graph } from "../graph.ts";
import type { DType } from "../types.ts";

/** Element storage by dtype; the same as that of lib/runtime's `ArrayValue`, which lib/graph cannot import. */
export type FuzzArrayData =
  | Float32Array
  | Float64Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int8Array
  | Uint8Array;

/** A concrete value: row-major elements of a dtype and shape. */
export interface FuzzArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: FuzzArrayData;
}

/** Values of inputs and parameters by name. */
export type FuzzFeeds = Readonly<Record<string, FuzzArray>>;

/** Computes all outputs of a graph from a value for each input and parameter. */
export type Executor = (graph: Graph, feeds: FuzzFeeds) => Promise<Record<string, FuzzArray>>;

/** Thrown by an executor for a graph that its provider is known not to take: such a graph is not compared, but counted. */
export class KnownLimitation extends Error {
  override name = "KnownLimitation";
}

/** A graph to compare on, with the seed that it came from. */
export interface FuzzCase {
  readonly seed: number;
  readonly graph: Graph;
  readonly feeds: FuzzFeeds;
}

/** Values as an executor takes them. */
export function toFuzzArray(dtype: DType, shape: readonly number[], data: ArrayLike<number>): FuzzArray {
  switch (dtype) {
    case "float32":
      return { dtype, shape, data: Float32Array.from(data) };
    case "float64":
      return { dtype, shape, data: Float64Array.from(data) };
    case "int64":
      return { dtype, shape, data: BigInt64Array.from(Array.from(data), BigInt) };
    case "int32":
      return { dtype, shape, data: Int32Array.from(data) };
    case "int8":
      return { dtype, shape, data: Int8Array.from(data) };
    case "uint8":
    case "bool":
      return { dtype, shape, data: Uint8Array.from(data) };
    case "float16":
      throw new TypeError("Cannot feed float16: feed float32 and cast");
  }
}

/** The elements as numbers. */
export function numbersIn({ data }: Pick<FuzzArray, "data">): Float64Array {
  return Float64Array.from(data as ArrayLike<number>, Number);
}
