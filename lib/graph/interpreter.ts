// The float64 interpreter: slow, plain, and the reference that every other executor is tested against.

import { fixDims, sizesOfNames } from "./dimensions.ts";
import { type Graph, topologicalOrder } from "./graph.ts";
import { operatorOf } from "./operator.ts";
import type { Tensor } from "./tensor.ts";
import { elementCount, formatShape, type NdArray } from "./types.ts";

/** Values fed by name: flat numbers in row-major order; the shape is needed where the graph's has names. */
export interface FeedArray {
  readonly data: ArrayLike<number>;
  readonly shape?: readonly number[];
}

/**
 * Computes a graph in float64.
 *
 * @param feeds a value for each input and parameter of the graph
 * @returns the outputs by name, row-major
 *
 * @example
 * ```ts
 * import { graph, input, interpret, relu } from "lib/graph/mod.ts";
 * const positive = graph("g", { y: relu(input("x", "float32", ["n"])) });
 * const { y } = interpret(positive, { x: { data: [-1, 2], shape: [2] } });
 * if (y.data[1] !== 2) throw new Error("relu keeps 2");
 * ```
 */
export function interpret(graph: Graph, feeds: Readonly<Record<string, FeedArray>>): Record<string, NdArray> {
  const values = new Map<Tensor, NdArray>();
  const given = Object.entries(graph.inputs).map(([name, { shape }]) =>
    [shape, feeds[name]?.shape ?? shape as number[]] as const
  );
  const sizes = sizesOfNames(given);
  for (const [name, leaf] of Object.entries(graph.inputs)) values.set(leaf, fed(name, { leaf, feeds, sizes }));
  for (const leaf of graph.parameters) values.set(leaf, fed(leaf.source.name, { leaf, feeds, sizes }));
  const valueOf = (tensor: Tensor): NdArray => {
    const known = values.get(tensor);
    if (known) return known;
    if (tensor.source.kind !== "constant") throw new Error("internal: a tensor is used before it is computed");
    return { dtype: tensor.dtype, shape: tensor.shape as number[], data: tensor.source.data };
  };
  for (const operation of topologicalOrder(Object.values(graph.outputs))) {
    const inputs = operation.inputs.map(valueOf);
    const outputs = operation.outputs.map((tensor) => ({
      dtype: tensor.dtype,
      shape: fixDims(tensor.shape, sizes) as number[],
    }));
    const results = operatorOf(operation.type).evaluate(inputs, operation.attributes, outputs);
    operation.outputs.forEach((tensor, i) => values.set(tensor, results[i]));
  }
  return Object.fromEntries(Object.entries(graph.outputs).map(([name, tensor]) => [name, valueOf(tensor)]));
}

function fed(
  name: string,
  { leaf, feeds, sizes }: {
    leaf: Tensor;
    feeds: Readonly<Record<string, FeedArray>>;
    sizes: Readonly<Record<string, number>>;
  },
): NdArray {
  const feed = feeds[name];
  if (!feed) throw new TypeError(`Cannot compute: expected a value for "${name}", got none`);
  const shape = feed.shape ?? (leaf.shape as number[]);
  const expected = formatShape(leaf.shape);
  const fits = shape.length === leaf.shape.length &&
    fixDims(leaf.shape, sizes).every((size, axis) => size === shape[axis]);
  if (!fits || elementCount(shape) !== feed.data.length) {
    throw new TypeError(
      `Cannot compute: expected ${name} ${expected}, got ${formatShape(shape)} with ${feed.data.length} values`,
    );
  }
  return { dtype: leaf.dtype, shape, data: Float64Array.from(feed.data) };
}
