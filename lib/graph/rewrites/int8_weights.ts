// Matrices as bytes: symmetric around zero, one scale a column.

import type { ArrayValue } from "../types.ts";
import { INTEGER_RANGES, quantizeValue } from "../operators/quantization.ts";
import { constant, type Tensor } from "../tensor.ts";
import { type DenseProduct, once, productMatrix } from "./dense_products.ts";
import { convertedParameter, type Weights } from "./weights.ts";

/**
 * The middle of uint8 stands for 0. Signed bytes would say the same, but on x64 processors without VNNI the product of
 * unsigned activations with signed weights adds pairs in saturating 16 bits and gives wrong sums; unsigned with unsigned does not.
 */
const MIDDLE = 128;
const LARGEST = INTEGER_RANGES.int8![1];

/** A matrix `[k, n]` of bytes; `w = (byte - zeroPoint) * scale[column]`. */
export interface Int8Matrix {
  readonly values: Tensor;
  /** Parameter `[n]`. */
  readonly scale: Tensor;
  readonly weights: Weights;
}

/** Converts the matrix of a product; the same parameter is converted once. */
export function int8Matrices(weights: Weights): (product: DenseProduct) => Int8Matrix {
  const cached = once<Int8Matrix>();
  return (product) => {
    const { name } = product.parameter.source;
    // A parameter may be used both ways round; its columns, and so its scales, then differ.
    const label = `${name}.${product.transposed ? "int8" : "int8.rows"}`;
    return cached(label, () => {
      const { values, scale } = quantizeColumns(productMatrix(product, weights), product);
      return {
        values: convertedParameter(label, values),
        scale: convertedParameter(`${label}.scale`, scale),
        weights: { [label]: values, [`${label}.scale`]: scale },
      };
    });
  };
}

/** Bytes and scales of `[k, n]`: the largest magnitude of a column becomes 127 steps. */
export function quantizeColumns(
  matrix: Float32Array,
  { k, n }: Pick<DenseProduct, "k" | "n">,
): { values: ArrayValue; scale: ArrayValue } {
  const scales = new Float32Array(n);
  for (let i = 0; i < matrix.length; i++) scales[i % n] = Math.max(scales[i % n], Math.abs(matrix[i]));
  for (let column = 0; column < n; column++) scales[column] = scales[column] === 0 ? 1 : scales[column] / LARGEST;
  const bytes = new Uint8Array(matrix.length);
  for (let i = 0; i < matrix.length; i++) bytes[i] = quantizeValue(matrix[i], scales[i % n], MIDDLE, "uint8");
  return {
    values: { dtype: "uint8", shape: [k, n], data: bytes },
    scale: { dtype: "float32", shape: [n], data: scales },
  };
}

/** The zero point of one matrix. */
export const scalarZeroPoint = (): Tensor => constant(MIDDLE, { dtype: "uint8" });
/** The zero points of each column. */
export const columnZeroPoints = (n: number, shape: readonly number[] = [n]): Tensor =>
  constant(new Array(n).fill(MIDDLE), { dtype: "uint8", shape });
