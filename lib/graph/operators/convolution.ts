// Conv: the depthwise convolution over one dimension, each channel with its own kernel, as short convolutions of language
// models use it. Other convolutions are refused by name.

import { addDims, dimTerms } from "../dimensions.ts";
import { applyOne, defineOperators, type GradientContext, type Operator } from "../operator.ts";
import { concat, mul, reduceSum, slice } from "../ops.ts";
import { convolveDepthwise, gather, unsqueeze } from "../ops_indexing.ts";
import { constant, describe, type Tensor } from "../tensor.ts";
import { concreteShape, type Dim, elementCount, formatShape } from "../types.ts";

/** Length after padding and convolution: a name stays when the padding makes up for the kernel. */
function outputLength(x: Tensor, kernel: number, [before, after]: readonly number[]): Dim {
  const length = x.shape[2];
  const change = before + after - kernel + 1;
  const { names, count } = dimTerms(length);
  if (names.length > 0 && count + change >= 0) return addDims([...names, count + change]);
  if (typeof length !== "number") {
    throw new TypeError(`Cannot convolve ${describe(x)}: expected padding of ${kernel - 1} to keep "${length}"`);
  }
  if (length + change < 1) {
    throw new RangeError(`Cannot convolve ${describe(x)}: expected at least ${1 - change} positions, got ${length}`);
  }
  return length + change;
}

function inferConv([x, weight]: readonly Tensor[], { group, kernel_shape, pads }: Record<string, unknown>) {
  const [kernel] = kernel_shape as readonly number[];
  const amounts = pads as readonly number[];
  const channels = x.shape[1];
  if (x.shape.length !== 3 || typeof channels !== "number") {
    throw new TypeError(`Cannot convolve ${describe(x)}: expected [batch, channels, length] with fixed channels`);
  }
  const expected = formatShape([channels, 1, kernel]);
  if (group !== channels || formatShape(weight.shape) !== expected || weight.dtype !== x.dtype) {
    throw new TypeError(
      `Cannot convolve ${
        describe(x)
      }: expected a kernel ${x.dtype} ${expected} for ${channels} groups, got ${weight.dtype} ${
        formatShape(weight.shape)
      } for ${group}`,
    );
  }
  if (amounts.length !== 2 || amounts.some((amount) => !(Number.isInteger(amount) && amount >= 0 && amount < kernel))) {
    throw new RangeError(`Cannot convolve: expected two paddings in [0, ${kernel - 1}], got ${formatShape(amounts)}`);
  }
  return [{ dtype: x.dtype, shape: [x.shape[0], channels, outputLength(x, kernel, amounts)] }];
}

/** dx is the convolution of g with the kernel reversed; dw correlates g with the padded input. */
function convGradient({ inputs: [x, weight], attributes, gradients: [g] }: GradientContext): Tensor[] {
  const pads = attributes.pads as readonly number[];
  const kernel = Number(weight.shape[2]);
  const positions = Array.from({ length: kernel }, (_, k) => k);
  const reversed = gather(weight, constant([...positions].reverse(), { dtype: "int64" }), 2);
  const dx = convolveDepthwise(g!, reversed, [kernel - 1 - pads[0], kernel - 1 - pads[1]]);
  const padded = applyOne("Pad", [x, constant([0, 0, pads[0], 0, 0, pads[1]], { dtype: "int64" })]);
  const [, , length] = concreteShape(g!.shape, "Cannot differentiate Conv");
  const taps = positions.map((k) => {
    const seen = slice(padded, { axis: 2, start: k, end: k + length });
    return unsqueeze(reduceSum(mul(g!, seen), { axes: [0, 2] }), [1, 2]);
  });
  return [dx, concat(taps, 2)];
}

const convOperator: Operator = {
  type: "Conv",
  attributes: { group: "int", kernel_shape: "ints", pads: "ints" },
  infer: inferConv,
  gradient: convGradient,
  evaluate([x, weight], { pads }, [output]) {
    const [before] = pads as readonly number[];
    const [, channels, length] = output.shape;
    const kernel = weight.shape[2];
    const data = new Float64Array(elementCount(output.shape));
    for (let i = 0; i < data.length; i++) {
      const row = Math.floor(i / length);
      for (let k = 0; k < kernel; k++) {
        const from = i % length + k - before;
        if (from < 0 || from >= x.shape[2]) continue;
        data[i] += x.data[row * x.shape[2] + from] * weight.data[(row % channels) * kernel + k];
      }
    }
    return [{ ...output, data }];
  },
};

defineOperators(convOperator);
