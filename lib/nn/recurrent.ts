// Recurrent layers: GRU and LSTM cells, and their unrolling over a sequence of fixed length. ONNX has both as single operators,
// but neither is differentiable piece by piece nor taken by every provider; unrolled, they are matrix products and elementwise.

import {
  add,
  concat,
  constant,
  describe,
  gemm,
  matMul,
  mul,
  sigmoid,
  split,
  squeeze,
  sub,
  tanh,
  type Tensor,
  transpose,
  unsqueeze,
} from "../graph/mod.ts";
import { fanInUniform } from "./initializers.ts";
import { lastDim } from "./layers.ts";
import type { Scope } from "./model.ts";

/** A cell: parameters declared once, applied at every step of a sequence. */
export interface RecurrentCell {
  /** Widths of the states; the first state is the cell's output. */
  readonly stateDims: readonly number[];
  /** The part of a step that needs no state, so that it is computed for all steps at once: `[..., inputDim]` to `[..., gates]`. */
  project(x: Tensor): Tensor;
  /** The next states `[batch, stateDim]` from one step's projection `[batch, gates]` and the states before it. */
  step(projected: Tensor, states: readonly Tensor[]): readonly Tensor[];
}

interface Gates {
  readonly input: { weight: Tensor; bias: Tensor };
  readonly hidden: { weight: Tensor; bias: Tensor };
}

/** PyTorch's `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`, uniform within 1/sqrt(hiddenDim). */
function gateParameters(
  scope: Scope,
  inputDim: number,
  { hiddenDim, gates }: { hiddenDim: number; gates: number },
): Gates {
  const initializer = fanInUniform(hiddenDim);
  const declare = (name: string, shape: readonly number[]) => scope.parameter(name, shape, { initializer });
  const rows = gates * hiddenDim;
  const [inputWeight, hiddenWeight] = [declare("weight_ih", [rows, inputDim]), declare("weight_hh", [rows, hiddenDim])];
  return {
    input: { weight: inputWeight, bias: declare("bias_ih", [rows]) },
    hidden: { weight: hiddenWeight, bias: declare("bias_hh", [rows]) },
  };
}

function affine(x: Tensor, { weight, bias }: { weight: Tensor; bias: Tensor }): Tensor {
  return x.shape.length === 2 ? gemm(x, weight, bias, { transB: true }) : add(matMul(x, transpose(weight)), bias);
}

/**
 * Gated recurrent unit (Cho et al. 2014) as PyTorch's `nn.GRUCell` computes it; gates in the order reset, update, new.
 *
 * @param inputDim width of a step's input
 * @param hiddenDim width of the state
 */
export function gruCell(scope: Scope, inputDim: number, hiddenDim: number): RecurrentCell {
  const { input, hidden } = gateParameters(scope, inputDim, { hiddenDim, gates: 3 });
  const parts = [hiddenDim, hiddenDim, hiddenDim];
  return {
    stateDims: [hiddenDim],
    project: (x) => affine(x, input),
    step(projected, [state]) {
      const [resetIn, updateIn, newIn] = split(projected, parts, -1);
      const [resetState, updateState, newState] = split(affine(state, hidden), parts, -1);
      const reset = sigmoid(add(resetIn, resetState));
      const update = sigmoid(add(updateIn, updateState));
      const candidate = tanh(add(newIn, mul(reset, newState)));
      return [add(candidate, mul(update, sub(state, candidate)))];
    },
  };
}

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997) as PyTorch's `nn.LSTMCell` computes it; gates in the order input, forget,
 * cell, output. States: hidden, cell.
 *
 * @param inputDim width of a step's input
 * @param hiddenDim width of both states
 */
export function lstmCell(scope: Scope, inputDim: number, hiddenDim: number): RecurrentCell {
  const { input, hidden } = gateParameters(scope, inputDim, { hiddenDim, gates: 4 });
  return {
    stateDims: [hiddenDim, hiddenDim],
    project: (x) => affine(x, input),
    step(projected, [state, memory]) {
      const gates = split(add(projected, affine(state, hidden)), Array(4).fill(hiddenDim), -1);
      const [enter, forget, candidate, leave] = gates;
      const next = add(mul(sigmoid(forget), memory), mul(sigmoid(enter), tanh(candidate)));
      return [mul(sigmoid(leave), tanh(next)), next];
    },
  };
}

/**
 * Applies a cell to each step of a sequence.
 *
 * @param x `[batch, steps, inputDim]` with a fixed number of steps
 * @param cell from `gruCell`, `lstmCell` or one of your own
 * @param options initial: states before the first step, `[batch, stateDim]` each. Default: zeros. chunk: how many steps are projected at once.
 *   Default: all, which is fastest; fewer let gradient checkpointing forget the projections too
 * @returns outputs `[batch, steps, stateDim]` and the states after the last step
 * @throws {TypeError} when the number of steps has a name
 * @throws {RangeError} when the chunk is no integer of at least 1
 *
 * @example
 * ```ts
 * import { gruCell, linear, model, scanSequence, tensor } from "lib/nn/mod.ts";
 * const forecaster = model("forecaster", { inputs: { x: tensor("float32", ["batch", 12, 3]) } }, (scope, { x }) => {
 *   const { states: [last] } = scanSequence(x, gruCell(scope.child("gru"), 3, 16));
 *   return { next: linear(scope.child("head"), last, 3) };
 * });
 * if (forecaster.trace().outputs.next.shape.join() !== "batch,3") throw new Error("one forecast a row");
 * ```
 */
export function scanSequence(
  x: Tensor,
  cell: RecurrentCell,
  { initial, chunk = Infinity }: { initial?: readonly Tensor[]; chunk?: number } = {},
): { outputs: Tensor; states: readonly Tensor[] } {
  const steps = x.shape[1];
  if (x.shape.length !== 3 || typeof steps !== "number") {
    throw new TypeError(`Cannot scan ${describe(x)}: expected [batch, steps, width] with a fixed number of steps`);
  }
  lastDim(x, "scanSequence");
  let states: readonly Tensor[] = initial ??
    cell.stateDims.map((width) => constant(new Float64Array(width), { shape: [1, width] }));
  if (states.length !== cell.stateDims.length) {
    throw new TypeError(`Cannot scan: expected ${cell.stateDims.length} initial states, got ${states.length}`);
  }
  const outputs: Tensor[] = [];
  for (const part of chunks(x, { steps, chunk })) {
    for (const projected of split(cell.project(part), Array(part.shape[1] as number).fill(1), 1)) {
      states = cell.step(squeeze(projected, [1]), states);
      outputs.push(unsqueeze(states[0], [1]));
    }
  }
  return { outputs: steps === 1 ? outputs[0] : concat(outputs, 1), states };
}

/** Parts of at most `chunk` steps. */
function chunks(x: Tensor, { steps, chunk }: { steps: number; chunk: number }): readonly Tensor[] {
  if (!(chunk >= 1) || (Number.isFinite(chunk) && !Number.isInteger(chunk))) {
    throw new RangeError(`Cannot scan: expected a chunk of an integer of at least 1, got ${chunk}`);
  }
  if (chunk >= steps) return [x];
  const sizes = Array.from({ length: Math.ceil(steps / chunk) }, (_, i) => Math.min(chunk, steps - i * chunk));
  return split(x, sizes, 1);
}
