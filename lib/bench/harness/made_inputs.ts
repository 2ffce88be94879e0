// Inputs of a model that nothing is known of but what it declares: the same on every machine and for every provider.

import {
  type ArrayData,
  type ArrayValue,
  type DeclaredTensor,
  elementCount,
  float32ToFloat16,
} from "../../graph/mod.ts";
import { fillExact } from "../exact_values.ts";

const INPUT_STREAM = 2000;
const INTEGERS = { int8: Int8Array, uint8: Uint8Array, int32: Int32Array } as const;

/** Integers that most models take: ids of tokens are small, masks hide nothing, there is one segment. */
function integerAt(name: string, i: number, { value, last }: { value: number; last: number }): number {
  if (/mask/i.test(name)) return 1;
  if (/token_type|segment/i.test(name)) return 0;
  if (/position/i.test(name)) return i % last;
  return Math.floor((value + 1) * 50);
}

/**
 * Values for an input: numbers in [-1, 1), integers from 0 to 99, all true for bool; by its name masks are ones, segments zeros, and
 * positions count up along the last dimension.
 *
 * @param stream which random sequence
 * @throws {TypeError} for strings and what is no tensor
 */
export function madeInput({ name, dtype, shape }: DeclaredTensor, stream: number): ArrayValue {
  const sizes = shape as number[];
  const numbers = fillExact(new Float32Array(elementCount(sizes)), { stream: INPUT_STREAM + stream });
  const last = sizes.at(-1) ?? 1;
  const integers = () => Array.from(numbers, (value, i) => integerAt(name, i, { value, last }));
  const made = (data: ArrayData) => ({ dtype, shape: sizes, data }) as ArrayValue;
  switch (dtype) {
    case "float32":
      return made(numbers);
    case "float64":
      return made(Float64Array.from(numbers));
    case "float16":
      return made(float32ToFloat16(numbers));
    case "int64":
      return made(BigInt64Array.from(integers(), BigInt));
    case "int8":
    case "uint8":
    case "int32":
      return made(INTEGERS[dtype].from(integers()));
    case "bool":
      return made(new Uint8Array(numbers.length).fill(1));
    default:
      throw new TypeError(
        `Cannot make inputs: expected a tensor of numbers or bool for ${name}, got ${dtype || "no tensor"}`,
      );
  }
}
