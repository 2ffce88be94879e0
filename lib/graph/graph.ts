// A graph: named inputs, parameters and outputs of an expression, in the order in which it is computed.

import { type Operation, type Parameter, type Tensor } from "./tensor.ts";

/** A closed expression: what goes in, what is learned, what comes out. */
export interface Graph {
  readonly name: string;
  /** Tensors fed at run time, by name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Learned tensors in the order in which the model declares them. */
  readonly parameters: readonly Parameter[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/**
 * Closes the expression that leads to `outputs`: finds its inputs and parameters.
 *
 * @throws {TypeError} when two different leaves share a name
 *
 * @example
 * ```ts
 * import { graph, input, mul } from "lib/graph/mod.ts";
 * const x = input("x", "float32", ["batch", 3]);
 * const doubled = graph("double", { y: mul(x, 2) });
 * if (!("x" in doubled.inputs)) throw new Error("x is an input of the graph");
 * ```
 */
export function graph(name: string, outputs: Readonly<Record<string, Tensor>>): Graph {
  const inputs: Record<string, Tensor> = {};
  const parameters = new Map<string, Parameter>();
  for (const leaf of leaves(Object.values(outputs))) {
    if (leaf.source.kind === "constant") continue;
    const leafName = (leaf.source as { name: string }).name;
    const known = inputs[leafName] ?? parameters.get(leafName);
    if (known && known !== leaf) throw new TypeError(`Graph ${name}: two different leaves are called "${leafName}"`);
    if (leaf.source.kind === "input") inputs[leafName] = leaf;
    else parameters.set(leafName, leaf as Parameter);
  }
  return { name, inputs, parameters: [...parameters.values()], outputs: { ...outputs } };
}

/** Operations that the tensors depend on, each after those it needs. */
export function topologicalOrder(outputs: readonly Tensor[]): Operation[] {
  const order: Operation[] = [];
  walk(outputs, (tensor) => {
    if (tensor.source.kind === "operation") order.push(tensor.source);
  });
  return order;
}

/** Inputs, parameters and constants that the tensors depend on, in the order of their first use. */
export function leaves(outputs: readonly Tensor[]): Tensor[] {
  const found: Tensor[] = [];
  walk(outputs, (tensor) => {
    if (tensor.source.kind !== "operation") found.push(tensor);
  });
  return found;
}

/** Visits each source once, after its inputs; iterative, since graphs of language models are deeper than the stack. */
function walk(outputs: readonly Tensor[], visit: (tensor: Tensor) => void): void {
  const done = new Set<unknown>();
  const key = (tensor: Tensor) => (tensor.source.kind === "operation" ? tensor.source : tensor);
  const stack: { tensor: Tensor; next: number }[] = [];
  for (const output of outputs) {
    stack.push({ tensor: output, next: 0 });
    while (stack.length > 0) {
      const frame = stack[stack.length - 1];
      const { source } = frame.tensor;
      if (done.has(key(frame.tensor))) {
        stack.pop();
      } else if (source.kind === "operation" && frame.next < source.inputs.length) {
        stack.push({ tensor: source.inputs[frame.next++], next: 0 });
      } else {
        done.add(key(frame.tensor));
        visit(frame.tensor);
        stack.pop();
      }
    }
  }
}

/** Total number of values in the parameters. */
export function parameterCount({ parameters }: Pick<Graph, "parameters">): number {
  return parameters.reduce((sum, { shape }) => sum + shape.reduce<number>((size, dim) => size * Number(dim), 1), 0);
}
