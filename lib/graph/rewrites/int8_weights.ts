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

/** How weights become bytes. */
export interface WeightBits {
  /**
   * 8 (default): unsigned bytes, 127 steps on each side of zero. 7: signed bytes, 63 steps, which products on x64 multiply faster and which
   * give the same sums on all processors (`reduce_range` of ONNX Runtime's tools), for one bit of precision.
   */
  readonly weightBits?: 8 | 7;
}

/** A matrix `[k, n]` of bytes; `w = (byte - zeroPoint) * scale[column]`. */
export interface Int8Matrix {
  readonly values: Tensor;
  /** Parameter `[n]`. */
  readonly scale: Tensor;
  /** Scalar of the dtype of the values. */
  readonly zeroPoint: Tensor;
  readonly weights: Weights;
}

/** Converts the matrix of a product; the same parameter is converted once. */
export function int8Matrices(
  weights: Weights,
  { weightBits = 8 }: WeightBits = {},
): (product: DenseProduct) => Int8Matrix {
  if (weightBits !== 8 && weightBits !== 7) {
    throw new RangeError(`Cannot quantize: expected weightBits 8 or 7, got ${weightBits}`);
  }
  const cached = once<Int8Matrix>();
  const [convert, zero, dtype] = weightBits === 8
    ? [quantizeColumns, MIDDLE, "uint8"] as const
    : [quantizeColumnsSigned, 0, "int8"] as const;
  return (product) => {
    const { name } = product.parameter.source;
    // A parameter may be used both ways round; its columns, and so its scales, then differ.
    const label = `${name}.${product.transposed ? "int8" : "int8.rows"}`;
    return cached(label, () => {
      const { values, scale } = convert(productMatrix(product, weights), product);
      return {
        values: convertedParameter(label, values),
        scale: convertedParameter(`${label}.scale`, scale),
        zeroPoint: constant(zero, { dtype }),
        weights: { [label]: values, [`${label}.scale`]: scale },
      };
    });
  };
}

/**
 * Largest magnitude of signed bytes that unsigned ones are multiplied with: two products of at most 255 x 63 fit into 16 bits, so that
 * all processors give the same sums.
 */
const LARGEST_SIGNED = 63;

interface Columns {
  values: ArrayValue;
  scale: ArrayValue;
}

/** Bytes and scales of `[k, n]`: the largest magnitude of a column becomes 127 steps around 128. */
export function quantizeColumns(matrix: Float32Array, { k, n }: Pick<DenseProduct, "k" | "n">): Columns {
  const scales = columnScales(matrix, n, LARGEST);
  const bytes = new Uint8Array(matrix.length);
  for (let i = 0; i < matrix.length; i++) bytes[i] = quantizeValue(matrix[i], scales[i % n], MIDDLE, "uint8");
  return {
    values: { dtype: "uint8", shape: [k, n], data: bytes },
    scale: { dtype: "float32", shape: [n], data: scales },
  };
}

/**
 * Signed bytes and scales of `[k, n]`: the largest magnitude of a column becomes 63 steps around 0. For kernels that are several times
 * faster with signed weights than with unsigned ones, for one bit of precision.
 */
export function quantizeColumnsSigned(matrix: Float32Array, { k, n }: Pick<DenseProduct, "k" | "n">): Columns {
  const scales = columnScales(matrix, n, LARGEST_SIGNED);
  const bytes = new Int8Array(matrix.length);
  for (let i = 0; i < matrix.length; i++) bytes[i] = quantizeValue(matrix[i], scales[i % n], 0, "int8");
  return {
    values: { dtype: "int8", shape: [k, n], data: bytes },
    scale: { dtype: "float32", shape: [n], data: scales },
  };
}

/** What a step of each column is worth. */
function columnScales(matrix: Float32Array, n: number, steps: number): Float32Array {
  const scales = new Float32Array(n);
  for (let i = 0; i < matrix.length; i++) scales[i % n] = Math.max(scales[i % n], Math.abs(matrix[i]));
  return scales.map((largest) => (largest === 0 ? 1 : largest / steps));
}
