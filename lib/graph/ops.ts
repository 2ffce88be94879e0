// The functions a model is written with: one per operator, under ONNX's name in camelCase.

import { apply, applyOne } from "./operator.ts";
import { constant, integers, type Tensor } from "./tensor.ts";
import { type Dim, type DType, formatShape } from "./types.ts";

/** A tensor, or a number that becomes a scalar constant of the other operand's dtype. */
export type Operand = Tensor | number;

/** Two operands as tensors; a number gets the dtype of the other, or float32 beside another number. */
function lifted(left: Operand, right: Operand): [Tensor, Tensor] {
  const dtype = typeof left !== "number" ? left.dtype : typeof right !== "number" ? right.dtype : "float32";
  const lift = (operand: Operand) => typeof operand === "number" ? constant(operand, { dtype }) : operand;
  return [lift(left), lift(right)];
}

const binary = (type: string, left: Operand, right: Operand): Tensor => applyOne(type, lifted(left, right));

/** Elementwise `left + right`, broadcasting. */
export const add = (left: Operand, right: Operand): Tensor => binary("Add", left, right);
/** Elementwise `left - right`, broadcasting. */
export const sub = (left: Operand, right: Operand): Tensor => binary("Sub", left, right);
/** Elementwise `left * right`, broadcasting. */
export const mul = (left: Operand, right: Operand): Tensor => binary("Mul", left, right);
/** Elementwise `left / right`, broadcasting. */
export const div = (left: Operand, right: Operand): Tensor => binary("Div", left, right);
/** Elementwise `base ** exponent`, broadcasting; differentiable in the base, for a constant exponent. */
export const pow = (base: Operand, exponent: Operand): Tensor => binary("Pow", base, exponent);
/** Elementwise larger value; at ties both sides get half of the gradient. */
export const max = (left: Operand, right: Operand): Tensor => binary("Max", left, right);
/** Elementwise smaller value; at ties both sides get half of the gradient. */
export const min = (left: Operand, right: Operand): Tensor => binary("Min", left, right);
/** Elementwise `left > right` as bool. */
export const greater = (left: Operand, right: Operand): Tensor => binary("Greater", left, right);
/** Elementwise `left < right` as bool. */
export const less = (left: Operand, right: Operand): Tensor => binary("Less", left, right);
/** Elementwise `left >= right` as bool. */
export const greaterOrEqual = (left: Operand, right: Operand): Tensor => binary("GreaterOrEqual", left, right);
/** Elementwise `left <= right` as bool. */
export const lessOrEqual = (left: Operand, right: Operand): Tensor => binary("LessOrEqual", left, right);
/** Elementwise `left == right` as bool. */
export const equal = (left: Operand, right: Operand): Tensor => binary("Equal", left, right);

/** Elementwise negation. */
export const neg = (x: Tensor): Tensor => applyOne("Neg", [x]);
/** Elementwise absolute value; gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => applyOne("Abs", [x]);
/** Elementwise -1, 0 or 1; not differentiable. */
export const sign = (x: Tensor): Tensor => applyOne("Sign", [x]);
/** Elementwise e to the power x. */
export const exp = (x: Tensor): Tensor => applyOne("Exp", [x]);
/** Elementwise natural logarithm. */
export const log = (x: Tensor): Tensor => applyOne("Log", [x]);
/** Elementwise square root. */
export const sqrt = (x: Tensor): Tensor => applyOne("Sqrt", [x]);
/** Elementwise error function. */
export const erf = (x: Tensor): Tensor => applyOne("Erf", [x]);
/** Elementwise hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => applyOne("Tanh", [x]);
/** Elementwise logistic function. */
export const sigmoid = (x: Tensor): Tensor => applyOne("Sigmoid", [x]);
/** Elementwise `max(x, 0)`; gradient 0 at 0. */
export const relu = (x: Tensor): Tensor => applyOne("Relu", [x]);

/**
 * Gaussian error linear unit (Hendrycks & Gimpel 2016).
 *
 * @param approximate `"none"`: x Phi(x) with the error function; `"tanh"`: the tanh approximation
 */
export function gelu(x: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
  return applyOne("Gelu", [x], { approximate });
}

/** Picks from `whenTrue` where `condition` (bool) holds, else from `whenFalse`; broadcasting. */
export function where(condition: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor {
  return applyOne("Where", [condition, ...lifted(whenTrue, whenFalse)]);
}

/** The same values in another dtype. */
export const cast = (x: Tensor, to: DType): Tensor => applyOne("Cast", [x], { to });
/** The same tensor: a name to attach, or an output that is an input. */
export const identity = (x: Tensor): Tensor => applyOne("Identity", [x]);

/** Matrix product of `[..., m, k]` and `[..., k, n]`, leading dimensions broadcasting: `[..., m, n]`. */
export const matMul = (left: Tensor, right: Tensor): Tensor => applyOne("MatMul", [left, right]);

/**
 * `alpha * A' B' + beta * C` of matrices, where A' is A or its transpose: `[m, k]`, `[k, n]` -> `[m, n]`.
 *
 * @param bias C, broadcast to `[m, n]`; null for none
 */
export function gemm(
  left: Tensor,
  right: Tensor,
  bias: Tensor | null = null,
  { transA = false, transB = false, alpha = 1, beta = 1 }: {
    transA?: boolean;
    transB?: boolean;
    alpha?: number;
    beta?: number;
  } = {},
): Tensor {
  return applyOne("Gemm", bias ? [left, right, bias] : [left, right], {
    transA: Number(transA),
    transB: Number(transB),
    alpha,
    beta,
  });
}

/** Axes reordered; without `perm`, reversed. */
export function transpose(x: Tensor, perm: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i)): Tensor {
  return applyOne("Transpose", [x], { perm });
}

/**
 * The same values under another shape.
 *
 * @param shape sizes and names; a name must be the dimension at the same position of `x`, or the only one that is not kept
 */
export function reshape(x: Tensor, shape: readonly Dim[]): Tensor {
  let inferred = false;
  const sizes = shape.map((dim, axis) => {
    if (typeof dim === "number") return dim;
    if (x.shape[axis] === dim) return 0;
    if (inferred) {
      throw new TypeError(
        `Cannot reshape ${formatShape(x.shape)} to ${formatShape(shape)}: more than one named dimension moves`,
      );
    }
    inferred = true;
    return -1;
  });
  return applyOne("Reshape", [x, integers(sizes)]);
}

/** Stretches dimensions of size 1 to `shape` (fixed sizes only). */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
  return applyOne("Expand", [x, integers(shape)]);
}

/** Options of reductions: which axes (default all) and whether they stay as size 1. */
export interface ReduceOptions {
  axes?: readonly number[];
  keepDims?: boolean;
}

function reduce(type: string, x: Tensor, { axes, keepDims = false }: ReduceOptions): Tensor {
  const resolved = axes ?? x.shape.map((_, i) => i);
  if (resolved.length === 0) return x;
  return applyOne(type, [x, integers(resolved)], { keepdims: Number(keepDims) });
}

/** Sum over axes. */
export const reduceSum = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce("ReduceSum", x, options);
/** Mean over axes. */
export const reduceMean = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce("ReduceMean", x, options);
/** Largest value over axes; at ties the gradient is shared evenly. */
export const reduceMax = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce("ReduceMax", x, options);
/** Smallest value over axes; at ties the gradient is shared evenly. */
export const reduceMin = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce("ReduceMin", x, options);
/** Logarithm of the sum of exponentials over axes, without overflow. */
export const reduceLogSumExp = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce("ReduceLogSumExp", x, options);

/** Exponentials normalised to sum 1 along `axis`. */
export const softmax = (x: Tensor, axis = -1): Tensor => applyOne("Softmax", [x], { axis });

/**
 * Normalisation to mean 0 and variance 1 over the axes from `axis` on, then scale and bias (Ba, Kiros & Hinton 2016).
 *
 * @param scale shape of the normalised axes
 * @param bias same shape, or null
 */
export function layerNormalization(
  x: Tensor,
  scale: Tensor,
  bias: Tensor | null = null,
  { axis = -1, epsilon = 1e-5 }: { axis?: number; epsilon?: number } = {},
): Tensor {
  return applyOne("LayerNormalization", bias ? [x, scale, bias] : [x, scale], { axis, epsilon });
}

/** Joins tensors along `axis`; lengths that are names add up to a new one, `past+1`. */
export const concat = (tensors: readonly Tensor[], axis: number): Tensor => applyOne("Concat", tensors, { axis });

/** The end of a dimension, whatever its size, for `slice`. */
export const TO_END = 2 ** 31 - 1;

/**
 * The part `[start, end)` along `axis`; step 1. Of a dimension of unknown size, such as `sequence+2`, an end that is negative counts from
 * its end: `[1, -1)` is `sequence` long.
 */
export function slice(x: Tensor, { axis, start, end }: { axis: number; start: number; end: number }): Tensor {
  return applyOne("Slice", [x, integers([start]), integers([end]), integers([axis])]);
}

/**
 * The `k` largest values along the last axis, in falling order, with their int64 positions.
 *
 * @returns `{ values, indices }`, both `[..., k]`
 */
export function topK(x: Tensor, k: number): { values: Tensor; indices: Tensor } {
  const [values, indices] = apply("TopK", [x, integers([k])], { axis: -1, largest: 1, sorted: 1 });
  return { values, indices };
}
