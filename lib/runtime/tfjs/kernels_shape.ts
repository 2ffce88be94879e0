// tfjs calls for the operators of lib/graph/operators/shape.ts.

import type * as Tf from "@tensorflow/tfjs";
import { frontAxis, type KernelCall, type KernelTable } from "./kernel.ts";

/** 0 keeps a dimension; -1, what is left, tfjs knows too. */
function reshape({ tf, input, numbers }: KernelCall): Tf.Tensor {
  const x = input(0);
  return tf.reshape(x, numbers(1).map((size, axis) => (size === 0 ? x.shape[axis] : size)));
}

function expand({ tf, input, numbers }: KernelCall): Tf.Tensor {
  const x = input(0);
  return tf.broadcastTo(x, tf.broadcast_util.assertAndGetBroadcastShape(x.shape, [...numbers(1)]));
}

function concat({ tf, input, count, attributes }: KernelCall): Tf.Tensor {
  const parts = Array.from({ length: count }, (_, i) => input(i));
  return tf.concat(parts, frontAxis(attributes.axis, parts[0].rank));
}

function slice({ tf, input, numbers }: KernelCall): Tf.Tensor {
  const x = input(0);
  const [[start], [end], [given]] = [numbers(1), numbers(2), numbers(3)];
  const axis = frontAxis(given, x.rank);
  const begin = x.shape.map((_, i) => (i === axis ? start : 0));
  const stop = end < 0 ? x.shape[axis] + end : Math.min(end, x.shape[axis]);
  return tf.slice(x, begin, x.shape.map((size, i) => (i === axis ? stop - start : size)));
}

function pad({ tf, input, numbers }: KernelCall): Tf.Tensor {
  const x = input(0);
  const amounts = numbers(1);
  return tf.pad(x, x.shape.map((_, axis): [number, number] => [amounts[axis], amounts[x.rank + axis]]));
}

export const SHAPE_KERNELS: KernelTable = {
  Transpose: ({ tf, input, attributes }) => tf.transpose(input(0), [...(attributes.perm as readonly number[])]),
  Reshape: reshape,
  Expand: expand,
  Concat: concat,
  Slice: slice,
  Pad: pad,
};
