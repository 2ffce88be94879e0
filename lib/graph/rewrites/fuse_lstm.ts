// LSTM layers that models write step by step, in the one operator that ONNX has for them: written out, each step is a dozen nodes,
// and ONNX Runtime packs the matrix of states anew for every step, in memory of its own.

import { fusedLstm } from "../ops_fused.ts";
import { transpose } from "../ops.ts";
import { squeeze } from "../ops_indexing.ts";
import { rewriteGraph } from "../rewrite.ts";
import { constantValues, isParameter, type Operation, type Parameter, type Tensor } from "../tensor.ts";
import { type ArrayValue } from "../types.ts";
import { once } from "./dense_products.ts";
import { inputsOf } from "./patterns.ts";
import { convertedParameter, floatWeight, reachedWeights, type WeightedGraph, type Weights } from "./weights.ts";

/** Order of the gates here among those of the model (input, forget, cell, output). */
const GATES = [0, 3, 1, 2];

/**
 * Puts ONNX's LSTM in the place of each layer that `scanSequence` of lib/nn wrote with an `lstmCell` from states of zero; what looks
 * otherwise stays. Bound: the same up to rounding. For inference on the CPU provider: the operator has no gradient here, and neither
 * CoreML nor WebGPU take it.
 *
 * @returns parameters `WEIGHT.onnx` `[1, 4 hidden, width]`, `[1, 4 hidden, hidden]` and a bias `[1, 8 hidden]` for each layer
 *
 * @example
 * ```ts
 * import { fuseLstm, topologicalOrder } from "lib/graph/mod.ts";
 * import { initialValues, lstmCell, model, scanSequence, tensor } from "lib/nn/mod.ts";
 * const graph = model("m", { inputs: { x: tensor("float32", ["batch", 6, 2]) } }, (scope, { x }) => ({
 *   y: scanSequence(x, lstmCell(scope, 2, 3)).outputs,
 * })).trace();
 * const weights = Object.fromEntries(graph.parameters.map((leaf) => {
 *   return [leaf.source.name, { dtype: "float32" as const, shape: leaf.shape as number[], data: initialValues(leaf, 1) }];
 * }));
 * const fused = fuseLstm({ graph, weights });
 * const types = topologicalOrder([fused.graph.outputs.y]).map(({ type }) => type);
 * if (types.join() !== "Transpose,LSTM,Squeeze,Transpose") throw new Error("one operator for six steps");
 * ```
 */
export function fuseLstm({ graph, weights }: WeightedGraph): WeightedGraph {
  const converted: Record<string, ArrayValue> = {};
  const cached = once<{ tensor: Parameter; values: Weights }>();
  const inOrder = (name: string, parts: readonly Parameter[]): Parameter => {
    const { tensor, values } = cached(name, () => {
      const value = stacked(parts, weights);
      return { tensor: convertedParameter(name, value), values: { [name]: value } };
    });
    Object.assign(converted, values);
    return tensor;
  };
  const rewritten = rewriteGraph(graph, {
    operation(operation, inputs) {
      const layer = layerUnder(operation, inputs);
      if (!layer) return null;
      const { x, weight, recurrence, inputBias, stateBias } = layer;
      const named = (parameter: Parameter) => `${parameter.source.name}.onnx`;
      const states = fusedLstm(transpose(x, [1, 0, 2]), {
        weight: inOrder(named(weight), [weight]),
        recurrence: inOrder(named(recurrence), [recurrence]),
        bias: inOrder(named(inputBias), [inputBias, stateBias]),
      }, { hiddenDim: Number(recurrence.shape[1]) });
      return [transpose(squeeze(states, [1]), [1, 0, 2])];
    },
  });
  return reachedWeights(rewritten, weights, converted);
}

/** Parameters one after the other, each with its gates in ONNX's order, as `[1, ...]`. */
function stacked(parts: readonly Parameter[], weights: Weights): ArrayValue {
  const arrays = parts.map((part) => {
    const values = floatWeight(part, weights);
    const size = values.length / GATES.length;
    const result = new Float32Array(values.length);
    GATES.forEach((gate, i) => result.set(values.subarray(gate * size, (gate + 1) * size), i * size));
    return result;
  });
  const data = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  arrays.reduce((offset, array) => (data.set(array, offset), offset + array.length), 0);
  const [rows, ...rest] = parts[0].shape as number[];
  return { dtype: "float32", shape: [1, rows * parts.length, ...rest], data };
}

interface Layer {
  x: Tensor;
  weight: Parameter;
  recurrence: Parameter;
  inputBias: Parameter;
  stateBias: Parameter;
}

/** The layer whose states an operation joins; null where it is anything else. */
function layerUnder({ type, attributes }: Operation, inputs: readonly Tensor[]): Layer | null {
  if (type !== "Concat" || attributes.axis !== 1) return null;
  const steps = inputs.map(stepUnder);
  const [first] = steps;
  if (!first || !isZero(first.stateBefore) || !isZero(first.memoryBefore)) return null;
  const continues = steps.every((step, i) => {
    const before = steps[i - 1];
    return step !== null && step.entering.index === i && step.entering.source === first.entering.source &&
      step.recurrence === first.recurrence && step.stateBias === first.stateBias &&
      (i === 0 || (step.stateBefore === before!.state && step.memoryBefore === before!.memory));
  });
  const projected = inputsOf(first.entering, "Split")?.[0];
  const sum = projected && inputsOf(projected, "Add");
  const product = sum && inputsOf(sum[0], "MatMul");
  const weight = product && inputsOf(product[1], "Transpose")?.[0];
  if (!continues || !sum || !product || !weight || !isParameter(weight) || !isParameter(sum[1])) return null;
  if (projected.shape[1] !== steps.length) return null;
  const { recurrence, stateBias } = first;
  return { x: product[0], weight, recurrence, inputBias: sum[1], stateBias };
}

interface Step {
  /** A part of the projection, `[batch, 1, 4 hidden]`. */
  entering: Tensor;
  state: Tensor;
  memory: Tensor;
  stateBefore: Tensor;
  memoryBefore: Tensor;
  recurrence: Parameter;
  stateBias: Parameter;
}

/** `unsqueeze(sigmoid(o) tanh(c))` with `c = sigmoid(f) c' + sigmoid(i) tanh(g)`. */
function stepUnder(joined: Tensor): Step | null {
  const state = inputsOf(joined, "Unsqueeze")?.[0];
  const [leaving, bounded] = (state && inputsOf(state, "Mul")) ?? [];
  const memory = bounded && inputsOf(bounded, "Tanh")?.[0];
  const [kept, added] = (memory && inputsOf(memory, "Add")) ?? [];
  const [forgetting, memoryBefore] = (kept && inputsOf(kept, "Mul")) ?? [];
  const [entered, candidate] = (added && inputsOf(added, "Mul")) ?? [];
  if (!state || !memory || !leaving || !forgetting || !memoryBefore || !entered || !candidate) return null;
  const gates = [
    inputsOf(entered, "Sigmoid")?.[0],
    inputsOf(forgetting, "Sigmoid")?.[0],
    inputsOf(candidate, "Tanh")?.[0],
    inputsOf(leaving, "Sigmoid")?.[0],
  ];
  const whole = gates[0] && inputsOf(gates[0], "Split")?.[0];
  if (!whole || !gates.every((gate, i) => gate?.index === i && gate.source === gates[0]!.source)) return null;
  const [part, product] = inputsOf(whole, "Add") ?? [];
  const entering = part && inputsOf(part, "Squeeze")?.[0];
  const factors = product && inputsOf(product, "Gemm");
  const [stateBefore, recurrence, stateBias] = factors ?? [];
  if (!entering || !stateBefore || !recurrence || !stateBias) return null;
  if (!isParameter(recurrence) || !isParameter(stateBias) || !isPlainGemm(product)) return null;
  return { entering, state, memory, stateBefore, memoryBefore, recurrence, stateBias };
}

function isPlainGemm({ source }: Tensor): boolean {
  if (source.kind !== "operation") return false;
  const { transA, transB, alpha, beta } = source.attributes;
  return !transA && Boolean(transB) && alpha === 1 && beta === 1;
}

const isZero = (tensor: Tensor): boolean => constantValues(tensor)?.every((value) => value === 0) ?? false;
