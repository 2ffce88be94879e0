// Reductions and what is built on them: sums, means, maxima, layer normalisation, top k.

import { defineOperators, type GradientContext, type Operator } from "../operator.ts";
import { add, cast, div, equal, exp, expand, mul, reduceMean, reduceSum, reshape, sqrt, sub } from "../ops.ts";
import { describe, type Tensor } from "../tensor.ts";
import {
  concreteShape,
  type Dim,
  elementCount,
  formatShape,
  type NdArray,
  normalizeAxis,
  type Shape,
} from "../types.ts";
import { sumTo } from "./elementwise.ts";
import { requireAxes, requireConstant } from "./shape.ts";

function reducedAxes([x, axes]: readonly Tensor[], operator: string): number[] {
  return requireAxes(axes, x.shape.length, operator);
}

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Dim[] {
  return shape.flatMap((dim, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [dim]));
}

/** The tensor with its reduced axes back as size 1, so that it broadcasts over the input. */
function withReducedAxes(tensor: Tensor, [x, axesTensor]: readonly Tensor[], operator: string): Tensor {
  return reshape(tensor, reducedShape(x.shape, reducedAxes([x, axesTensor], operator), true));
}

/** Number of elements that one output of the reduction covers. */
function reducedCount(inputs: readonly Tensor[], operator: string): number {
  const axes = reducedAxes(inputs, operator);
  return elementCount(concreteShape(axes.map((axis) => inputs[0].shape[axis]), `Cannot differentiate ${operator}`));
}

function stretch(gradient: Tensor, x: Tensor, operator: string): Tensor {
  return expand(gradient, concreteShape(x.shape, `Cannot differentiate ${operator}`));
}

/** Folds the values along `axes` of one array. */
function fold(
  x: NdArray,
  { axes, shape, start, combine }: {
    axes: readonly number[];
    shape: readonly number[];
    start: number;
    combine: (sum: number, value: number) => number;
  },
): Float64Array {
  const kept = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const strides = kept.map((dim, axis) => (dim === 1 ? 0 : elementCount(kept.slice(axis + 1))));
  const data = new Float64Array(elementCount(shape)).fill(start);
  const index = new Array<number>(x.shape.length).fill(0);
  for (const value of x.data) {
    const offset = index.reduce((sum, position, axis) => sum + position * strides[axis], 0);
    data[offset] = combine(data[offset], value);
    for (let axis = index.length - 1; axis >= 0 && ++index[axis] === x.shape[axis]; axis--) index[axis] = 0;
  }
  return data;
}

interface ReductionRule {
  type: string;
  start: number;
  combine(sum: number, value: number): number;
  finish?(sum: number, count: number): number;
  gradient(g: Tensor, inputs: readonly Tensor[], y: Tensor): Tensor;
}

function reductionOperator({ type, start, combine, finish, gradient }: ReductionRule): Operator {
  return {
    type,
    attributes: { keepdims: "int" },
    infer(inputs, { keepdims }) {
      const [x] = inputs;
      return [{ dtype: x.dtype, shape: reducedShape(x.shape, reducedAxes(inputs, type), Boolean(keepdims)) }];
    },
    gradient({ inputs, outputs: [y], gradients: [g] }: GradientContext) {
      return [gradient(withReducedAxes(g!, inputs, type), inputs, y), null];
    },
    evaluate([x, axesArray], _attributes, [output]) {
      const axes = [...axesArray.data].map((axis) => normalizeAxis(axis, x.shape.length, type));
      const data = fold(x, { axes, shape: output.shape, start, combine });
      const count = x.data.length / data.length;
      return [{ ...output, data: finish ? data.map((value) => finish(value, count)) : data }];
    },
  };
}

/** The gradient of an extremum, shared evenly by the elements that attain it. */
function sharedAmongWinners(
  g: Tensor,
  { inputs, y, type }: { inputs: readonly Tensor[]; y: Tensor; type: string },
): Tensor {
  const [x] = inputs;
  const winners = cast(equal(x, withReducedAxes(y, inputs, type)), x.dtype);
  return mul(winners, div(g, reduceSum(winners, { axes: reducedAxes(inputs, type), keepDims: true })));
}

/** log(e^a + e^b), also where both are -Infinity. */
function logAddExp(a: number, b: number): number {
  const larger = Math.max(a, b);
  return larger === -Infinity ? larger : larger + Math.log1p(Math.exp(-Math.abs(a - b)));
}

defineOperators(
  reductionOperator({
    type: "ReduceSum",
    start: 0,
    combine: (sum, value) => sum + value,
    gradient: (g, [x]) => stretch(g, x, "ReduceSum"),
  }),
  reductionOperator({
    type: "ReduceMean",
    start: 0,
    combine: (sum, value) => sum + value,
    finish: (sum, count) => sum / count,
    gradient: (g, inputs) => stretch(mul(g, 1 / reducedCount(inputs, "ReduceMean")), inputs[0], "ReduceMean"),
  }),
  reductionOperator({
    type: "ReduceMax",
    start: -Infinity,
    combine: Math.max,
    gradient: (g, inputs, y) => sharedAmongWinners(g, { inputs, y, type: "ReduceMax" }),
  }),
  reductionOperator({
    type: "ReduceMin",
    start: Infinity,
    combine: Math.min,
    gradient: (g, inputs, y) => sharedAmongWinners(g, { inputs, y, type: "ReduceMin" }),
  }),
  reductionOperator({
    type: "ReduceLogSumExp",
    start: -Infinity,
    combine: logAddExp,
    gradient: (g, inputs, y) => mul(exp(sub(inputs[0], withReducedAxes(y, inputs, "ReduceLogSumExp"))), g),
  }),
);

function normalizedAxes(x: Tensor, axis: number): number[] {
  const first = normalizeAxis(axis, x.shape.length, "LayerNormalization");
  return x.shape.map((_, i) => i).slice(first);
}

/** With n = (x - mean) / s: dx = (g' - mean(g') - n mean(g' n)) / s, where g' = g * scale. */
function layerNormalizationGradient(context: GradientContext): (Tensor | null)[] {
  const { inputs: [x, scale, bias], attributes, gradients: [g] } = context;
  const axes = normalizedAxes(x, Number(attributes.axis));
  const over = { axes, keepDims: true };
  const centered = sub(x, reduceMean(x, over));
  const deviation = sqrt(add(reduceMean(mul(centered, centered), over), Number(attributes.epsilon)));
  const normal = div(centered, deviation);
  const scaled = mul(g!, scale);
  const projected = mul(normal, reduceMean(mul(scaled, normal), over));
  const dx = div(sub(sub(scaled, reduceMean(scaled, over)), projected), deviation);
  const dScale = sumTo(mul(g!, normal), scale.shape);
  return bias ? [dx, dScale, sumTo(g!, bias.shape)] : [dx, dScale];
}

const layerNormalizationOperator: Operator = {
  type: "LayerNormalization",
  attributes: { axis: "int", epsilon: "float" },
  infer([x, scale, bias], { axis }) {
    const shape = formatShape(normalizedAxes(x, Number(axis)).map((i) => x.shape[i]));
    for (const factor of bias ? [scale, bias] : [scale]) {
      if (formatShape(factor.shape) !== shape) {
        throw new TypeError(
          `Cannot normalise ${describe(x)}: expected scale and bias ${shape}, got ${formatShape(factor.shape)}`,
        );
      }
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient: layerNormalizationGradient,
  evaluate([x, scale, bias], { epsilon }, [output]) {
    const width = scale.data.length;
    const data = new Float64Array(x.data.length);
    for (let start = 0; start < data.length; start += width) {
      const row = x.data.subarray(start, start + width);
      const mean = row.reduce((sum, value) => sum + value, 0) / width;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
      const deviation = Math.sqrt(variance + Number(epsilon));
      row.forEach((value, i) => data[start + i] = ((value - mean) / deviation) * scale.data[i] + (bias?.data[i] ?? 0));
    }
    return [{ ...output, data }];
  },
};

const topKOperator: Operator = {
  type: "TopK",
  attributes: { axis: "int", largest: "int", sorted: "int" },
  infer([x, k]) {
    const [count] = requireConstant(k, "TopK", "k");
    const size = x.shape.at(-1);
    if (!Number.isInteger(count) || count < 1 || (typeof size === "number" && count > size)) {
      throw new RangeError(`Cannot take the top ${count} of ${describe(x)}: expected an integer in [1, ${size}]`);
    }
    const shape = [...x.shape.slice(0, -1), count];
    return [{ dtype: x.dtype, shape }, { dtype: "int64", shape }];
  },
  evaluate([x, k], _attributes, [values, indices]) {
    const width = x.shape.at(-1)!;
    const count = k.data[0];
    const top = new Float64Array((x.data.length / width) * count);
    const positions = new Float64Array(top.length);
    for (let row = 0; row * width < x.data.length; row++) {
      const data = x.data.subarray(row * width, (row + 1) * width);
      const order = [...data.keys()].sort((a, b) => data[b] - data[a] || a - b).slice(0, count);
      order.forEach((position, i) => {
        top[row * count + i] = data[position];
        positions[row * count + i] = position;
      });
    }
    return [{ ...values, data: top }, { ...indices, data: positions }];
  },
};

defineOperators(layerNormalizationOperator, topKOperator);
