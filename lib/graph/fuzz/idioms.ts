// Idioms: expressions that executors look for and replace by one kernel of their own. Operators drawn one by one hit them
// rarely, and a replacement is where an optimizer changes numbers.

import { applyOne, operatorTypes } from "../operator.ts";
import {
  add,
  cast,
  div,
  erf,
  exp,
  gemm,
  layerNormalization,
  log,
  matMul,
  max,
  min,
  mul,
  pow,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  sigmoid,
  slice,
  softmax,
  sqrt,
  sub,
  tanh,
  transpose,
} from "../ops.ts";
import { constant, type Tensor } from "../tensor.ts";
import type { Draw } from "./draw.ts";

interface Idiom {
  /** Operators beside those of every registry. */
  readonly requires?: readonly string[];
  propose(draw: Draw): Tensor | null;
}

const fixedLast = ({ shape }: Tensor) => typeof shape.at(-1) === "number";
const LAST = { axes: [-1], keepDims: true };

/** A tensor with a numbered last dimension, and a matrix that it can be multiplied by. */
function product(draw: Draw): { x: Tensor; weight: Tensor; width: number } | null {
  const x = draw.any({ minRank: 2, maxRank: 3, accept: fixedLast });
  const width = draw.integer(1, 5);
  const inner = x.shape.at(-1);
  return typeof inner === "number" ? { x, weight: draw.like([inner, width]), width } : null;
}

function biased(draw: Draw): Tensor | null {
  const drawn = product(draw);
  return drawn && add(matMul(drawn.x, drawn.weight), draw.like([drawn.width]));
}

function geluByErf(x: Tensor): Tensor {
  return mul(mul(x, 0.5), add(erf(div(x, Math.SQRT2)), 1));
}

function geluByTanh(x: Tensor): Tensor {
  const inner = mul(add(x, mul(pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(x, 0.5), add(tanh(inner), 1));
}

function normalizedByParts(draw: Draw): Tensor | null {
  const x = draw.any({ minRank: 1, accept: fixedLast });
  if (!fixedLast(x)) return null;
  const centered = sub(x, reduceMean(x, LAST));
  const deviation = sqrt(add(reduceMean(pow(centered, 2), LAST), 1e-3));
  return add(mul(div(centered, deviation), draw.like([x.shape.at(-1)!])), draw.like([x.shape.at(-1)!]));
}

function rootMeanSquare(draw: Draw): Tensor | null {
  const x = draw.any({ minRank: 1, accept: fixedLast });
  if (!fixedLast(x)) return null;
  const root = sqrt(add(reduceMean(pow(x, 2), LAST), 1e-3));
  return mul(draw.chance(0.5) ? div(x, root) : mul(x, div(1, root)), draw.like([x.shape.at(-1)!]));
}

function skipNormalization(draw: Draw): Tensor | null {
  const x = draw.any({ minRank: 3, maxRank: 3, accept: fixedLast });
  if (!fixedLast(x)) return null;
  const shape = [x.shape.at(-1)!];
  return layerNormalization(add(x, draw.like(x.shape)), draw.like(shape), draw.chance(0.5) ? draw.like(shape) : null);
}

function attention(draw: Draw): Tensor | null {
  const query = draw.any({ minRank: 3, maxRank: 4 });
  const key = draw.like(query.shape);
  const axes = [...query.shape.keys()];
  const swapped = [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!];
  const scores = mul(matMul(query, transpose(key, swapped)), draw.pick([0.5, 0.125]));
  if (!draw.fits(scores.shape)) return null;
  const masked = draw.chance(0.5) ? add(scores, draw.like(scores.shape.slice(-2))) : scores;
  return matMul(softmax(masked), draw.like(query.shape));
}

function activated(draw: Draw, x: Tensor): Tensor {
  return draw.pick([relu, sigmoid, tanh, geluByErf, geluByTanh])(x);
}

function activatedGemm(draw: Draw): Tensor | null {
  const drawn = product(draw);
  if (!drawn || drawn.x.shape.length !== 2) return null;
  return activated(draw, gemm(drawn.x, drawn.weight, draw.like([drawn.width])));
}

function activatedConv(draw: Draw): Tensor | null {
  const x = draw.any({ minRank: 3, maxRank: 3, accept: ({ shape }) => typeof shape[1] === "number" });
  const channels = x.shape[1];
  if (typeof channels !== "number") return null;
  const weight = draw.like([channels, 1, 3]);
  const conv = applyOne("Conv", [x, weight], { group: channels, kernel_shape: [3], pads: [2, 0] });
  return activated(draw, draw.chance(0.5) ? add(conv, draw.like([channels, 1])) : conv);
}

/** Stored as bytes, or rounded to bytes and back: how int8 models are written. */
function dequantized(draw: Draw, shape: readonly number[]): Tensor {
  const dtype = draw.pick((["uint8", "int8"] as const).filter((type) => draw.allows(type)));
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.integer(0, 40));
  const scale = constant(draw.pick([0.0625, Math.fround(0.03)]));
  const zero = constant(draw.integer(0, 30), { dtype });
  return applyOne("DequantizeLinear", [constant(values, { dtype, shape }), scale, zero], { axis: 0 });
}

function quantizedProduct(draw: Draw): Tensor | null {
  const drawn = product(draw);
  if (!drawn || !(draw.allows("uint8") || draw.allows("int8"))) return null;
  const { x, width } = drawn;
  return matMul(x, dequantized(draw, [Number(x.shape.at(-1)), width]));
}

function quantizedAndBack(draw: Draw): Tensor | null {
  if (!draw.allows("uint8")) return null;
  const scale = constant(draw.pick([0.0625, Math.fround(0.03)]));
  const zero = constant(100, { dtype: "uint8" });
  const bytes = applyOne("QuantizeLinear", [draw.any(), scale, zero], { axis: 0 });
  const back = applyOne("DequantizeLinear", [bytes, scale, zero], { axis: 0 });
  return draw.chance(0.5) ? back : draw.pick([relu, (x: Tensor) => mul(x, x), (x: Tensor) => add(x, 1)])(back);
}

function undone(draw: Draw): Tensor | null {
  const x = draw.any({ minRank: 1 });
  const order = draw.shuffled([...x.shape.keys()]);
  const back = order.map((_, axis) => order.indexOf(axis));
  const result = draw.pick([
    () => transpose(transpose(x, order), back),
    () => transpose(transpose(x, order), draw.shuffled(order)),
    () => (draw.allows("float64") ? cast(cast(x, "float64"), "float32") : x),
    () => add(x, 0),
    () => mul(x, 1),
    () => div(sub(x, 0), 1),
    () => reshape(reshape(x, x.shape), x.shape),
    () => sub(add(x, 0.5), 0.5),
    () => (fixedLast(x) ? slice(x, { axis: -1, start: 0, end: Number(x.shape.at(-1)) }) : x),
  ])();
  return result === x ? null : result;
}

const IDIOMS: readonly Idiom[] = [
  { propose: biased },
  { propose: (draw) => geluByErf(biased(draw) ?? draw.any()) },
  { propose: (draw) => geluByTanh(biased(draw) ?? draw.any()) },
  { propose: (draw) => ((x) => mul(x, sigmoid(draw.chance(0.5) ? x : mul(x, 1.702))))(draw.any()) },
  { propose: normalizedByParts },
  { propose: rootMeanSquare },
  { propose: skipNormalization },
  { propose: attention },
  { propose: activatedGemm },
  { propose: activatedConv, requires: ["Conv"] },
  { propose: quantizedProduct, requires: ["DequantizeLinear"] },
  { propose: quantizedAndBack, requires: ["QuantizeLinear", "DequantizeLinear"] },
  { propose: undone },
  { propose: (draw) => min(max(draw.any(), -0.75), draw.pick([0.75, 6])) },
  { propose: (draw) => log(softmax(draw.any({ minRank: 1 }))) },
  {
    propose(draw) {
      const x = draw.any({ minRank: 1 });
      const powers = exp(sub(x, reduceMax(x, LAST)));
      return div(powers, reduceSum(powers, LAST));
    },
  },
];

/** One of the idioms whose operators are registered. */
export function proposeIdiom(draw: Draw): Tensor | null {
  const known = operatorTypes();
  const possible = IDIOMS.filter(({ requires = [] }) => requires.every((type) => known.includes(type)));
  return draw.pick(possible).propose(draw);
}
