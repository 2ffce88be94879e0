// tfjs calls for the operators of lib/graph/operators/reduction.ts.

import type * as Tf from "@tensorflow/tfjs";
import { frontAxis, type Kernel, type KernelCall, type KernelTable } from "./kernel.ts";
import type { Tfjs } from "./load.ts";

type Reduce = (tf: Tfjs, x: Tf.Tensor, axes: number[], keepDims: boolean) => Tf.Tensor;

const reduction = (reduce: Reduce): Kernel => ({ tf, input, numbers, attributes }) =>
  reduce(tf, input(0), [...numbers(1)], Boolean(attributes.keepdims));

function layerNormalization({ tf, input, count, attributes }: KernelCall): Tf.Tensor {
  const x = input(0);
  const first = frontAxis(attributes.axis, x.rank);
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
  LayerNormalization: layerNormalization,
  TopK: topK,
};
