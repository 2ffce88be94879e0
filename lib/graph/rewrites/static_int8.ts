// Static quantization to int8: ranges of the activations are known from calibration, so that nothing is measured at a call.

import { topologicalOrder } from "../graph.ts";
import { matMul } from "../ops.ts";
import { dequantizeLinear, quantizeLinear } from "../ops_quantization.ts";
import { rangeScale } from "../operators/quantization.ts";
import { constant, type Tensor } from "../tensor.ts";
import { activationRanges, type CalibrationOptions } from "./calibration.ts";
import { type ProductSelection, replaceProducts } from "./dense_products.ts";
import { columnZeroPoints, int8Matrices } from "./int8_weights.ts";
import { type WeightedGraph } from "./weights.ts";

/**
 * Puts QuantizeLinear and DequantizeLinear around the operands of each product with a parameter (ONNX's QDQ form, which
 * runtimes fuse into integer products). Values outside the calibrated range saturate.
 *
 * Bound, for one product on values inside the range: as quantizeDynamicInt8, with s the calibrated range divided by 255.
 *
 * @param source weights in float32
 * @param options batches that look like the data to come; their largest and smallest values set the scales
 * @returns parameters `NAME.int8` uint8 `[k, n]` and `NAME.int8.scale`
 * @throws {RangeError} without batches, or when the graph gives values that are not finite
 */
export async function quantizeStaticInt8(
  source: WeightedGraph,
  { batches, execute, ...selection }: CalibrationOptions & ProductSelection,
): Promise<WeightedGraph> {
  const ranges = await activationRanges(source, { batches, execute });
  const places = new Map(topologicalOrder(Object.values(source.graph.outputs)).map((operation, i) => [operation, i]));
  const matrixOf = int8Matrices(source.weights);
  const quantized = new Map<Tensor, Tensor>();
  return replaceProducts(source, selection, (product, x, original) => {
    const { low, high } = ranges.get(places.get(original)!)!;
    if (!quantized.has(x)) quantized.set(x, throughUint8(x, rangeScale(Math.fround(low), Math.fround(high))));
    const matrix = matrixOf(product);
    const weight = dequantizeLinear(matrix.values, matrix.scale, columnZeroPoints(product.n), { axis: 1 });
    return { product: matMul(quantized.get(x)!, weight), weights: matrix.weights };
  });
}

function throughUint8(x: Tensor, range: { scale: number; zeroPoint: number }): Tensor {
  const scale = constant(range.scale);
  const zeroPoint = constant(range.zeroPoint, { dtype: "uint8" });
  return dequantizeLinear(quantizeLinear(x, scale, zeroPoint), scale, zeroPoint);
}
