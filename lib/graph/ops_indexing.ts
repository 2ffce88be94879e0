// Functions a model is written with, continued: looking values up, parts, dimensions of size 1, running sums, convolution.

import { apply, applyOne } from "./operator.ts";
import { integers, type Tensor } from "./tensor.ts";

/**
 * Parts of `table` along `axis` at integer positions; an embedding lookup with axis 0: `[count, width]` at `[...]` gives
 * `[..., width]`. The gradient adds up where a position repeats, always in the same order.
 *
 * @param indices int64 or int32 in [-size, size - 1]; negative ones count from the end
 */
export const gather = (table: Tensor, indices: Tensor, axis = 0): Tensor =>
  applyOne("Gather", [table, indices], { axis });

/**
 * One element of `x` for each index: `y[i, j] = x[i, indices[i, j]]` along the last axis.
 *
 * @param indices the shape of `x` but for `axis`
 */
export const gatherElements = (x: Tensor, indices: Tensor, axis = -1): Tensor =>
  applyOne("GatherElements", [x, indices], { axis });

/**
 * `x` with updates added: `y[i, indices[i, j]] += updates[i, j]` along the last axis.
 *
 * @param indices the shape of `x` but for `axis`, the same as that of `updates`
 */
export function scatterElements(
  x: Tensor,
  indices: Tensor,
  { updates, axis = -1 }: { updates: Tensor; axis?: number },
): Tensor {
  return applyOne("ScatterElements", [x, indices, updates], { axis, reduction: "add" });
}

/**
 * Parts along `axis`, one after the other.
 *
 * @param sizes of the parts; together the size of the axis
 */
export const split = (x: Tensor, sizes: readonly number[], axis: number): readonly Tensor[] =>
  apply("Split", [x, integers(sizes)], { axis });

/** Leaves out dimensions of size 1. */
export const squeeze = (x: Tensor, axes: readonly number[]): Tensor => applyOne("Squeeze", [x, integers(axes)]);
/** Inserts dimensions of size 1 at these positions of the result. */
export const unsqueeze = (x: Tensor, axes: readonly number[]): Tensor => applyOne("Unsqueeze", [x, integers(axes)]);

/** Logarithm of the softmax along `axis`. */
export const logSoftmax = (x: Tensor, axis = -1): Tensor => applyOne("LogSoftmax", [x], { axis });

/** int64 position of the largest value along `axis`, the first at ties; the axis is left out. Not differentiable. */
export const argMax = (x: Tensor, axis = -1): Tensor => applyOne("ArgMax", [x], { axis, keepdims: 0 });

/**
 * Running sum along `axis`.
 *
 * @param options.exclusive leave the element itself out, so that the first sum is 0
 * @param options.reverse sum from the end
 */
export function cumSum(
  x: Tensor,
  { axis, exclusive = false, reverse = false }: { axis: number; exclusive?: boolean; reverse?: boolean },
): Tensor {
  return applyOne("CumSum", [x, integers(axis)], { exclusive: Number(exclusive), reverse: Number(reverse) });
}

/**
 * Each channel of `[batch, channels, length]` convolved with a kernel of its own:
 * `y[n, c, t] = sum_k x[n, c, t + k - before] weight[c, 0, k]`, zeros outside.
 *
 * @param weight `[channels, 1, kernel]`, as PyTorch's `Conv1d` with one group a channel holds it
 * @param padding zeros before and after, each less than the kernel; together `kernel - 1` keeps the length
 */
export function convolveDepthwise(x: Tensor, weight: Tensor, padding: readonly [number, number]): Tensor {
  const [channels, , kernel] = weight.shape;
  return applyOne("Conv", [x, weight], { group: Number(channels), kernel_shape: [Number(kernel)], pads: [...padding] });
}
