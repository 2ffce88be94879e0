// Attention as models write it, in the one operator that ONNX Runtime has for it.

import { type Graph } from "../graph.ts";
import { fusedAttention } from "../ops_fused.ts";
import { rewriteGraph } from "../rewrite.ts";
import { constantValues, type Operation, type Tensor } from "../tensor.ts";
import { formatShape } from "../types.ts";
import { inputsOf } from "./patterns.ts";

/**
 * Puts `com.microsoft.MultiHeadAttention` in the place of each `softmax(q k') v` over heads without a mask, as `multiHeadAttention` of lib/nn
 * writes it; what looks otherwise stays. Bound: the same up to rounding. Runs on the CPU and WebGPU providers, not on CoreML, and has
 * no gradient.
 *
 * @example
 * ```ts
 * import { fuseAttention, topologicalOrder } from "lib/graph/mod.ts";
 * import { model, multiHeadAttention, tensor } from "lib/nn/mod.ts";
 * const plain = model("m", { inputs: { x: tensor("float32", ["batch", 5, 8]) } }, (scope, { x }) => ({
 *   y: multiHeadAttention(scope, x, { heads: 2 }),
 * })).trace();
 * const types = topologicalOrder([fuseAttention(plain).outputs.y]).map(({ type }) => type);
 * if (types.at(-1) !== "MultiHeadAttention" || types.includes("Softmax")) throw new Error("one operator");
 * ```
 */
export function fuseAttention(original: Graph): Graph {
  return rewriteGraph(original, {
    operation: (operation, inputs) => {
      const found = attentionUnder(operation, inputs);
      return found && [fusedAttention(found.queries, found.keys, found)];
    },
  });
}

interface FoundAttention {
  queries: Tensor;
  keys: Tensor;
  values: Tensor;
  heads: number;
  scale: number;
}

/** `reshape(transpose(softmax(scale q k') v))` with q, k and v in heads. */
function attentionUnder({ type, outputs: [output] }: Operation, [joined]: readonly Tensor[]): FoundAttention | null {
  if (type !== "Reshape") return null;
  const mixed = transposed(joined, [0, 2, 1, 3]);
  const product = mixed && inputsOf(mixed, "MatMul");
  const scores = product && inputsOf(product[0], "Softmax");
  const asking = scores && inputsOf(scores[0], "MatMul");
  const scaled = asking && inputsOf(asking[0], "Mul");
  if (!product || !asking || !scaled) return null;
  const scale = constantValues(scaled[1]);
  const queries = inHeads(scaled[0], [0, 2, 1, 3]);
  const keys = inHeads(asking[1], [0, 2, 3, 1]);
  const values = inHeads(product[1], [0, 2, 1, 3]);
  if (scale?.length !== 1 || !queries || !keys || !values || queries.dtype !== "float32") return null;
  // The operator knows one batch and one width, of all heads and of the result.
  const [batch, , width] = queries.shape;
  const isSized = ({ shape }: Tensor) => shape[0] === batch && shape[2] === width;
  if (!isSized(keys) || !isSized(values) || formatShape(output.shape) !== formatShape(queries.shape)) return null;
  return { queries, keys, values, heads: Number(mixed.shape[1]), scale: scale[0] };
}

/** What was transposed so. */
function transposed(tensor: Tensor, order: readonly number[]): Tensor | null {
  const { source } = tensor;
  if (source.kind !== "operation" || source.type !== "Transpose") return null;
  return String(source.attributes.perm) === String(order) ? source.inputs[0] : null;
}

/** The `[batch, sequence, width]` of which heads were made. */
function inHeads(tensor: Tensor, order: readonly number[]): Tensor | null {
  const divided = transposed(tensor, order);
  const [whole] = (divided && inputsOf(divided, "Reshape")) ?? [];
  return whole?.shape.length === 3 && divided?.shape.length === 4 ? whole : null;
}
