// Graphs as plain JSON: a model becomes data that is hashed, stored with a trial and rebuilt in another process.

import { type Graph, graph, leaves, topologicalOrder } from "./graph.ts";
import { apply } from "./operator.ts";
import { withoutOrigin } from "./origin.ts";
import { type Attributes, constant, type Initializer, input, parameter, type Tensor } from "./tensor.ts";
import type { DType, Shape } from "./types.ts";

/** One leaf or operation; tensors are numbered in the order in which the nodes list their outputs. */
type SerializedNode =
  | { kind: "input"; name: string; dtype: DType; shape: Shape }
  | { kind: "parameter"; name: string; dtype: DType; shape: Shape; initializer: Initializer; trainable: boolean }
  | { kind: "constant"; dtype: DType; shape: Shape; data: (number | string)[] }
  | { kind: "operation"; type: string; inputs: number[]; attributes: Attributes };

/** A graph as JSON. Contains no code: reading it back runs nothing but the shape rules of known operators. */
export interface SerializedGraph {
  version: 1;
  name: string;
  nodes: SerializedNode[];
  outputs: Record<string, number>;
}

// JSON has no infinities and no NaN.
const encodeNumber = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

function serializeLeaf(tensor: Tensor): SerializedNode {
  const { source, dtype, shape } = tensor;
  switch (source.kind) {
    case "input":
      return { kind: "input", name: source.name, dtype, shape };
    case "parameter": {
      const { name, initializer, trainable } = source;
      return { kind: "parameter", name, dtype, shape, initializer, trainable };
    }
    case "constant":
      return { kind: "constant", dtype, shape, data: [...source.data].map(encodeNumber) };
    case "operation":
      throw new Error("internal: an operation is no leaf");
  }
}

/** The graph as JSON; equal graphs give equal JSON. */
export function serializeGraph(original: Graph): SerializedGraph {
  const numbers = new Map<Tensor, number>();
  const nodes: SerializedNode[] = [];
  const outputs = Object.values(original.outputs);
  for (const leaf of leaves(outputs)) {
    nodes.push(serializeLeaf(leaf));
    numbers.set(leaf, numbers.size);
  }
  for (const operation of topologicalOrder(outputs)) {
    const { type, attributes } = operation;
    nodes.push({ kind: "operation", type, inputs: operation.inputs.map((tensor) => numbers.get(tensor)!), attributes });
    for (const output of operation.outputs) numbers.set(output, numbers.size);
  }
  const named = Object.entries(original.outputs).map(([name, tensor]) => [name, numbers.get(tensor)!]);
  return { version: 1, name: original.name, nodes, outputs: Object.fromEntries(named) };
}

function deserializeNode(node: SerializedNode, tensors: readonly Tensor[]): readonly Tensor[] {
  switch (node.kind) {
    case "input":
      return [input(node.name, node.dtype, node.shape)];
    case "parameter":
      return [parameter(node.name, node.shape as number[], node)];
    case "constant":
      return [constant(node.data.map(Number), { dtype: node.dtype, shape: node.shape as number[] })];
    case "operation":
      return withoutOrigin(() => apply(node.type, node.inputs.map((number) => tensors[number]), node.attributes));
  }
}

/**
 * Rebuilds a graph from its JSON; every shape is inferred and checked again.
 *
 * @throws {TypeError} for another version, an unknown operator or shapes that do not fit
 */
export function deserializeGraph(serialized: SerializedGraph): Graph {
  if (serialized.version !== 1) throw new TypeError(`Cannot read graph: expected version 1, got ${serialized.version}`);
  const tensors: Tensor[] = [];
  for (const node of serialized.nodes) tensors.push(...deserializeNode(node, tensors));
  const outputs = Object.entries(serialized.outputs).map(([name, number]) => [name, tensors[number]]);
  return graph(serialized.name, Object.fromEntries(outputs));
}
