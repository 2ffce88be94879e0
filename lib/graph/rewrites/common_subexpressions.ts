// Common subexpressions: the same operator on the same tensors is computed once.

import { type Graph } from "../graph.ts";
import { apply } from "../operator.ts";
import { rewriteGraph } from "../rewrite.ts";
import { type Operation, type Tensor } from "../tensor.ts";

/** Constants with more elements are the same only where they are the same tensor. */
const COMPARED_ELEMENTS = 1024;

/**
 * Merges operations of one type with the same attributes and inputs, and constants of equal values. Bound: the same bits.
 * Operators are functions of their inputs and attributes (random ones of their seed), so that merging them is always allowed.
 *
 * @example
 * ```ts
 * import { add, eliminateCommonSubexpressions, exp, graph, input, topologicalOrder } from "lib/graph/mod.ts";
 * const x = input("x", "float32", ["n"]);
 * const merged = eliminateCommonSubexpressions(graph("g", { y: add(exp(x), exp(x)) }));
 * if (topologicalOrder([merged.outputs.y]).length !== 2) throw new Error("one Exp and the addition are left");
 * ```
 */
export function eliminateCommonSubexpressions(original: Graph): Graph {
  const constants = new Map<string, Tensor>();
  const operations = new Map<string, readonly Tensor[]>();
  const numbers = new Map<Tensor, number>();
  const numberOf = (tensor: Tensor) => {
    if (!numbers.has(tensor)) numbers.set(tensor, numbers.size);
    return numbers.get(tensor)!;
  };
  return rewriteGraph(original, {
    leaf: (tensor) => {
      const key = constantKey(tensor);
      if (key === null) return null;
      if (!constants.has(key)) constants.set(key, tensor);
      return constants.get(key)!;
    },
    operation: (operation, inputs) => {
      const key = operationKey(operation, inputs.map(numberOf));
      const known = operations.get(key);
      if (known) return known;
      const same = inputs.every((input, i) => input === operation.inputs[i]);
      const outputs = same ? operation.outputs : apply(operation.type, inputs, operation.attributes);
      operations.set(key, outputs);
      return outputs;
    },
  });
}

function constantKey({ source, dtype, shape }: Tensor): string | null {
  if (source.kind !== "constant" || source.data.length > COMPARED_ELEMENTS) return null;
  // Text keeps every float64 apart but the two zeros.
  const values = Array.from(source.data, (value) => (Object.is(value, -0) ? "-0" : String(value)));
  return `${dtype} [${shape}] ${values.join()}`;
}

function operationKey({ type, attributes }: Operation, inputs: readonly number[]): string {
  const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([type, inputs, sorted]);
}
