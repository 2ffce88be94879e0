// Functions of quantized inference: to and from integers, integer products, products with 4-bit weights.

import { apply, applyOne } from "./operator.ts";
import { type Tensor } from "./tensor.ts";

/**
 * `saturate(round(x / scale) + zeroPoint)`, rounding half to even.
 *
 * @param scale scalar, or one value for each position of `axis`
 * @param zeroPoint same shape as `scale`; its dtype, uint8 or int8, is the result's
 */
export function quantizeLinear(x: Tensor, scale: Tensor, zeroPoint: Tensor, { axis = 1 } = {}): Tensor {
  return applyOne("QuantizeLinear", [x, scale, zeroPoint], { axis });
}

/**
 * `(x - zeroPoint) * scale`, in the dtype of `scale`.
 *
 * @param scale scalar, or one value for each position of `axis`
 * @param zeroPoint shape of `scale`, dtype of `x`
 */
export function dequantizeLinear(x: Tensor, scale: Tensor, zeroPoint: Tensor, { axis = 1 } = {}): Tensor {
  return applyOne("DequantizeLinear", [x, scale, zeroPoint], { axis });
}

/**
 * Quantizes to uint8 by the range that the values have when it runs, widened to hold 0.
 *
 * @param x float32
 * @returns `values` uint8 of x's shape; `scale` float32 and `zeroPoint` uint8, scalars
 */
export function dynamicQuantizeLinear(x: Tensor): { values: Tensor; scale: Tensor; zeroPoint: Tensor } {
  const [values, scale, zeroPoint] = apply("DynamicQuantizeLinear", [x]);
  return { values, scale, zeroPoint };
}

/**
 * Matrix product of integers after their zero points are subtracted, exact in int32.
 *
 * @param left int8 or uint8 `[..., m, k]`
 * @param right int8 or uint8 `[..., k, n]`
 * @param leftZeroPoint scalar of left's dtype
 * @param rightZeroPoint scalar or `[n]` of right's dtype
 */
export function matMulInteger(left: Tensor, right: Tensor, leftZeroPoint: Tensor, rightZeroPoint: Tensor): Tensor {
  return applyOne("MatMulInteger", [left, right, leftZeroPoint, rightZeroPoint]);
}

/**
 * Product with a matrix of small integers, `x W'` with `W = (q - 2^(bits - 1)) * scale` by blocks of `blockSize` values along k.
 * An operator of ONNX Runtime (domain com.microsoft).
 *
 * @param x float32 `[..., k]`
 * @param packed uint8 `[n, ceil(k / blockSize), blockSize * bits / 8]`; of 4 bits the first of two values in the low half
 * @param scales float32 `[n, ceil(k / blockSize)]`
 * @param options bits 4 or 8; accuracyLevel: ONNX Runtime's least exact allowed way, 1 for float32, 4 for x in 8 bits too; 0 leaves
 *   it to the runtime, which computes in float32
 */
export function matMulNBits(
  x: Tensor,
  packed: Tensor,
  scales: Tensor,
  { blockSize = 32, bits = 4, accuracyLevel = 0 }: { blockSize?: number; bits?: 4 | 8; accuracyLevel?: number } = {},
): Tensor {
  const K = Number(x.shape.at(-1));
  const N = Number(packed.shape[0]);
  const level: Record<string, number> = accuracyLevel === 0 ? {} : { accuracy_level: accuracyLevel };
  return applyOne("MatMulNBits", [x, packed, scales], { K, N, bits, block_size: blockSize, ...level });
}

/**
 * Rows of such a matrix in float32: `(q - 2^(bits - 1)) * scale` for rows at integer positions. An operator of ONNX Runtime (domain
 * com.microsoft).
 *
 * @param packed uint8 `[n, k * bits / 8]`
 * @param scales float32 `[n, k / blockSize]`
 * @param indices int32 or int64 `[...]` in [0, n - 1]
 * @returns float32 `[..., k]`
 */
export function gatherBlockRows(
  packed: Tensor,
  scales: Tensor,
  indices: Tensor,
  { blockSize = 32, bits = 4 }: { blockSize?: number; bits?: 4 | 8 } = {},
): Tensor {
  const attributes = { bits, block_size: blockSize, gather_axis: 0, quantize_axis: 1 };
  return applyOne("GatherBlockQuantized", [packed, indices, scales], attributes);
}
