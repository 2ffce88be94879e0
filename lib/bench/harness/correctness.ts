// The gate before timing: outputs are compared with a reference within a stated bound, and what is wrong is never timed.

import { type ArrayValue, float16ToFloat32 } from "../../graph/mod.ts";
import type { ProviderConfig } from "./provider.ts";

/** How far outputs are from the reference. */
export interface Correctness {
  /** What they were compared with. */
  reference: string;
  /** Largest difference of an element over the largest value of its output, of the worst output. */
  relativeError: number;
  /** What `relativeError` may be. */
  bound: number;
  /** The worst output. */
  output: string;
  /** Elements compared. */
  elements: number;
}

/** By the dtype that a model computes in. */
const BOUNDS: Readonly<Record<string, number>> = {
  float64: 1e-9,
  float32: 1e-4,
  float16: 2e-2,
  bfloat16: 1e-1,
  int8: 2e-2,
  uint8: 2e-2,
};
const BOUND_OF_OTHERS = 2e-2;

/**
 * How far outputs may be off. CoreML computes in float16 on the GPU and the Neural Engine, whatever the model's dtype, and may do so
 * where it chooses the unit itself.
 */
export function boundOf(dtype: string, provider: ProviderConfig): number {
  const bound = BOUNDS[dtype] ?? BOUND_OF_OTHERS;
  const halves = provider.name === "coreml" && provider.units !== "cpuOnly";
  return halves ? Math.max(bound, BOUNDS.float16) : bound;
}

/** Numbers of an array: bits of float16 as the numbers that they stand for. */
function numbersOf({ dtype, data }: ArrayValue): ArrayLike<number | bigint> {
  return dtype === "float16" ? float16ToFloat32(data as Uint16Array) : data;
}

/**
 * Compares outputs with a reference, which may hold the first rows only.
 *
 * @returns Infinity as `relativeError` where an output is missing, has another size, or is no number; what is NaN on both sides is no result either
 */
export function compareOutputs(
  reference: Readonly<Record<string, ArrayValue>>,
  outputs: Readonly<Record<string, ArrayValue>>,
): Pick<Correctness, "relativeError" | "output" | "elements"> {
  let worst = { relativeError: -1, output: "" };
  let elements = 0;
  for (const [name, expected] of Object.entries(reference)) {
    const error = outputs[name] ? relativeError(numbersOf(expected), numbersOf(outputs[name])) : Infinity;
    elements += expected.data.length;
    if (error > worst.relativeError) worst = { relativeError: error, output: name };
  }
  if (elements === 0) return { relativeError: Infinity, output: "", elements };
  return { ...worst, elements };
}

function relativeError(expected: ArrayLike<number | bigint>, got: ArrayLike<number | bigint>): number {
  if (got.length < expected.length || got.length % Math.max(1, expected.length) !== 0) return Infinity;
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [Number(expected[i]), Number(got[i])];
    if (a === b) {
      largest = Math.max(largest, Number.isFinite(a) ? Math.abs(a) : 0);
    } else if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
    else {
      difference = Math.max(difference, Math.abs(a - b));
      largest = Math.max(largest, Math.abs(a));
    }
  }
  // Rows beyond those of the reference must at least be numbers, where all of these are.
  for (let i = expected.length; i < got.length; i++) if (!Number.isFinite(Number(got[i]))) return Infinity;
  return difference === 0 ? 0 : difference / largest;
}

/** Outputs changed by a part of their size: the hook by which tests make a provider wrong. */
export function altered(outputs: Readonly<Record<string, ArrayValue>>, by: number): Record<string, ArrayValue> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => {
      const data = value.data.slice();
      if (data instanceof Float32Array || data instanceof Float64Array) data[0] += by * (1 + Math.abs(data[0]));
      else if (data instanceof BigInt64Array) data[0] += 1n;
      else (data as Int32Array)[0] ^= 0x4000;
      return [name, { ...value, data }];
    }),
  );
}
