// Layers: functions that declare parameters in a scope and apply them to a tensor.

import {
  add,
  concat,
  constant,
  convolveDepthwise,
  describe,
  div,
  gather,
  gemm,
  greaterOrEqual,
  type Initializer,
  layerNormalization,
  matMul,
  mul,
  reduceMean,
  reduceSum,
  sigmoid,
  slice,
  split,
  sqrt,
  squeeze,
  sub,
  type Tensor,
  TO_END,
  transpose,
  unsqueeze,
  where,
} from "../graph/mod.ts";
import { fanInUniform } from "./initializers.ts";
import type { Scope } from "./model.ts";

/**
 * Affine map of the last dimension, `y = x W' + b` with W `[outputDim, inputDim]` as in PyTorch's `nn.Linear`, initialised
 * like it (uniform within 1/sqrt(inputDim), both weight and bias).
 *
 * @param x `[..., inputDim]`, the last dimension fixed
 * @param outputDim integer of at least 1
 * @returns `[..., outputDim]`
 */
export function linear(
  scope: Scope,
  x: Tensor,
  outputDim: number,
  { bias = true }: { bias?: boolean } = {},
): Tensor {
  const inputDim = lastDim(x, "linear");
  const initializer = fanInUniform(inputDim);
  const weight = scope.parameter("weight", [outputDim, inputDim], { initializer });
  const offset = bias ? scope.parameter("bias", [outputDim], { initializer }) : null;
  if (x.shape.length === 2) return gemm(x, weight, offset, { transB: true });
  const product = matMul(x, transpose(weight));
  return offset ? add(product, offset) : product;
}

/**
 * Layer normalisation over the last dimension with learned scale and bias (Ba, Kiros & Hinton 2016).
 *
 * @param x `[..., width]`
 * @returns the same shape
 */
export function layerNorm(scope: Scope, x: Tensor, { epsilon = 1e-5 }: { epsilon?: number } = {}): Tensor {
  const width = lastDim(x, "layerNorm");
  const scale = scope.parameter("weight", [width], { initializer: { kind: "constant", value: 1 } });
  const bias = scope.parameter("bias", [width], { initializer: { kind: "constant", value: 0 } });
  return layerNormalization(x, scale, bias, { epsilon });
}

/**
 * Root mean square normalisation over the last dimension with a learned scale (Zhang & Sennrich 2019):
 * `weight * x / sqrt(mean(x^2) + epsilon)`.
 *
 * @param x `[..., width]`
 * @returns the same shape
 */
export function rmsNorm(scope: Scope, x: Tensor, { epsilon = 1e-5 }: { epsilon?: number } = {}): Tensor {
  const width = lastDim(x, "rmsNorm");
  const weight = scope.parameter("weight", [width], { initializer: { kind: "constant", value: 1 } });
  const meanSquare = reduceMean(mul(x, x), { axes: [-1], keepDims: true });
  return mul(div(x, sqrt(add(meanSquare, epsilon))), weight);
}

/**
 * Rows of a learned table `weight` `[count, width]`, drawn from a standard normal as in PyTorch's `nn.Embedding`.
 *
 * @param ids int32 (whose gradient WebGPU computes too) or int64, `[...]` in [0, count - 1]
 * @param options count of rows and their width; another initializer, such as BERT's normal of 0.02
 * @returns `[..., width]`
 */
export function embedding(
  scope: Scope,
  ids: Tensor,
  { count, width, initializer = { kind: "normal", mean: 0, standardDeviation: 1 } }: {
    count: number;
    width: number;
    initializer?: Initializer;
  },
): Tensor {
  return gather(scope.parameter("weight", [count, width], { initializer }), ids);
}

/** Sigmoid linear unit, `x * sigmoid(x)` (Elfwing et al. 2018). */
export const silu = (x: Tensor): Tensor => mul(x, sigmoid(x));

/**
 * Gated feed-forward block `w2(silu(w1 x) * w3 x)` without biases (Shazeer 2020), named as in LFM2.
 *
 * @param x `[..., width]`
 * @param hiddenDim integer of at least 1
 * @returns the same shape
 */
export function swiGlu(scope: Scope, x: Tensor, hiddenDim: number): Tensor {
  const gate = silu(linear(scope.child("w1"), x, hiddenDim, { bias: false }));
  const value = linear(scope.child("w3"), x, hiddenDim, { bias: false });
  return linear(scope.child("w2"), mul(gate, value), lastDim(x, "swiGlu"), { bias: false });
}

/**
 * Convolves each channel with a kernel of its own over the present and the `kernel - 1` positions before it. Weight
 * `[width, 1, kernel]` as in PyTorch's `nn.Conv1d`, whose last tap is the present.
 *
 * @param x `[batch, sequence, width]`
 * @returns the same shape
 */
export function causalDepthwiseConv(scope: Scope, x: Tensor, { kernel = 3 }: { kernel?: number } = {}): Tensor {
  const width = lastDim(x, "causalDepthwiseConv");
  const channelsFirst = transpose(x, [0, 2, 1]);
  return transpose(convolveDepthwise(channelsFirst, convWeight(scope, width, kernel), [kernel - 1, 0]), [0, 2, 1]);
}

const convWeight = (scope: Scope, width: number, kernel: number): Tensor =>
  scope.parameter("weight", [width, 1, kernel], { initializer: fanInUniform(kernel) });

/**
 * LFM2's short convolution: `outProj(c * conv(b * x))`, where b, c and x are thirds of one projection.
 *
 * @param x `[batch, sequence, width]`
 * @returns the same shape
 */
export function gatedShortConv(scope: Scope, x: Tensor, { kernel = 3 }: { kernel?: number } = {}): Tensor {
  return cachedGatedShortConv(scope, x, { kernel }).output;
}

/**
 * `gatedShortConv` of the positions after those in a state, for models that generate step by step.
 *
 * @param x `[batch, sequence, width]`
 * @param options real `[batch, sequence]` (bool), where x is no padding: what is padded counts as zero; state
 *   `[batch, kernel - 1, width]`, what the convolution read at the positions before, zeros at first; null where x is the start
 *   places: where several texts share a row, the position of each place and that where its text begins, `[batch, sequence]` each: nothing
 *   is read before it
 * @returns the output `[batch, sequence, width]`, and the state after these positions, null without one
 */
export function cachedGatedShortConv(
  scope: Scope,
  x: Tensor,
  { kernel = 3, real = null, state = null, places = null }: {
    kernel?: number;
    real?: Tensor | null;
    state?: Tensor | null;
    places?: SharedRow | null;
  } = {},
): { output: Tensor; state: Tensor | null } {
  const width = lastDim(x, "gatedShortConv");
  const projected = linear(scope.child("in_proj"), x, 3 * width, { bias: false });
  const [b, c, value] = split(projected, [width, width, width], -1);
  const gated = real ? where(unsqueeze(real, [2]), mul(b, value), 0) : mul(b, value);
  const conv = scope.child("conv");
  if (!state) {
    const convolved = places
      ? convolvedTexts(gated, convWeight(conv, width, kernel), places)
      : causalDepthwiseConv(conv, gated, { kernel });
    return { output: linear(scope.child("out_proj"), mul(c, convolved), width, { bias: false }), state };
  }
  const seen = concat([state, gated], 1);
  const last = constant(Array.from({ length: kernel - 1 }, (_, i) => i + 1 - kernel), { dtype: "int64" });
  const convolved = convolvedWindows(seen, convWeight(conv, width, kernel));
  return {
    output: linear(scope.child("out_proj"), mul(c, convolved), width, { bias: false }),
    state: gather(seen, last, 1),
  };
}

/**
 * A short convolution of each channel as sums of shifted products, `[batch, positions+kernel-1, width]` to `[batch, positions, width]`: for one
 * new position a fraction of the time of ONNX Runtime's Conv, and nothing is transposed.
 */
function convolvedWindows(seen: Tensor, weight: Tensor): Tensor {
  const [, , kernel] = weight.shape as number[];
  const taps = Array.from({ length: kernel }, (_, k) => {
    const tap = squeeze(slice(weight, { axis: 2, start: k, end: k + 1 }), [1, 2]);
    return mul(slice(seen, { axis: 1, start: k, end: k + 1 === kernel ? TO_END : k + 1 - kernel }), tap);
  });
  return taps.reduce((sum, tap) => add(sum, tap));
}

/** A row that several texts share, `[batch, sequence]` each. */
export interface SharedRow {
  /** Rising by one from place to place. */
  readonly positions: Tensor;
  /** The position where the place's own text begins. */
  readonly starts: Tensor;
}

/** A short convolution in which no text reads what stands before it. */
function convolvedTexts(x: Tensor, weight: Tensor, { positions, starts }: SharedRow): Tensor {
  const [, , kernel] = weight.shape as number[];
  const nothing = mul(reduceSum(x, { axes: [1], keepDims: true }), 0);
  const seen = concat([...Array.from({ length: kernel - 1 }, () => nothing), x], 1);
  const taps = Array.from({ length: kernel }, (_, k) => {
    const distance = kernel - 1 - k;
    const tap = squeeze(slice(weight, { axis: 2, start: k, end: k + 1 }), [1, 2]);
    if (distance === 0) return mul(x, tap);
    const before = slice(seen, { axis: 1, start: k, end: -distance });
    return mul(where(unsqueeze(greaterOrEqual(sub(positions, distance), starts), [2]), before, 0), tap);
  });
  return taps.reduce((sum, tap) => add(sum, tap));
}

/** The last dimension as a number, which a layer's parameters need. */
export function lastDim(x: Tensor, layer: string): number {
  const dim = x.shape.at(-1);
  if (typeof dim !== "number") {
    throw new TypeError(`Cannot apply ${layer} to ${describe(x)}: expected a fixed last dimension`);
  }
  return dim;
}
