// Functions of operators that fuse others; rewrites put them in the place of what models are written with.

import { applyOne } from "./operator.ts";
import { type Tensor } from "./tensor.ts";

/**
 * Multi-head attention of projected tensors, `softmax(scale q k') v` head by head. An operator of ONNX Runtime (domain com.microsoft),
 * without gradient.
 *
 * @param queries float32 `[batch, asking, width]`
 * @param keys `[batch, sequence, width]`
 * @param values `[batch, sequence, width]`
 * @param options heads, dividing the width; scale of the scores, usually 1 over the root of a head's width
 * @returns `[batch, asking, width]`, the heads side by side
 */
export function fusedAttention(
  queries: Tensor,
  keys: Tensor,
  { values, heads, scale }: { values: Tensor; heads: number; scale: number },
): Tensor {
  return applyOne("MultiHeadAttention", [queries, keys, values], { num_heads: heads, scale });
}

/**
 * RMSNorm over the last dimension, `x / sqrt(mean(x^2) + epsilon) weight` (Zhang and Sennrich 2019). An operator of ONNX Runtime, which sums
 * in float32 whatever the dtype; without gradient.
 *
 * @param x `[..., width]`
 * @param weight `[width]`, of the same dtype
 * @returns x's shape
 */
export function fusedRmsNorm(x: Tensor, weight: Tensor, { epsilon }: { epsilon: number }): Tensor {
  return applyOne("SimplifiedLayerNormalization", [x, weight], { axis: -1, epsilon });
}

/** A layer's parameters, gates in the order input, output, forget, cell. */
export interface LstmParameters {
  /** `[1, 4 hidden, width]`; in bytes `[1, width, 4 hidden]`. */
  readonly weight: Tensor;
  /** `[1, 4 hidden, hidden]`; in bytes `[1, hidden, 4 hidden]`. */
  readonly recurrence: Tensor;
  /** `[1, 8 hidden]`: those of the inputs, then those of the states. */
  readonly bias: Tensor;
}

/**
 * All states of an LSTM that starts from zeros. ONNX's operator, without gradient: models are written step by step (`scanSequence` of
 * lib/nn).
 *
 * @param x float32 `[steps, batch, width]`
 * @returns `[steps, 1, batch, hidden]`
 */
export function fusedLstm(
  x: Tensor,
  { weight, recurrence, bias }: LstmParameters,
  { hiddenDim }: { hiddenDim: number },
): Tensor {
  return applyOne("LSTM", [x, weight, recurrence, bias], { hidden_size: hiddenDim });
}

/** Scales and zero points of matrices in bytes, one a column: each `[1, 4 hidden]`. */
export interface LstmScales {
  readonly weightScale: Tensor;
  readonly weightZeroPoint: Tensor;
  readonly recurrenceScale: Tensor;
  readonly recurrenceZeroPoint: Tensor;
}

/**
 * `fusedLstm` with matrices in bytes; inputs and states are quantized by the range that they have when it runs. An operator of ONNX
 * Runtime (domain com.microsoft).
 */
export function quantizedLstm(
  x: Tensor,
  { weight, recurrence, bias, weightScale, weightZeroPoint, recurrenceScale, recurrenceZeroPoint }:
    & LstmParameters
    & LstmScales,
  { hiddenDim }: { hiddenDim: number },
): Tensor {
  const scales = [weightScale, weightZeroPoint, recurrenceScale, recurrenceZeroPoint];
  return applyOne("DynamicQuantizeLSTM", [x, weight, recurrence, bias, ...scales], { hidden_size: hiddenDim });
}

/** A matrix of bytes: `(byte - zeroPoint) * scale`. */
export interface ScaledBytes {
  readonly values: Tensor;
  /** float32 scalar; of a right operand also one a column. */
  readonly scale: Tensor;
  /** Of the dtype of the values; scalar, of a right operand also one a column. */
  readonly zeroPoint: Tensor;
}

/**
 * Matrix product of bytes as float32. An operator of ONNX Runtime (domain com.microsoft), without gradient.
 *
 * @param left int8 or uint8 `[..., m, k]`
 * @param right int8 or uint8 `[..., k, n]`
 * @param options bias: float32 `[n]`, added to each row
 */
export function matMulIntegerToFloat(
  left: ScaledBytes,
  right: ScaledBytes,
  { bias }: { bias?: Tensor } = {},
): Tensor {
  const scales = [left.scale, right.scale, left.zeroPoint, right.zeroPoint];
  return applyOne("MatMulIntegerToFloat", [left.values, right.values, ...scales, ...(bias ? [bias] : [])]);
}
