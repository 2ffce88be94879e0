// Constant folding: what depends on constants alone is computed once, here.

import { type Graph } from "../graph.ts";
import { operatorOf } from "../operator.ts";
import { rewriteGraph } from "../rewrite.ts";
import { constant, constantValues, type Operation, type Tensor } from "../tensor.ts";
import { elementCount, isFloating, type NdArray } from "../types.ts";

/** Options of the folding. */
export interface FoldOptions {
  /** Results with more elements stay computed, so that a stretched scalar does not become a file of zeros. Default 65,536. */
  maxElements?: number;
}

/**
 * Replaces operations on constants by their results. Bound: the interpreter gives the same bits; elsewhere a folded value is
 * rounded once, where it was rounded by each operation.
 *
 * @example
 * ```ts
 * import { add, constant, foldConstants, graph, input, mul, topologicalOrder } from "lib/graph/mod.ts";
 * const scale = mul(constant(2), constant(3));
 * const folded = foldConstants(graph("g", { y: add(input("x", "float32", ["n"]), scale) }));
 * if (topologicalOrder([folded.outputs.y]).length !== 1) throw new Error("only the addition is left");
 * ```
 */
export function foldConstants(original: Graph, { maxElements = 65_536 }: FoldOptions = {}): Graph {
  return rewriteGraph(original, { operation: (operation, inputs) => folded(operation, inputs, maxElements) });
}

function folded(operation: Operation, inputs: readonly Tensor[], maxElements: number): Tensor[] | null {
  const values = inputs.map(concrete);
  const outputs = operation.outputs.map(({ dtype, shape }) => ({ dtype, shape: shape as number[] }));
  const fits = outputs.every(({ shape }) =>
    shape.every((dim) => typeof dim === "number") && elementCount(shape) <= maxElements
  );
  if (!fits || values.length === 0 || values.some((value) => value === null)) return null;
  const results = operatorOf(operation.type).evaluate(values as NdArray[], operation.attributes, outputs);
  // An integer result with a fraction has no encoding: such an operation is left to the runtime.
  const exact = results.every(({ dtype, data }) => isFloating(dtype) || data.every(Number.isInteger));
  return exact ? results.map(({ dtype, shape, data }) => constant(data, { dtype, shape })) : null;
}

function concrete(tensor: Tensor): NdArray | null {
  const data = constantValues(tensor);
  return data && { dtype: tensor.dtype, shape: tensor.shape as number[], data };
}
