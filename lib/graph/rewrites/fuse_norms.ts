// RMSNorm as models write it, in the one operator that ONNX Runtime has for it.

import { type Graph, topologicalOrder } from "../graph.ts";
import { fusedRmsNorm } from "../ops_fused.ts";
import { rewriteGraph } from "../rewrite.ts";
import { constantValues, type Operation, type Tensor } from "../tensor.ts";
import { inputsOf } from "./patterns.ts";

/**
 * Puts `SimplifiedLayerNormalization` in the place of each `x / sqrt(mean(x x) + epsilon) weight`, as `rmsNorm` of lib/nn writes it, unless
 * something else, such as a gradient, reads what lies between. ONNX Runtime itself does so on the CPU and not for WebGPU, where six
 * programs become one. Bound: the same up to rounding.
 *
 * @example
 * ```ts
 * import { fuseNorms, topologicalOrder } from "lib/graph/mod.ts";
 * import { model, rmsNorm, tensor } from "lib/nn/mod.ts";
 * const plain = model("m", { inputs: { x: tensor("float32", ["batch", 8]) } }, (scope, { x }) => ({
 *   y: rmsNorm(scope, x),
 * })).trace();
 * const types = topologicalOrder([fuseNorms(plain).outputs.y]).map(({ type }) => type);
 * if (types.join() !== "SimplifiedLayerNormalization") throw new Error("one operator");
 * ```
 */
export function fuseNorms(original: Graph): Graph {
  const readers = readerCounts(original);
  return rewriteGraph(original, {
    operation(operation, inputs) {
      const norm = normUnder(operation, readers);
      if (!norm) return null;
      const [x] = inputsOf(inputs[0], "Div")!;
      return [fusedRmsNorm(x, inputs[1], norm)];
    },
  });
}

/** The epsilon of a norm whose last operation this is, and whose others it alone reads; else null. */
function normUnder(
  { type, inputs: [normal, weight] }: Operation,
  readers: ReadonlyMap<Tensor, number>,
): { epsilon: number } | null {
  const inner = (tensor: Tensor, type: string) => readers.get(tensor) === 1 ? inputsOf(tensor, type) : null;
  const [x, root] = (type === "Mul" && inner(normal, "Div")) || [];
  const [biased] = (root && inner(root, "Sqrt")) ?? [];
  const [meanSquare, epsilon] = (biased && inner(biased, "Add")) ?? [];
  const [squares] = (meanSquare && inner(meanSquare, "ReduceMean")) ?? [];
  const factors = squares && inner(squares, "Mul");
  if (!x || !factors || factors.some((factor) => factor !== x)) return null;
  const values = constantValues(epsilon);
  const isOfRows = String(meanSquare.shape) === String([...x.shape.slice(0, -1), 1]);
  const fits = weight.shape.length === 1 && weight.shape[0] === x.shape.at(-1) && x.shape.at(-1) !== 1;
  return values?.length === 1 && isOfRows && fits ? { epsilon: values[0] } : null;
}

/** How often each tensor is read: by operations, and as an output. */
function readerCounts({ outputs }: Graph): Map<Tensor, number> {
  const counts = new Map<Tensor, number>();
  const ends = Object.values(outputs);
  for (const tensor of [...topologicalOrder(ends).flatMap(({ inputs }) => inputs), ...ends]) {
    counts.set(tensor, (counts.get(tensor) ?? 0) + 1);
  }
  return counts;
}
