// tfjs calls for the operators of lib/graph/operators/reduction.ts.

import type * as Tf from "@tensorflow/tfjs";
import type { Kernel, KernelCall, KernelTable } from "./kernel.ts";
import type { Tfjs } from "./load.ts";

type Reduce = (tf: Tfjs, x: Tf.Tensor, axes: number[], keepDims: boolean) => Tf.Tensor;

const reduction = (reduce: Reduce): Kernel => ({ tf, input, numbers, attributes }) =>
  reduce(tf, input(0), [...numbers(1)], Boolean(attributes.keepdims));

/** Along any axis; tfjs's own softmax takes the last one only. */
function softmax({ tf, input, attributes }: KernelCall): Tf.Tensor {
  const x = input(0);
  const axis = Number(attributes.axis);
  if (axis === -1 || axis === x.rank - 1) return tf.softmax(x);
  const exponentials = tf.exp(tf.sub(x, tf.max(x, axis, true)));
  return tf.div(exponentials, tf.sum(exponentials, axis, true));
}

function layerNormalization({ tf, input, count, attributes }: KernelCall): Tf.Tensor {
  const x = input(0);
  const axis = Number(attributes.axis);
  const first = axis < 0 ? axis + x.rank : axis;
  const axes = Array.from({ length: x.rank - first }, (_, i) => first + i);
  const centered = tf.sub(x, tf.mean(x, axes, true));
  const variance = tf.mean(tf.square(centered), axes, true);
  const normal = tf.div(centered, tf.sqrt(tf.add(variance, Number(attributes.epsilon))));
  const scaled = tf.mul(normal, input(1));
  return count < 3 ? scaled : tf.add(scaled, input(2));
}

function topK({ tf, input, numbers }: KernelCall): Tf.Tensor[] {
  const { values, indices } = tf.topk(input(0), numbers(1)[0], true);
  return [values, indices];
}

export const REDUCTION_KERNELS: KernelTable = {
  ReduceSum: reduction((tf, x, axes, keepDims) => tf.sum(x, axes, keepDims)),
  ReduceMean: reduction((tf, x, axes, keepDims) => tf.mean(x, axes, keepDims)),
  ReduceMax: reduction((tf, x, axes, keepDims) => tf.max(x, axes, keepDims)),
  ReduceMin: reduction((tf, x, axes, keepDims) => tf.min(x, axes, keepDims)),
  ReduceLogSumExp: reduction((tf, x, axes, keepDims) => tf.logSumExp(x, axes, keepDims)),
  Softmax: softmax,
  LayerNormalization: layerNormalization,
  TopK: topK,
};
