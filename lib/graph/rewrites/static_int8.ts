// Static quantization to int8: ranges of the activations are known from calibration, so that nothing is measured at a call.

import { topologicalOrder } from "../graph.ts";
import { matMulIntegerToFloat, type ScaledBytes } from "../ops_fused.ts";
import { quantizeLinear } from "../ops_quantization.ts";
import { rangeScale } from "../operators/quantization.ts";
import { constant, type Tensor } from "../tensor.ts";
import { activationRanges, type CalibrationOptions } from "./calibration.ts";
import { type ProductSelection, replaceProducts } from "./dense_products.ts";
import { quantizeLstms } from "./dynamic_int8_lstm.ts";
import { int8Matrices, type WeightBits } from "./int8_weights.ts";
import { type WeightedGraph } from "./weights.ts";

/**
 * Replaces each product `x W` with a parameter by QuantizeLinear with a range from calibration and ONNX Runtime's MatMulIntegerToFloat.
 * (The form with DequantizeLinear before a MatMul, which ONNX Runtime also knows, stays unfused where a bias follows: it then turns
 * bytes back into float32 at every call.) Values outside the calibrated range saturate. An LSTM (see fuseLstm) has no static form in
 * ONNX Runtime: its weights become bytes, its states are quantized by their own range at each step.
 *
 * Bound, for one product on values inside the range: as quantizeDynamicInt8, with s the calibrated range divided by 255.
 *
 * @param source weights in float32
 * @param options batches that look like the data to come; their largest and smallest values set the scales; `select` products, `weightBits` of
 *   their matrices
 * @returns parameters `NAME.int8` uint8 `[k, n]` and `NAME.int8.scale`
 * @throws {RangeError} without batches, or when the graph gives values that are not finite
 */
export async function quantizeStaticInt8(
  source: WeightedGraph,
  { batches, execute, weightBits, ...selection }: CalibrationOptions & ProductSelection & WeightBits,
): Promise<WeightedGraph> {
  const ranges = await activationRanges(source, { batches, execute });
  const places = new Map(topologicalOrder(Object.values(source.graph.outputs)).map((operation, i) => [operation, i]));
  const matrixOf = int8Matrices(source.weights, { weightBits });
  const quantized = new Map<Tensor, ScaledBytes>();
  const dense = replaceProducts(source, selection, (product, x, original) => {
    const { low, high } = ranges.get(places.get(original)!)!;
    if (!quantized.has(x)) quantized.set(x, inBytes(x, rangeScale(Math.fround(low), Math.fround(high))));
    const { weights, ...matrix } = matrixOf(product);
    const left = quantized.get(x)!;
    return {
      product: matMulIntegerToFloat(left, matrix),
      weights,
      withBias: (bias) => matMulIntegerToFloat(left, matrix, { bias }),
    };
  });
  return quantizeLstms(dense, selection);
}

function inBytes(x: Tensor, range: { scale: number; zeroPoint: number }): ScaledBytes {
  const scale = constant(range.scale);
  const zeroPoint = constant(range.zeroPoint, { dtype: "uint8" });
  return { values: quantizeLinear(x, scale, zeroPoint), scale, zeroPoint };
}
