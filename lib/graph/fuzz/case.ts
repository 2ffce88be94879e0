// A case of the fuzzer: a graph with values for its inputs and parameters, and what runs it.

import type { Graph } from "../graph.ts";
import type { ArrayValue, DType } from "../types.ts";

/** Values of inputs and parameters by name. */
export type FuzzFeeds = Readonly<Record<string, ArrayValue>>;

/** Computes all outputs of a graph from a value for each input and parameter. */
export type Executor = (graph: Graph, feeds: FuzzFeeds) => Promise<Record<string, ArrayValue>>;

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
export function toArrayValue(dtype: DType, shape: readonly number[], data: ArrayLike<number>): ArrayValue {
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
export function numbersIn({ data }: Pick<ArrayValue, "data">): Float64Array {
  return Float64Array.from(data as ArrayLike<number>, Number);
}
