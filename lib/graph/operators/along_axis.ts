// Operators along one axis: Softmax, LogSoftmax, ArgMax, CumSum.

import { defineOperators, type Operator } from "../operator.ts";
import { exp, mul, reduceSum, sub } from "../ops.ts";
import { cumSum } from "../ops_indexing.ts";
import { elementCount, type NdArray, normalizeAxis } from "../types.ts";
import { expectFloating } from "./elementwise.ts";
import { requireConstant } from "./shape.ts";

/** Calls `visit` with the offsets of the elements of each line along `axis`, and the line's number. */
function forEachLine(
  { shape }: NdArray,
  axis: number,
  visit: (offsets: readonly number[], line: number) => void,
): void {
  const stride = elementCount(shape.slice(axis + 1));
  const length = shape[axis];
  const lines = elementCount(shape) / length;
  for (let line = 0; line < lines; line++) {
    const start = Math.floor(line / stride) * stride * length + line % stride;
    visit(Array.from({ length }, (_, i) => start + i * stride), line);
  }
}

const softmaxOperator: Operator = {
  type: "Softmax",
  attributes: { axis: "int" },
  infer([x], { axis }) {
    normalizeAxis(Number(axis), x.shape.length, "Softmax");
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient({ outputs: [y], attributes, gradients: [g] }) {
    const weighted = mul(g!, y);
    const total = reduceSum(weighted, { axes: [Number(attributes.axis)], keepDims: true });
    return [sub(weighted, mul(y, total))];
  },
  evaluate([x], attributes, [output]) {
    const data = new Float64Array(x.data.length);
    forEachLine(x, normalizeAxis(Number(attributes.axis), x.shape.length, "Softmax"), (offsets) => {
      const largest = offsets.reduce((most, i) => Math.max(most, x.data[i]), -Infinity);
      const total = offsets.reduce((sum, i) => sum + (data[i] = Math.exp(x.data[i] - largest)), 0);
      for (const i of offsets) data[i] /= total;
    });
    return [{ ...output, data }];
  },
};

const logSoftmaxOperator: Operator = {
  type: "LogSoftmax",
  attributes: { axis: "int" },
  infer([x], { axis }) {
    expectFloating("apply LogSoftmax to", x);
    normalizeAxis(Number(axis), x.shape.length, "LogSoftmax");
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient({ outputs: [y], attributes, gradients: [g] }) {
    const total = reduceSum(g!, { axes: [Number(attributes.axis)], keepDims: true });
    return [sub(g!, mul(exp(y), total))];
  },
  evaluate([x], attributes, [output]) {
    const data = new Float64Array(x.data.length);
    forEachLine(x, normalizeAxis(Number(attributes.axis), x.shape.length, "LogSoftmax"), (offsets) => {
      const largest = offsets.reduce((most, i) => Math.max(most, x.data[i]), -Infinity);
      const total = offsets.reduce((sum, i) => sum + Math.exp(x.data[i] - largest), 0);
      for (const i of offsets) data[i] = x.data[i] - largest - Math.log(total);
    });
    return [{ ...output, data }];
  },
};

const argMaxOperator: Operator = {
  type: "ArgMax",
  attributes: { axis: "int", keepdims: "int" },
  infer([x], attributes) {
    const axis = normalizeAxis(Number(attributes.axis), x.shape.length, "ArgMax");
    const shape = x.shape.flatMap((dim, i) => (i === axis ? (attributes.keepdims ? [1] : []) : [dim]));
    return [{ dtype: "int64", shape }];
  },
  evaluate([x], attributes, [output]) {
    const data = new Float64Array(elementCount(output.shape));
    forEachLine(x, normalizeAxis(Number(attributes.axis), x.shape.length, "ArgMax"), (offsets, line) => {
      offsets.forEach((offset, i) => {
        if (x.data[offset] > x.data[offsets[data[line]]]) data[line] = i;
      });
    });
    return [{ ...output, data }];
  },
};

const cumSumOperator: Operator = {
  type: "CumSum",
  attributes: { exclusive: "int", reverse: "int" },
  infer([x, axis]) {
    normalizeAxis(requireConstant(axis, "CumSum", "axis")[0], x.shape.length, "CumSum");
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient({ inputs: [, axis], attributes: { exclusive, reverse }, gradients: [g] }) {
    const [along] = requireConstant(axis, "CumSum", "axis");
    return [cumSum(g!, { axis: along, exclusive: Boolean(exclusive), reverse: !reverse }), null];
  },
  evaluate([x, axis], { exclusive, reverse }, [output]) {
    const data = new Float64Array(x.data.length);
    forEachLine(x, normalizeAxis(axis.data[0], x.shape.length, "CumSum"), (offsets) => {
      let sum = 0;
      for (const i of reverse ? [...offsets].reverse() : offsets) {
        data[i] = exclusive ? sum : sum + x.data[i];
        sum += x.data[i];
      }
    });
    return [{ ...output, data }];
  },
};

defineOperators(softmaxOperator, logSoftmaxOperator, argMaxOperator, cumSumOperator);
