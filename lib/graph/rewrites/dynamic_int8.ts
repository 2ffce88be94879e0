// Dynamic quantization to int8: weights in bytes by column, activations quantized by the range of each call.

import { cast, mul } from "../ops.ts";
import { dynamicQuantizeLinear, matMulInteger } from "../ops_quantization.ts";
import { type Tensor } from "../tensor.ts";
import { type ProductSelection, replaceProducts } from "./dense_products.ts";
import { quantizeLstms } from "./dynamic_int8_lstm.ts";
import { int8Matrices, type WeightBits } from "./int8_weights.ts";
import { type WeightedGraph } from "./weights.ts";

/**
 * Replaces each product `x W` with a parameter by DynamicQuantizeLinear, MatMulInteger and its scales, and each LSTM (see fuseLstm) by
 * ONNX Runtime's DynamicQuantizeLSTM. Needs no data.
 *
 * Bound, for one product: `|error[i, j]| <= sum_k (|x[i, k]| w_j + |W[k, j]| s + s w_j / 2) / 2 + rounding`, where w_j is the
 * largest magnitude of column j divided by 127 (by 63 with weights of 7 bits), and s the range of all of x (with 0) divided by 255.
 *
 * @param source weights in float32
 * @param options `select` products, `weightBits` of their matrices
 * @returns parameters `NAME.int8` uint8 or (7 bits) int8 `[k, n]` and `NAME.int8.scale` in the place of the products' matrices
 *
 * @example
 * ```ts
 * import { gemm, graph, input, parameter, quantizeDynamicInt8 } from "lib/graph/mod.ts";
 * const weight = parameter("w", [2, 3], { initializer: { kind: "constant", value: 1 } });
 * const model = graph("g", { y: gemm(input("x", "float32", ["batch", 3]), weight, null, { transB: true }) });
 * const w = { dtype: "float32" as const, shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
 * const { weights } = quantizeDynamicInt8({ graph: model, weights: { w } });
 * if (Object.keys(weights).join() !== "w.int8,w.int8.scale") throw new Error("the weights are bytes and scales");
 * ```
 */
export function quantizeDynamicInt8(
  source: WeightedGraph,
  { weightBits, ...selection }: ProductSelection & WeightBits = {},
): WeightedGraph {
  const matrixOf = int8Matrices(source.weights, { weightBits });
  // Three layers that read one tensor share its quantization.
  const quantized = new Map<Tensor, ReturnType<typeof dynamicQuantizeLinear>>();
  return replaceProducts(quantizeLstms(source, selection), selection, (product, x) => {
    if (!quantized.has(x)) quantized.set(x, dynamicQuantizeLinear(x));
    const { values, scale, zeroPoint } = quantized.get(x)!;
    const matrix = matrixOf(product);
    const sums = matMulInteger(values, matrix.values, zeroPoint, matrix.zeroPoint);
    return { product: mul(cast(sums, "float32"), mul(matrix.scale, scale)), weights: matrix.weights };
  });
}
