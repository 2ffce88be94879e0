// What a graph costs, from its shapes alone: operators, parameters, arithmetic, traffic, memory.

import { type Graph, topologicalOrder } from "./graph.ts";
import { ALIASES, executionOrder, peakLiveBytes } from "./liveness.ts";
import { expanded } from "./operators/composite.ts";
import { isParameter, type Operation, type Tensor } from "./tensor.ts";
import { concreteShape, elementCount, tensorBytes } from "./types.ts";

/** Costs of computing a graph once. */
export interface GraphCosts {
  /** How often each operator occurs, by falling count. */
  readonly operators: Readonly<Record<string, number>>;
  readonly operationCount: number;
  readonly parameterCount: number;
  readonly parameterBytes: number;
  /** Floating or integer operations: 2 for each multiply-add of a product, 1 for each element of any other arithmetic. */
  readonly flops: number;
  /** Bytes that operations read and write, if nothing stays in a cache. */
  readonly bytesMoved: number;
  /** All results of operations together. */
  readonly activationBytes: number;
  /** The most that intermediate results take at one time, outputs of the graph left out. */
  readonly peakActivationBytes: number;
  /** Parameters, inputs, outputs and the peak of the intermediate results. */
  readonly peakBytes: number;
}

/** Operators that move values and compute nothing. */
const MOVES = new Set([
  ...ALIASES,
  ...["Transpose", "Expand", "Concat", "Slice", "Split", "Pad", "Gather", "GatherBlockQuantized", "Cast", "Where"],
]);

/**
 * Explains a graph's costs. The peak follows ONNX Runtime: the order in which its CPU provider computes, elementwise results
 * written over an input that nothing else reads, memory handed on by reshapes, transpositions that become part of products. What
 * its allocator holds beyond that is machinery, not graph (see predictTrainingBytes of lib/train).
 *
 * @param graph all dimensions fixed
 * @throws {RangeError} when a dimension has a name: fix it with bindDimensions
 *
 * @example
 * ```ts
 * import { explain, graph, input, matMul, parameter, relu } from "lib/graph/mod.ts";
 * const w = parameter("w", [64, 32], { initializer: { kind: "constant", value: 0 } });
 * const { flops, parameterBytes, operators } = explain(graph("g", { y: relu(matMul(input("x", "float32", [8, 64]), w)) }));
 * if (flops !== 2 * 8 * 64 * 32 + 8 * 32) throw new Error("a product and a relu");
 * if (parameterBytes !== 8192 || operators.Relu !== 1) throw new Error("64 x 32 values of 4 bytes");
 * ```
 */
export function explain(graph: Graph): GraphCosts {
  const outputs = Object.values(graph.outputs);
  const order = topologicalOrder(outputs);
  for (const tensor of [...Object.values(graph.inputs), ...order.flatMap((operation) => operation.outputs)]) {
    concreteShape(tensor.shape, `Cannot explain ${graph.name}`);
  }
  const bytes = (tensors: readonly Tensor[]) => sum(tensors, tensorBytes);
  const parameterBytes = bytes(graph.parameters);
  const peakActivationBytes = peakLiveBytes(executionOrder(order), outputs);
  return {
    operators: counts(order),
    operationCount: order.length,
    parameterCount: sum(graph.parameters, ({ shape }) => elementCount(shape as number[])),
    parameterBytes,
    flops: sum(order, operationFlops),
    bytesMoved: sum(
      order,
      (operation) => ALIASES.has(operation.type) ? 0 : bytes([...operation.inputs, ...operation.outputs]),
    ),
    activationBytes: sum(order, (operation) => (ALIASES.has(operation.type) ? 0 : bytes(operation.outputs))),
    peakActivationBytes,
    peakBytes: parameterBytes + bytes(Object.values(graph.inputs)) + bytes(computed(outputs)) + peakActivationBytes,
  };
}

/** Outputs with memory of their own, each once. */
function computed(outputs: readonly Tensor[]): Tensor[] {
  return [...new Set(outputs)].filter((tensor) => !isParameter(tensor) && tensor.source.kind !== "input");
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function counts(order: readonly Operation[]): Record<string, number> {
  const found = new Map<string, number>();
  for (const { type } of order) found.set(type, (found.get(type) ?? 0) + 1);
  return Object.fromEntries([...found].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

function operationFlops(operation: Operation): number {
  const { type, inputs, outputs, attributes } = operation;
  const plain = expanded(operation);
  if (plain) return sum(topologicalOrder(plain), operationFlops);
  const elements = (tensor: Tensor) => elementCount(tensor.shape as number[]);
  const [output] = outputs;
  switch (type) {
    case "MatMul":
    case "MatMulInteger":
    case "MatMulNBits":
      return 2 * elements(output) * Number(inputs[0].shape.at(-1));
    case "Gemm":
      return 2 * elements(output) * Number(inputs[0].shape[attributes.transA ? 0 : 1]) +
        (inputs[2] ? elements(output) : 0);
    case "Conv":
      return 2 * elements(output) * elementCount(inputs[1].shape.slice(1) as number[]);
    default:
      // A reduction reads more than it writes; everything else writes what it computes.
      return MOVES.has(type) ? 0 : Math.max(...[...inputs, ...outputs].map(elements));
  }
}
