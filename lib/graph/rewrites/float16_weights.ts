// Weights stored in half precision and computed with in single: half of the bytes, none of the speed, on any processor.

import { cast } from "../ops.ts";
import { rewriteGraph } from "../rewrite.ts";
import type { Tensor } from "../tensor.ts";
import { halfWeight } from "./float16.ts";
import { convertedParameter, isMatrixParameter, reachedWeights, type WeightedGraph, type Weights } from "./weights.ts";

/**
 * Stores float32 matrices in float16; the graph casts them back and computes in float32. ONNX Runtime casts once, when a session is created.
 * Vectors, such as biases, stay: they are few bytes.
 *
 * Bound: each weight is off by at most `2^-11` of itself, or `2^-25` below `2^-14`.
 *
 * @returns parameters `NAME.float16`
 * @throws {RangeError} when a weight exceeds 65504, naming the parameter
 *
 * @example
 * ```ts
 * import { graph, input, matMul, parameter, storeFloat16 } from "lib/graph/mod.ts";
 * const w = parameter("w", [30, 40], { initializer: { kind: "constant", value: 0 } });
 * const weights = { w: { dtype: "float32" as const, shape: [30, 40], data: new Float32Array(1200) } };
 * const stored = storeFloat16({ graph: graph("g", { y: matMul(input("x", "float32", ["n", 30]), w) }), weights });
 * if (stored.weights["w.float16"].data.byteLength !== 2400) throw new Error("two bytes a weight");
 * ```
 */
export function storeFloat16({ graph, weights }: WeightedGraph): WeightedGraph {
  const converted: Record<string, Weights[string]> = {};
  const rewritten = rewriteGraph(graph, {
    leaf(leaf: Tensor) {
      if (!isMatrixParameter(leaf)) return null;
      const name = `${leaf.source.name}.float16`;
      converted[name] = halfWeight(leaf, weights);
      return cast(convertedParameter(name, converted[name]), "float32");
    },
  });
  return reachedWeights(rewritten, weights, converted);
}
