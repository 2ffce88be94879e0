// Where a graph may be computed in half precision and where not: the lists, and how the islands grow.

import { LARGEST_FLOAT16 } from "../float16.ts";
import { type Graph, graph, topologicalOrder } from "../graph.ts";
import { abs, reduceMax } from "../ops.ts";
import { atOrigin } from "../origin.ts";
import { constantValues, type Operation, type Tensor } from "../tensor.ts";
import { type FeedArray, interpret } from "../interpreter.ts";
import { type CalibrationOptions } from "./calibration.ts";
import { type WeightedGraph } from "./weights.ts";

/** What an operation computes in. */
export type Precision = "float16" | "float32";

/** Products, which gain the most, and RMSNorm: these sum in float32 inside. */
const HALF = new Set(["MatMul", "Gemm", "Conv", "SimplifiedLayerNormalization"]);

/** Exact or well conditioned in any precision: these take the widest of their inputs. */
const WIDEST = new Set([
  ...["Add", "Sub", "Mul", "Max", "Min", "Neg", "Abs", "Sign", "Relu", "Gelu", "Tanh", "Sigmoid", "Where"],
  ...["Greater", "Less", "Equal", "Identity", "Transpose", "Reshape", "Expand", "Concat", "Slice", "Pad", "Gather"],
  ...["Split", "Squeeze", "Unsqueeze"],
]);

/** Computed in float32, but with results of moderate size that lose little in float16. */
const NARROWED = new Set(["Softmax", "LayerNormalization"]);

/** Smallest float16 that has all of its bits. */
const SMALLEST_NORMAL = 2 ** -14;

/** The precision of each operation that reads or makes float32; the others are left as they are. */
export function precisions(original: Graph): Map<Operation, Precision> {
  const outputs = Object.values(original.outputs);
  const order = topologicalOrder(outputs);
  const chosen = new Map<Operation, Precision>();
  for (const operation of order) {
    const floats = [...operation.inputs, ...operation.outputs].some(({ dtype }) => dtype === "float32");
    if (floats) chosen.set(operation, chosenPrecision(operation, chosen));
  }
  growBackwards(order, chosen, new Set(outputs));
  return chosen;
}

function chosenPrecision(operation: Operation, chosen: ReadonlyMap<Operation, Precision>): Precision {
  const { type, inputs } = operation;
  if (HALF.has(type)) return "float16";
  // A mask of zeros and ones must not widen what it is multiplied with.
  if (type === "Cast") return inputs[0].dtype === "bool" ? "float16" : "float32";
  if (!WIDEST.has(type)) return "float32";
  return inputs.some((tensor) => tensor.dtype === "float32" && isWide(tensor, chosen)) ? "float32" : "float16";
}

/** Whether a tensor needs float32: the result of an island, or a constant that float16 would change beyond rounding. */
function isWide(tensor: Tensor, chosen: ReadonlyMap<Operation, Precision>): boolean {
  const { source } = tensor;
  if (source.kind === "operation") return chosen.get(source) === "float32" && !NARROWED.has(source.type);
  const values = constantValues(tensor);
  return values !== null && values.some((value) => {
    const magnitude = Math.abs(value);
    return magnitude !== 0 && magnitude !== Infinity && (magnitude < SMALLEST_NORMAL || magnitude > LARGEST_FLOAT16);
  });
}

/** Arithmetic that only an island reads joins it: the squares under a norm overflow in float16 where the norm does not. */
function growBackwards(order: readonly Operation[], chosen: Map<Operation, Precision>, outputs: ReadonlySet<Tensor>) {
  const readers = new Map<Operation, Operation[]>();
  for (const operation of order) {
    for (const { source } of operation.inputs) {
      if (source.kind === "operation") readers.set(source, [...(readers.get(source) ?? []), operation]);
    }
  }
  for (const operation of [...order].reverse()) {
    if (!WIDEST.has(operation.type) || operation.outputs.some((tensor) => outputs.has(tensor))) continue;
    const all = readers.get(operation) ?? [];
    if (all.length > 0 && all.every((reader) => chosen.get(reader) === "float32")) chosen.set(operation, "float32");
  }
}

/**
 * Computes batches in float32 and refuses a graph whose values float16 cannot hold.
 *
 * @throws {RangeError} naming the first node that exceeds 65504 in magnitude, and the value it reaches
 */
export async function checkFloat16Range(
  { graph: original, weights }: WeightedGraph,
  { batches, execute = (probe, feeds) => Promise.resolve(interpret(probe, feeds)) }: CalibrationOptions,
): Promise<void> {
  const order = topologicalOrder(Object.values(original.outputs));
  const names = new Map<string, [node: string, where: string]>();
  const probed: Record<string, Tensor> = {};
  for (const [operation, precision] of precisions(original)) {
    const [output] = operation.outputs;
    if (precision !== "float16" || output.dtype !== "float32") continue;
    const key = `largest${order.indexOf(operation)}`;
    names.set(key, [`${operation.type}_${order.indexOf(operation)} [${output.shape}]`, atOrigin(operation)]);
    probed[key] = reduceMax(abs(output));
  }
  const probe = graph(`${original.name}-largest`, probed);
  const parameters = probe.parameters.map(({ source: { name } }) => [name, weights[name] as FeedArray] as const);
  for await (const batch of batches) {
    const inputs = Object.keys(probe.inputs).map((name) => [name, batch[name]] as const);
    const results = await execute(probe, Object.fromEntries([...inputs, ...parameters]));
    for (const [key, [name, where]] of names) {
      const largest = Number(results[key].data[0]);
      if (largest > LARGEST_FLOAT16 || Number.isNaN(largest)) {
        throw new RangeError(
          `Cannot run ${original.name} in float16: ${name} reaches ${largest}, expected at most ${LARGEST_FLOAT16}${where}`,
        );
      }
    }
  }
}
