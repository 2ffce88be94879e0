// Matrices as bytes: symmetric around zero, one scale a column.

import { quantizeValue } from "../operators/quantization.ts";
import { constant, type Tensor } from "../tensor.ts";
import { type ArrayValue, ELEMENT_ARRAYS } from "../types.ts";
import { type DenseProduct, once, productMatrix } from "./dense_products.ts";
import { convertedParameter, type Weights } from "./weights.ts";

/** How weights become bytes. */
export interface WeightBits {
  /**
   * 8 (default): unsigned bytes, 127 steps on each side of zero. 7: signed bytes, 63 steps, which products on x64 multiply faster and which
   * give the same sums on all processors (`reduce_range` of ONNX Runtime's tools), for one bit of precision.
   */
  readonly weightBits?: 8 | 7;
}

interface ByteFormat {
  dtype: "uint8" | "int8";
  /** The byte that stands for 0. */
  middle: number;
  /** Steps from there to the largest magnitude of a column. */
  steps: number;
}

const FORMATS: Record<8 | 7, ByteFormat> = {
  // Signed bytes would say the same, but on x64 processors without VNNI the product of unsigned activations with signed weights adds
  // pairs in saturating 16 bits and gives wrong sums; unsigned with unsigned does not.
  8: { dtype: "uint8", middle: 128, steps: 127 },
  // Two products of at most 255 x 63 fit into 16 bits, so that all processors give the same sums.
  7: { dtype: "int8", middle: 0, steps: 63 },
};

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
  if (!(weightBits in FORMATS)) {
    throw new RangeError(`Cannot quantize: expected weightBits 8 or 7, got ${weightBits}`);
  }
  const cached = once<Int8Matrix>();
  const { dtype, middle } = FORMATS[weightBits];
  return (product) => {
    const { name } = product.parameter.source;
    // A parameter may be used both ways round; its columns, and so its scales, then differ.
    const label = `${name}.${product.transposed ? "int8" : "int8.rows"}`;
    return cached(label, () => {
      const { values, scale } = quantizeColumns(productMatrix(product, weights), product, weightBits);
      return {
        values: convertedParameter(label, values),
        scale: convertedParameter(`${label}.scale`, scale),
        zeroPoint: constant(middle, { dtype }),
        weights: { [label]: values, [`${label}.scale`]: scale },
      };
    });
  };
}

/** Bytes and scales of `[k, n]`, which are symmetric around zero in each column. */
export function quantizeColumns(
  matrix: Float32Array,
  { k, n }: Pick<DenseProduct, "k" | "n">,
  weightBits: 8 | 7,
): { values: ArrayValue; scale: ArrayValue } {
  const { dtype, middle, steps } = FORMATS[weightBits];
  const scales = columnScales(matrix, n, steps);
  const bytes = new ELEMENT_ARRAYS[dtype](matrix.length);
  for (let i = 0; i < matrix.length; i++) bytes[i] = quantizeValue(matrix[i], scales[i % n], middle, dtype);
  return {
    values: { dtype, shape: [k, n], data: bytes },
    scale: { dtype: "float32", shape: [n], data: scales },
  };
}

/** What a step of each column is worth. */
function columnScales(matrix: Float32Array, n: number, steps: number): Float32Array {
  const scales = new Float32Array(n);
  for (let i = 0; i < matrix.length; i++) scales[i % n] = Math.max(scales[i % n], Math.abs(matrix[i]));
  return scales.map((largest) => (largest === 0 ? 1 : largest / steps));
}
