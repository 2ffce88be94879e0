// Element types, symbolic shapes and their formatting: the vocabulary of every tensor in a graph.

import { addDims, dimTerms } from "./dimensions.ts";

/** Element type of a tensor, by ONNX's lower-case names. */
export type DType = "float32" | "float16" | "float64" | "int64" | "int32" | "int8" | "uint8" | "bool";

/**
 * One dimension: a fixed size (an integer of at least 1), or a name such as `"batch"` for a size known only at run time, or a sum
 * of both, `"past+1"` (names in alphabetical order, then the number; see `addDims`).
 */
export type Dim = number | string;

/** Dimensions, outermost first; `[]` is a scalar. */
export type Shape = readonly Dim[];

/** Dtype and shape of a tensor, without its contents. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A concrete array as the interpreter computes it: float64 for every dtype (bool as 0 and 1), row-major. */
export interface NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

const FLOATING: readonly DType[] = ["float16", "float32", "float64"];

/** Whether values of this dtype can carry a gradient. */
export function isFloating(dtype: DType): boolean {
  return FLOATING.includes(dtype);
}

/** `[batch, 384]`, the form used in error messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/**
 * Refuses dimensions that are neither names, nor sums of names, nor integers of at least 1.
 *
 * @param label what the shape belongs to, for the message
 */
export function checkShape(shape: Shape, label: string): void {
  shape.forEach((dim, axis) => {
    if (typeof dim === "string") {
      if (!/^[A-Za-z_]\w*(\+[A-Za-z_]\w*)*(\+\d+)?$/.test(dim)) {
        throw new TypeError(`${label}: expected a name of letters for dimension ${axis}, got "${dim}"`);
      }
      const sum = dim.includes("+") ? addDims([dim]) : dim;
      if (sum !== dim) throw new TypeError(`${label}: expected "${sum}" for dimension ${axis}, got "${dim}"`);
    } else if (!Number.isInteger(dim) || dim < 1) {
      throw new RangeError(`${label}: expected an integer of at least 1 for dimension ${axis}, got ${dim}`);
    }
  });
}

/** Element count of a concrete shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/**
 * The shape as numbers.
 *
 * @throws {RangeError} when a dimension is still symbolic
 */
export function concreteShape(shape: Shape, label: string): number[] {
  return shape.map((dim) => {
    if (typeof dim === "number") return dim;
    const [name] = dimTerms(dim).names;
    throw new RangeError(
      `${label}: expected a shape without names, got ${formatShape(shape)}; fix "${name}" with bindDimensions first`,
    );
  });
}

/** Resolves a possibly negative axis. */
export function normalizeAxis(axis: number, rank: number, operator: string): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw new RangeError(`Cannot apply ${operator}: expected an axis in [${-rank}, ${rank - 1}], got ${axis}`);
  }
  return resolved;
}

/** Element storage by dtype: float16 as its bits, bool as bytes of 0 and 1. */
export type ArrayData =
  | Float32Array
  | Float64Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int8Array
  | Uint8Array;

/** The array that holds a dtype's elements: float16 as its bits, bool as bytes of 0 and 1. */
export const ELEMENT_ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<DType, new (length: number) => ArrayData>;

/** Bytes of a tensor whose dimensions are all numbers. */
export function tensorBytes({ dtype, shape }: TensorType): number {
  return elementCount(shape as number[]) * ELEMENT_ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Whether a name, as a file gives it, is that of a dtype that graphs have. */
export function isDType(name: string): name is DType {
  return Object.hasOwn(ELEMENT_ARRAYS, name);
}

/** A concrete value as executors take and give it: row-major elements of a dtype and shape. */
export interface ArrayValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ArrayData;
}
