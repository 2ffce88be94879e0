// Array values as tfjs tensors and back. tfjs computes in float32, int32 and bool only: float64 is computed in float32, the
// other integers in int32, and float16, which no kernel of it rounds to, is refused.

import type * as Tf from "@tensorflow/tfjs";
import type { DType } from "../../graph/mod.ts";
import type { ArrayData, ArrayValue } from "../session.ts";
import type { Tfjs } from "./load.ts";

/** tfjs's dtype for each of the graph's. */
type TfjsDType = "float32" | "int32" | "bool";

const TFJS_DTYPES: Record<Exclude<DType, "float16">, TfjsDType> = {
  float32: "float32",
  float64: "float32",
  int64: "int32",
  int32: "int32",
  int8: "int32",
  uint8: "int32",
  bool: "bool",
};

/**
 * The dtype in which tfjs computes a graph's dtype.
 *
 * @throws {TypeError} for float16
 */
export function tfjsDType(dtype: DType): TfjsDType {
  if (dtype !== "float16") return TFJS_DTYPES[dtype];
  throw new TypeError('Cannot compute float16 with tfjs: run the float32 graph, or use the engine "cpu"');
}

const INT32_LIMIT = 2 ** 31;

function toInt32(value: number | bigint): number {
  const number = Number(value);
  if (number >= -INT32_LIMIT && number < INT32_LIMIT) return number;
  throw new RangeError(`Cannot compute with tfjs: expected integers in [-2^31, 2^31), got ${value}`);
}

/** Elements in the storage that tfjs wants; the same array where it already is. */
export function tfjsData(data: ArrayLike<number | bigint>, dtype: DType): Float32Array | Int32Array | Uint8Array {
  switch (tfjsDType(dtype)) {
    case "float32":
      return data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>);
    case "int32":
      return data instanceof Int32Array ? data : Int32Array.from(data as ArrayLike<number>, toInt32);
    case "bool":
      return data instanceof Uint8Array ? data : Uint8Array.from(data as ArrayLike<number>);
  }
}

/** A value as a tensor of the active backend. The plain JavaScript backend keeps the array: it must not change while in use. */
export function toTensor(tf: Tfjs, { dtype, shape, data }: ArrayValue): Tf.Tensor {
  return tf.tensor(tfjsData(data, dtype), [...shape], tfjsDType(dtype));
}

const STORAGE: Record<Exclude<DType, "float16">, (data: ArrayLike<number>) => ArrayData> = {
  float32: (data) => Float32Array.from(data),
  float64: (data) => Float64Array.from(data),
  int64: (data) => BigInt64Array.from(data as ArrayLike<number> & Iterable<number>, BigInt),
  int32: (data) => Int32Array.from(data),
  int8: (data) => Int8Array.from(data),
  uint8: (data) => Uint8Array.from(data),
  bool: (data) => Uint8Array.from(data),
};

/** A tensor's values in memory of their own, in the graph's dtype. */
export function fromTensor(tensor: Tf.Tensor, dtype: DType): ArrayValue {
  const data = tensor.dataSync() as Float32Array | Int32Array | Uint8Array;
  const same = (dtype === "float32" && data instanceof Float32Array) ||
    (dtype === "int32" && data instanceof Int32Array);
  // The plain JavaScript backend hands out its own memory.
  const copy = same ? data.slice() : STORAGE[dtype as Exclude<DType, "float16">](data);
  return { dtype, shape: tensor.shape, data: copy };
}

/** Copies a tensor's values into memory that is already there. */
export function copyTo(target: ArrayData, tensor: Tf.Tensor): void {
  const data = tensor.dataSync() as Float32Array | Int32Array | Uint8Array;
  if (target instanceof BigInt64Array) target.set(BigInt64Array.from([...data], BigInt));
  else target.set(data);
}
