// Rules of reductions and of what is built on them.

import { applyOne } from "../../operator.ts";
import { layerNormalization, reduceMax, reduceMean, type ReduceOptions, reduceSum, softmax, topK } from "../../ops.ts";
import { constant, type Tensor } from "../../tensor.ts";
import { type DType, elementCount, normalizeAxis } from "../../types.ts";
import {
  type BoundContext,
  type BoundRule,
  corners,
  exact,
  plus,
  polynomial,
  reductionLength,
  rounding,
} from "../bounds.ts";
import type { Draw } from "../draw.ts";
import { type MarginRule, separated } from "../margins.ts";
import type { FuzzRule } from "../rules.ts";

/** An axis, sometimes counted from the end. */
export function anyAxis(draw: Draw, x: Tensor): number {
  const axis = draw.integer(0, x.shape.length - 1);
  return draw.chance(0.4) ? axis - x.shape.length : axis;
}

function someAxes(draw: Draw, x: Tensor): number[] | undefined {
  if (draw.chance(0.2)) return undefined;
  const axes = draw.shuffled([...x.shape.keys()]).slice(0, draw.integer(1, x.shape.length));
  return axes.map((axis) => (draw.chance(0.3) ? axis - x.shape.length : axis));
}

function proposeReduction(operator: (x: Tensor, options: ReduceOptions) => Tensor, dtypes: readonly DType[]) {
  return (draw: Draw): Tensor => {
    const others = dtypes.filter((dtype) => draw.allows(dtype));
    const dtype = others.length > 0 && draw.chance(0.15) ? draw.pick(others) : "float32";
    const x = draw.any({ dtype, minRank: 1 });
    return operator(x, { axes: someAxes(draw, x), keepDims: draw.chance(0.5) });
  };
}

/** A reduction by the operator's name. */
const named = (type: string) => (x: Tensor, { axes, keepDims = false }: ReduceOptions): Tensor => {
  const along = constant(axes ?? [...x.shape.keys()], { dtype: "int64" });
  return applyOne(type, [x, along], { keepdims: Number(keepDims) });
};

/** For each element of the output the indices of the input that it covers, along some axes. */
export function rowsAlong({ shape }: { shape: readonly number[] }, axes: readonly number[]): number[][] {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const rows = new Map<number, number[]>();
  for (let i = 0; i < elementCount(shape); i++) {
    const key = shape.reduce(
      (sum, size, axis) => sum + (axes.includes(axis) ? 0 : (Math.floor(i / strides[axis]) % size) * strides[axis]),
      0,
    );
    rows.set(key, [...(rows.get(key) ?? []), i]);
  }
  return [...rows.values()];
}

function rowsOfAxes({ inputs: [x, axes] }: BoundContext): number[][] {
  return rowsAlong(x, [...axes.data].map((axis) => normalizeAxis(axis, x.shape.length, "reduction")));
}

const extremum = (descending: boolean): MarginRule => (context) =>
  separated(context, { rows: rowsOfAxes(context), count: 1, exactTies: true, descending });

/**
 * y_i = e^{x_i} / sum_j e^{x_j}: the quotient at the ends of all intervals. Own rounding: of the difference to the largest
 * value, which the exponential turns into a relative error, and of the sum.
 */
const softmaxBound: BoundRule = ({ inputs: [x], outputs: [y], attributes }) => {
  const axis = normalizeAxis(Number(attributes.axis), x.shape.length, "Softmax");
  const error = new Float64Array(y.data.length);
  const magnitude = new Float64Array(y.data.length);
  for (const row of rowsAlong(x, [axis])) {
    const largest = Math.max(...row.map((i) => x.data[i]));
    const sum = (sign: number) => row.reduce((total, i) => total + y.data[i] * Math.exp(sign * x.error[i]), 0);
    const [low, high] = [sum(-1), sum(1)];
    for (const i of row) {
      const [up, down] = [y.data[i] * Math.exp(x.error[i]), y.data[i] * Math.exp(-x.error[i])];
      error[i] = x.error.some((value) => value > 0)
        ? Math.max(up / (low - down + up) - y.data[i], y.data[i] - down / (high - up + down))
        : 0;
      magnitude[i] = y.data[i] * (1 + largest - x.data[i]);
    }
  }
  return [plus(error, rounding(y.dtype, magnitude, x.shape[axis]))];
};

/** y_i = x_i - log(sum_j e^{x_j}), whose last part moves by at most the largest error of a row. */
const logSoftmaxBound: BoundRule = ({ inputs: [x], outputs: [y], attributes }) => {
  const axis = normalizeAxis(Number(attributes.axis), x.shape.length, "LogSoftmax");
  const error = new Float64Array(y.data.length);
  for (const row of rowsAlong(x, [axis])) {
    const shift = row.reduce((sum, i) => sum + Math.exp(y.data[i]) * x.error[i], 0);
    const largest = Math.max(...row.map((i) => x.error[i]));
    // The weighted mean of the errors is the first order; e^largest covers the rest.
    for (const i of row) error[i] = x.error[i] + shift * Math.exp(2 * largest);
  }
  const magnitude = y.data.map((value) => 1 + Math.abs(value));
  return [plus(error, rounding(y.dtype, magnitude, x.shape[axis]))];
};

/**
 * With n = (x - mean) / s, s^2 = variance + epsilon, k values a row and y = n scale + bias, to first order (dx of the
 * operator's gradient): |dn_i| <= (e_i + mean(e) + |n_i| mean(|n| e)) / s. Own rounding: of x - mean, relative to
 * |x_i| + mean |x|; of s, relative to (mean(x^2) + mean(x)^2) / s^2, since executors may take the variance as the
 * difference of these two.
 */
const layerNormalizationBound: BoundRule = ({ inputs: [x, scale, bias], outputs: [y], attributes }) => {
  const width = scale.data.length;
  const magnitude = new Float64Array(y.data.length);
  const error = new Float64Array(y.data.length);
  for (let start = 0; start < y.data.length; start += width) {
    const row = x.data.subarray(start, start + width);
    const e = x.error.subarray(start, start + width);
    const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / width;
    const center = mean(row);
    const s = Math.sqrt(mean(row.map((value) => (value - center) ** 2)) + Number(attributes.epsilon));
    const normal = row.map((value) => (value - center) / s);
    const [meanSize, meanSquare, meanError] = [mean(row.map(Math.abs)), mean(row.map((value) => value ** 2)), mean(e)];
    const spread = mean(normal.map((value, i) => Math.abs(value) * e[i])) / s;
    const ofDeviation = (meanSquare + center ** 2) / s ** 2;
    for (let i = 0; i < width; i++) {
      const [n, factor] = [Math.abs(normal[i]), Math.abs(scale.data[i]) + scale.error[i]];
      const shift = (e[i] + meanError) / s + n * spread;
      // Twice the first order covers the second while errors are small beside s; larger ones are refused as unfit.
      error[start + i] = 2 * factor * shift + n * scale.error[i] + (bias?.error[i] ?? 0);
      magnitude[start + i] = factor * ((Math.abs(row[i]) + meanSize) / s + n * ofDeviation) +
        Math.abs(bias?.data[i] ?? 0);
    }
  }
  return [plus(error, rounding(y.dtype, magnitude, width))];
};

const layerNormalizationRule: FuzzRule = {
  propose(draw) {
    const x = draw.any({ minRank: 1, accept: ({ shape }) => typeof shape.at(-1) === "number" });
    let first = x.shape.length;
    while (first > 0 && typeof x.shape[first - 1] === "number" && (first === x.shape.length || draw.chance(0.3))) {
      first--;
    }
    if (first === x.shape.length) return null;
    const shape = x.shape.slice(first);
    const scale = draw.like(shape);
    const axis = draw.chance(0.5) ? first : first - x.shape.length;
    const bias = draw.chance(0.6) ? draw.like(shape) : null;
    return layerNormalization(x, scale, bias, { axis, epsilon: draw.pick([1e-5, 1e-3, 0.1]) });
  },
  bound: layerNormalizationBound,
};

const topKRule: FuzzRule = {
  propose(draw) {
    const x = draw.any({ minRank: 1, accept: ({ shape }) => typeof shape.at(-1) === "number" });
    const size = x.shape.at(-1)!;
    if (typeof size !== "number") return null;
    const { values, indices } = topK(x, draw.integer(1, size));
    return draw.allows("int64") ? [values, indices] : values;
  },
  bound: (context) => [corners(() => new Float64Array(context.outputs[0].data.length))(context)[0], exact(context)[1]],
  margin: (context) => {
    const [x, k] = context.inputs;
    return separated(context, { rows: rowsAlong(x, [x.shape.length - 1]), count: k.data[0], exactTies: false });
  },
};

export const REDUCTION_RULES: Readonly<Record<string, FuzzRule>> = {
  ReduceSum: {
    propose: proposeReduction(reduceSum, ["int64"]),
    bound: polynomial({ length: reductionLength, values: (index) => index === 0 }),
  },
  ReduceMean: {
    propose: proposeReduction(reduceMean, []),
    bound: polynomial({ length: reductionLength, values: (index) => index === 0 }),
  },
  ReduceMax: {
    propose: proposeReduction(reduceMax, ["int64"]),
    bound: corners(({ outputs: [y] }) => new Float64Array(y.data.length)),
    margin: extremum(true),
  },
  ReduceMin: {
    propose: proposeReduction(named("ReduceMin"), ["int64"]),
    bound: corners(({ outputs: [y] }) => new Float64Array(y.data.length)),
    margin: extremum(false),
  },
  // log(sum e^x) = max + log(sum e^{x - max}): relative to 1 and to its value.
  ReduceLogSumExp: {
    propose: proposeReduction(named("ReduceLogSumExp"), []),
    bound: corners((context) =>
      context.outputs[0].data.map((value) => Math.sqrt(reductionLength(context)) * (1 + Math.abs(value)))
    ),
  },
  LogSoftmax: {
    propose(draw) {
      const x = draw.any({ minRank: 1 });
      return applyOne("LogSoftmax", [x], { axis: anyAxis(draw, x) });
    },
    bound: logSoftmaxBound,
  },
  Softmax: {
    propose(draw) {
      const x = draw.any({ minRank: 1 });
      return softmax(x, anyAxis(draw, x));
    },
    bound: softmaxBound,
  },
  LayerNormalization: layerNormalizationRule,
  TopK: topKRule,
};
