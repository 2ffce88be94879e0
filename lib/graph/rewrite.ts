// Rewrites: a graph in, an equivalent graph out. Each rebuilds the expression bottom-up, so shapes are checked again.

import { dimTerms, fixDims } from "./dimensions.ts";
import { type Graph, graph, topologicalOrder } from "./graph.ts";
import { apply } from "./operator.ts";
import { withOriginOf } from "./origin.ts";
import { type Operation, type Tensor } from "./tensor.ts";

/** What to put in the place of a leaf or of an operation's outputs; null keeps it. */
export interface Replacement {
  leaf?(tensor: Tensor): Tensor | null;
  operation?(operation: Operation, inputs: readonly Tensor[]): readonly Tensor[] | null;
}

/** Rebuilds tensors with some of their sources replaced; what does not change is shared with the original. */
export function rebuild(outputs: readonly Tensor[], { leaf, operation }: Replacement): Tensor[] {
  const rebuilt = new Map<Tensor, Tensor>();
  const resolve = (tensor: Tensor): Tensor => {
    const known = rebuilt.get(tensor);
    if (known) return known;
    const replaced = leaf?.(tensor) ?? tensor;
    rebuilt.set(tensor, replaced);
    return replaced;
  };
  for (const source of topologicalOrder(outputs)) {
    const inputs = source.inputs.map(resolve);
    const same = inputs.every((input, i) => input === source.inputs[i]);
    const results = withOriginOf(
      source,
      () => operation?.(source, inputs) ?? (same ? source.outputs : apply(source.type, inputs, source.attributes)),
    );
    source.outputs.forEach((output, i) => rebuilt.set(output, results[i]));
  }
  return outputs.map(resolve);
}

/** `rebuild` for a whole graph. */
export function rewriteGraph(original: Graph, replacement: Replacement): Graph {
  const names = Object.keys(original.outputs);
  const outputs = rebuild(Object.values(original.outputs), replacement);
  return graph(original.name, Object.fromEntries(names.map((name, i) => [name, outputs[i]])));
}

/**
 * Fixes named dimensions of the inputs, for example the batch size.
 *
 * @param sizes size of each name, integers of at least 1
 * @throws {RangeError} when a name does not occur in the graph's inputs
 *
 * @example
 * ```ts
 * import { bindDimensions, graph, input, relu } from "lib/graph/mod.ts";
 * const any = graph("g", { y: relu(input("x", "float32", ["batch", 4])) });
 * const fixed = bindDimensions(any, { batch: 8 });
 * if (fixed.outputs.y.shape[0] !== 8) throw new Error("the batch is fixed");
 * ```
 */
export function bindDimensions(original: Graph, sizes: Readonly<Record<string, number>>): Graph {
  const used = new Set(
    Object.values(original.inputs).flatMap(({ shape }) => shape.flatMap((dim) => dimTerms(dim).names)),
  );
  for (const [name, size] of Object.entries(sizes)) {
    if (!used.has(name)) throw new RangeError(`Cannot fix dimension "${name}": no input of ${original.name} has it`);
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(`Cannot fix dimension "${name}": expected an integer of at least 1, got ${size}`);
    }
  }
  return rewriteGraph(original, {
    leaf: (tensor) => tensor.source.kind === "input" ? { ...tensor, shape: fixDims(tensor.shape, sizes) } : null,
  });
}
