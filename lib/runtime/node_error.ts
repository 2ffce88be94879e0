// Which node a runtime refuses, where it only says that there is one: each is tried as a graph of its own.

import {
  atOrigin,
  type Graph,
  graph as closeGraph,
  input,
  type Operation,
  type Tensor,
  topologicalOrder,
} from "../graph/mod.ts";

/** Name of the graphs that nodes are tried as. */
export const SINGLE_NODE = "single-node";

/** As in the encoded graph, `Sign_12`, with what goes in and the line of the model: for messages. */
export function describeNode(operation: Operation, index: number): string {
  const operands = operation.inputs.map(({ dtype, shape }) => `${dtype} [${shape.join(", ")}]`);
  return `${operation.type}_${index} (${operation.type} of ${operands.join(", ")}${atOrigin(operation)})`;
}

/** One operation as a graph of its own: what it reads is fed, but for constants. */
function nodeGraph({ type, inputs, attributes, outputs }: Operation): Graph {
  const leaves = new Map<Tensor, Tensor>();
  const alone = inputs.map((tensor, i) => {
    if (tensor.source.kind === "constant") return tensor;
    const leaf = leaves.get(tensor) ?? input(`input${i}`, tensor.dtype, tensor.shape);
    leaves.set(tensor, leaf);
    return leaf;
  });
  const source: Operation = { kind: "operation", type, inputs: alone, attributes, outputs: [] };
  const results = outputs.map((output, index) => ({ ...output, source, index }));
  Object.assign(source, { outputs: results });
  return closeGraph(SINGLE_NODE, Object.fromEntries(results.map((result, i) => [`output${i}`, result])));
}

/** The first node that is not taken by itself, described; null when each is. */
export async function firstRefused(
  { outputs }: Graph,
  takes: (node: Graph) => Promise<boolean>,
): Promise<string | null> {
  for (const [i, operation] of topologicalOrder(Object.values(outputs)).entries()) {
    if (!await takes(nodeGraph(operation))) return describeNode(operation, i);
  }
  return null;
}

/**
 * What a runtime says about a graph that it refuses, with the node and its line in the model.
 *
 * @param create builds a session from a graph; fails as it did for the whole
 */
export async function refusedGraph(
  graph: Graph,
  cause: unknown,
  create: (node: Graph) => Promise<{ release(): Promise<void> }>,
): Promise<Error> {
  const takes = async (node: Graph) => {
    try {
      await (await create(node)).release();
      return true;
    } catch {
      return false;
    }
  };
  const node = await firstRefused(graph, takes);
  const text = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Cannot compile ${graph.name}${node === null ? "" : `: node ${node} is refused`}: ${text}`, {
    cause,
  });
}
