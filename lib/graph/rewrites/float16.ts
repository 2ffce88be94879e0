// Half precision: products and what surrounds them in float16, with islands of float32 where half a precision loses more
// than it saves. Which operator runs where follows PyTorch's autocast (three lists: half, float, widest input).

import { float32ToFloat16, LARGEST_FLOAT16 } from "../float16.ts";
import { type Graph, graph, topologicalOrder } from "../graph.ts";
import { apply } from "../operator.ts";
import { cast } from "../ops.ts";
import { rewriteGraph } from "../rewrite.ts";
import {
  constant,
  constantValues,
  input,
  isParameter,
  type Operation,
  type Parameter,
  parameter,
  type Tensor,
} from "../tensor.ts";
import { type ArrayValue, type DType } from "../types.ts";
import { type Precision, precisions } from "./float16_islands.ts";
import { floatWeight, reachedWeights, type WeightedGraph, type Weights } from "./weights.ts";

/** Options of the conversion. */
export interface Float16Options {
  /** Dtype of the graph's floating inputs and outputs. Default `float32`: the graph casts. */
  io?: "float32" | "float16";
}

/**
 * Converts a graph to float16. Softmax, normalisations, reductions, norms, exponentials, logarithms, roots, divisions and every
 * operator not known to be safe stay in float32, and so does elementwise arithmetic between them. Parameters that a float16
 * operation reads are stored in float16.
 *
 * Bound: the difference from float32 is at most `2^-11 n` of the output's norm, n the operations on the longest path, while
 * no value exceeds 65504 (checkFloat16Range) and the model is well conditioned.
 *
 * @param source weights in float32
 * @throws {RangeError} when a weight exceeds 65504, naming the parameter
 *
 * @example
 * ```ts
 * import { graph, input, matMul, parameter, softmax, toFloat16 } from "lib/graph/mod.ts";
 * const w = parameter("w", [3, 2], { initializer: { kind: "constant", value: 0 } });
 * const y = softmax(matMul(input("x", "float32", ["batch", 3]), w));
 * const values = { dtype: "float32" as const, shape: [3, 2], data: new Float32Array(6) };
 * const half = toFloat16({ graph: graph("g", { y }), weights: { w: values } });
 * if (half.weights.w.dtype !== "float16") throw new Error("the weights are half as large");
 * if (half.graph.outputs.y.dtype !== "float32") throw new Error("the output is what it was");
 * ```
 */
export function toFloat16(source: WeightedGraph, options: Float16Options = {}): WeightedGraph {
  const { graph, half } = float16Graph(source.graph, options);
  return reachedWeights(graph, source.weights, halfWeights(source, half));
}

/** The graph of `toFloat16` alone, and the names of the parameters that it stores in float16. */
export function float16Graph(
  original: Graph,
  { io = "float32" }: Float16Options = {},
): { graph: Graph; half: ReadonlySet<string> } {
  const precisionOf = precisions(original);
  const half = halfParameters(original, precisionOf);
  const to = caster();
  const body = rewriteGraph(original, {
    leaf: (leaf) => convertedLeaf(leaf, { half, io }),
    operation(operation, inputs) {
      const precision = precisionOf.get(operation);
      if (!precision) return null;
      const fed = inputs.map((tensor, i) => operation.inputs[i].dtype === "float32" ? to(tensor, precision) : tensor);
      const same = fed.every((tensor, i) => tensor === operation.inputs[i]);
      const { attributes, type } = operation;
      if (type === "Cast") return precision === "float16" ? apply(type, fed, { to: precision }) : null;
      return same ? operation.outputs : apply(type, fed, attributes);
    },
  });
  const outputs = Object.entries(body.outputs).map(([name, tensor]) =>
    [name, original.outputs[name].dtype === "float32" ? to(tensor, io) : tensor] as const
  );
  return { graph: graph(body.name, Object.fromEntries(outputs)), half };
}

/** Names of the parameters that an operation in float16 reads. */
function halfParameters(original: Graph, precisionOf: ReadonlyMap<Operation, Precision>): Set<string> {
  const names = new Set<string>();
  for (const operation of topologicalOrder(Object.values(original.outputs))) {
    if (precisionOf.get(operation) !== "float16") continue;
    for (const tensor of operation.inputs) {
      if (isParameter(tensor) && tensor.dtype === "float32") names.add(tensor.source.name);
    }
  }
  return names;
}

function convertedLeaf(leaf: Tensor, { half, io }: { half: ReadonlySet<string>; io: DType }): Tensor | null {
  if (leaf.dtype !== "float32") return null;
  const { source } = leaf;
  if (source.kind === "input" && io === "float16") return input(source.name, "float16", leaf.shape);
  if (source.kind !== "parameter" || !half.has(source.name)) return null;
  return parameter(source.name, leaf.shape as number[], { ...source, dtype: "float16" });
}

/** Casts that are made once for each tensor and undone by leaving them out. */
function caster(): (tensor: Tensor, dtype: Precision) => Tensor {
  const made = new Map<Tensor, Tensor>();
  return (tensor, dtype) => {
    if (tensor.dtype === dtype) return tensor;
    const known = made.get(tensor);
    if (known) return known;
    const values = constantValues(tensor);
    const result = values ? constant(values, { dtype, shape: tensor.shape as number[] }) : cast(tensor, dtype);
    made.set(tensor, result);
    made.set(result, tensor); // a value that was narrowed is still there in full
    return result;
  };
}

function halfWeights({ graph: original, weights }: WeightedGraph, half: ReadonlySet<string>): Weights {
  const converted = original.parameters.filter(({ source }) => half.has(source.name));
  return Object.fromEntries(converted.map((leaf) => [leaf.source.name, halfWeight(leaf, weights)]));
}

/**
 * A parameter's values in float16.
 *
 * @throws {RangeError} when one exceeds 65504
 */
export function halfWeight(leaf: Parameter, weights: Weights): ArrayValue {
  const values = floatWeight(leaf, weights);
  const tooLarge = values.find((value) => Math.abs(value) > LARGEST_FLOAT16);
  if (tooLarge !== undefined) {
    throw new RangeError(
      `Cannot convert ${leaf.source.name} to float16: expected magnitudes up to ${LARGEST_FLOAT16}, got ${tooLarge}`,
    );
  }
  return { dtype: "float16", shape: leaf.shape as number[], data: float32ToFloat16(values) };
}
