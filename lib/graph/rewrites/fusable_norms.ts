// RMSNorm in the words by which ONNX Runtime knows it.

import { type Graph } from "../graph.ts";
import { pow } from "../ops.ts";
import { apply } from "../operator.ts";
import { rewriteGraph } from "../rewrite.ts";
import { inputsOf } from "./patterns.ts";

/**
 * Writes the mean of `x x` as the mean of `x^2`: of RMSNorm's six operators ONNX Runtime then makes one (SimplifiedLayerNormalization), on
 * the CPU and WebGPU. Models themselves keep the product, which is cheaper wherever nothing is fused, and whose gradient is. Bound: the
 * same up to rounding.
 *
 * @example
 * ```ts
 * import { fusableNorms, topologicalOrder } from "lib/graph/mod.ts";
 * import { model, rmsNorm, tensor } from "lib/nn/mod.ts";
 * const plain = model("m", { inputs: { x: tensor("float32", ["batch", 8]) } }, (scope, { x }) => ({
 *   y: rmsNorm(scope, x),
 * })).trace();
 * const types = topologicalOrder([fusableNorms(plain).outputs.y]).map(({ type }) => type);
 * if (types[0] !== "Pow") throw new Error("a power instead of a product");
 * ```
 */
export function fusableNorms(original: Graph): Graph {
  return rewriteGraph(original, {
    operation({ type, attributes }, [squares, ...axes]) {
      const factors = type === "ReduceMean" ? inputsOf(squares, "Mul") : null;
      if (factors === null || factors[0] !== factors[1]) return null;
      return apply(type, [pow(factors[0], 2), ...axes], attributes);
    },
  });
}
