// tfjs calls for the operators of lib/graph/operators/{gather,split,along_axis,convolution}.ts.

import type * as Tf from "@tensorflow/tfjs";
import { elementCount } from "../../graph/mod.ts";
import { frontAxis, type KernelCall, type KernelTable } from "./kernel.ts";

/** Indices counted from the front, where ONNX counts negative ones from the end. Some backends read beyond the data silently. */
function fromFront(indices: Tf.Tensor, size: number): Int32Array {
  return (indices.dataSync() as Int32Array).map((index) => {
    if (index >= -size && index < size) return index < 0 ? index + size : index;
    throw new RangeError(`expected indices in [${-size}, ${size - 1}], got ${index}`);
  });
}

function gather({ tf, input, attributes }: KernelCall): Tf.Tensor {
  const [table, indices] = [input(0), input(1)];
  const axis = frontAxis(attributes.axis, table.rank);
  const rows = tf.tensor(fromFront(indices, table.shape[axis]), indices.shape, "int32");
  return tf.gather(table, rows as Tf.Tensor1D, axis);
}

/** Where in the flattened data each element lies that the indices pick along `axis`, keeping every other position. */
function flatPositions({ tf, input, attributes }: KernelCall): Tf.Tensor1D {
  const [data, indices] = [input(0), input(1)];
  const axis = frontAxis(attributes.axis, data.rank);
  const size = data.shape[axis];
  const stride = elementCount(indices.shape.slice(axis + 1));
  const block = stride * indices.shape[axis];
  const positions = fromFront(indices, size).map((index, i) =>
    (Math.floor(i / block) * size + index) * stride + i % stride
  );
  return tf.tensor1d(positions, "int32");
}

function gatherElements(call: KernelCall): Tf.Tensor {
  const { tf, input } = call;
  return tf.reshape(tf.gather(tf.reshape(input(0), [-1]), flatPositions(call)), input(1).shape);
}

/** Adds updates; those of one place are summed. */
function scatterElements(call: KernelCall): Tf.Tensor {
  const { tf, input } = call;
  const data = input(0);
  const places = tf.reshape(flatPositions(call), [-1, 1]);
  const sums = tf.scatterND(places, tf.reshape(input(2), [-1]), [data.size]);
  return tf.add(data, tf.reshape(sums, data.shape));
}

function squeeze({ tf, input, numbers }: KernelCall): Tf.Tensor {
  const x = input(0);
  const axes = numbers(1).map((axis) => frontAxis(axis, x.rank));
  return tf.reshape(x, x.shape.filter((_, axis) => !axes.includes(axis)));
}

function unsqueeze({ tf, input, numbers }: KernelCall): Tf.Tensor {
  const x = input(0);
  const axes = numbers(1).map((axis) => frontAxis(axis, x.rank + numbers(1).length)).sort((a, b) => a - b);
  const shape = [...x.shape];
  for (const axis of axes) shape.splice(axis, 0, 1);
  return tf.reshape(x, shape);
}

/** Along any axis; tfjs's own softmax takes the last one only. */
function softmax({ tf, input, attributes }: KernelCall): Tf.Tensor {
  const x = input(0);
  const axis = Number(attributes.axis);
  if (axis === -1 || axis === x.rank - 1) return tf.softmax(x);
  const exponentials = tf.exp(tf.sub(x, tf.max(x, axis, true)));
  return tf.div(exponentials, tf.sum(exponentials, axis, true));
}

function logSoftmax({ tf, input, attributes }: KernelCall): Tf.Tensor {
  const x = input(0);
  const axis = Number(attributes.axis);
  const shifted = tf.sub(x, tf.max(x, axis, true));
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), axis, true)));
}

function argMax({ tf, input, attributes }: KernelCall): Tf.Tensor {
  const axis = frontAxis(attributes.axis, input(0).rank);
  const positions = tf.argMax(input(0), axis);
  return attributes.keepdims ? tf.expandDims(positions, axis) : positions;
}

/** A depthwise convolution with few taps: the sum over taps of the shifted input times the tap's weights. */
function convolveDepthwise({ tf, input, attributes }: KernelCall): Tf.Tensor {
  const [x, weight] = [input(0), input(1)];
  const [before, after] = attributes.pads as readonly number[];
  const [batch, channels, positions] = x.shape;
  const kernel = weight.shape[2]!;
  const length = positions + before + after - kernel + 1;
  const padded = tf.pad(x, [[0, 0], [0, 0], [before, after]]);
  const taps = Array.from({ length: kernel }, (_, k): Tf.Tensor => {
    const seen = tf.slice(padded, [0, 0, k], [batch, channels, length]);
    return tf.mul(seen, tf.reshape(tf.slice(weight, [0, 0, k], [channels, 1, 1]), [1, channels, 1]));
  });
  return tf.addN(taps);
}

export const INDEXING_KERNELS: KernelTable = {
  Gather: gather,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  Split: ({ tf, input, numbers, attributes }) => {
    return tf.split(input(0), [...numbers(1)], frontAxis(attributes.axis, input(0).rank));
  },
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  ArgMax: argMax,
  CumSum: ({ tf, input, numbers, attributes: { exclusive, reverse } }) =>
    tf.cumsum(input(0), frontAxis(numbers(1)[0], input(0).rank), Boolean(exclusive), Boolean(reverse)),
  Conv: convolveDepthwise,
};
