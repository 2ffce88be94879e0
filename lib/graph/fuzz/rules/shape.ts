// Rules of operators that move values: nothing is rounded, errors move along.

import { apply, applyOne } from "../../operator.ts";
import { concat, expand, reshape, slice, transpose } from "../../ops.ts";
import { constant, type Tensor } from "../../tensor.ts";
import type { Dim, DType, Shape } from "../../types.ts";
import { moved } from "../bounds.ts";
import type { Draw } from "../draw.ts";
import type { FuzzRule } from "../rules.ts";

/** Any tensor: these operators take every dtype. */
function anyTensor(
  draw: Draw,
  options: { minRank?: number; accept?: (tensor: Tensor) => boolean } = {},
): Tensor {
  const others = (["int64", "bool"] as const).filter((dtype) => draw.allows(dtype));
  const dtype: DType = others.length > 0 && draw.chance(0.15) ? draw.pick(others) : "float32";
  return draw.any({ dtype, ...options });
}

const isFixed = (shape: Shape): shape is readonly number[] => shape.every((dim) => typeof dim === "number");
const fixedAxes = ({ shape }: Tensor) => [...shape.keys()].filter((axis) => typeof shape[axis] === "number");
const hasFixedAxis = (tensor: Tensor) => fixedAxes(tensor).length > 0;

/** An axis with a number, sometimes counted from the end. */
function fixedAxis(draw: Draw, x: Tensor): number {
  const axis = draw.pick(fixedAxes(x));
  return draw.chance(0.3) ? axis - x.shape.length : axis;
}

/** Splits a count into random factors, with a size of 1 now and then. */
function factors(draw: Draw, count: number): number[] {
  const result: number[] = [];
  let rest = count;
  while (rest > 1 && result.length < 3) {
    const divisors = Array.from({ length: rest }, (_, i) => i + 1).filter((d) => d > 1 && rest % d === 0);
    const divisor = draw.pick(divisors);
    result.push(divisor);
    rest /= divisor;
  }
  if (rest > 1) result.push(rest);
  if (result.length < 4 && draw.chance(0.3)) result.splice(draw.integer(0, result.length), 0, 1);
  return draw.shuffled(result);
}

function reshaped(draw: Draw): Tensor {
  const x = anyTensor(draw);
  const names = x.shape.filter((dim) => typeof dim === "string");
  const numbers = x.shape.reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : 1), 1);
  if (names.length === 0) return reshape(x, factors(draw, numbers));
  // Names stay where they are in front; a single one may move.
  const lead = x.shape.findIndex((dim) => typeof dim === "number");
  const kept = lead < 0 ? x.shape : x.shape.slice(0, lead);
  if (kept.length === names.length) return reshape(x, [...kept, ...factors(draw, numbers)]);
  if (names.length > 1) return reshape(x, x.shape);
  const parts: Dim[] = factors(draw, numbers);
  parts.splice(draw.integer(0, parts.length), 0, names[0]);
  return reshape(x, parts);
}

function expanded(draw: Draw): Tensor | null {
  const x = anyTensor(draw, { accept: ({ shape }) => isFixed(shape) });
  if (!isFixed(x.shape)) return null;
  const shape = x.shape.map((dim) => (dim === 1 && draw.chance(0.7) ? draw.integer(1, 4) : dim));
  const longer = shape.length < 4 && draw.chance(0.5) ? [draw.integer(1, 3), ...shape] : shape;
  return draw.fits(longer) ? expand(x, longer) : null;
}

function concatenated(draw: Draw): Tensor | null {
  const x = anyTensor(draw, { minRank: 1 });
  const along = draw.integer(0, x.shape.length - 1);
  const axis = draw.chance(0.3) ? along - x.shape.length : along;
  const parts = [x];
  while (parts.length < 3 && (parts.length < 2 || draw.chance(0.4))) {
    const shape = x.shape.map((dim, i) => (i !== along ? dim : draw.chance(0.3) ? draw.dim() : draw.integer(1, 4)));
    parts.push(draw.chance(0.2) ? x : draw.like(shape, { dtype: x.dtype }));
  }
  const joined = concat(draw.chance(0.1) ? [x] : draw.shuffled(parts), axis);
  return draw.fits(joined.shape) ? joined : null;
}

function sliced(draw: Draw): Tensor | null {
  const x = anyTensor(draw, { minRank: 1, accept: hasFixedAxis });
  if (!hasFixedAxis(x)) return null;
  const axis = fixedAxis(draw, x);
  const size = Number(x.shape.at(axis));
  const start = draw.integer(0, size - 1);
  return slice(x, { axis, start, end: draw.integer(start + 1, size) });
}

function padded(draw: Draw): Tensor | null {
  const x = anyTensor(draw, { minRank: 1 });
  const rank = x.shape.length;
  const pads = new Array<number>(2 * rank).fill(0);
  for (const axis of fixedAxes(x)) {
    if (draw.chance(0.5)) continue;
    pads[axis] = draw.integer(0, 2);
    pads[rank + axis] = draw.integer(0, 2);
  }
  const result = applyOne("Pad", [x, constant(pads, { dtype: "int64" })]);
  return draw.fits(result.shape) ? result : null;
}

/** Random sizes that add up to a total. */
function partition(draw: Draw, total: number): number[] {
  const parts: number[] = [];
  for (let rest = total; rest > 0; rest -= parts.at(-1)!) parts.push(draw.integer(1, rest));
  return parts;
}

function splitParts(draw: Draw): readonly Tensor[] | null {
  const x = anyTensor(draw, { minRank: 1, accept: hasFixedAxis });
  if (!hasFixedAxis(x)) return null;
  const axis = fixedAxis(draw, x);
  const sizes = constant(partition(draw, Number(x.shape.at(axis))), { dtype: "int64" });
  return apply("Split", [x, sizes], { axis });
}

function squeezed(draw: Draw): Tensor | null {
  const x = anyTensor(draw, { accept: ({ shape }) => shape.includes(1) });
  const ones = [...x.shape.keys()].filter((axis) => x.shape[axis] === 1);
  if (ones.length === 0) return null;
  const axes = draw.shuffled(ones).slice(0, draw.integer(1, ones.length));
  const signed = axes.map((axis) => (draw.chance(0.3) ? axis - x.shape.length : axis));
  return applyOne("Squeeze", [x, constant(signed, { dtype: "int64" })]);
}

function unsqueezed(draw: Draw): Tensor {
  const x = anyTensor(draw);
  const rank = x.shape.length + (x.shape.length < 3 && draw.chance(0.4) ? 2 : 1);
  const axes = draw.shuffled([...Array(rank).keys()]).slice(0, rank - x.shape.length);
  const signed = axes.map((axis) => (draw.chance(0.3) ? axis - rank : axis));
  return applyOne("Unsqueeze", [x, constant(signed, { dtype: "int64" })]);
}

export const SHAPE_RULES: Readonly<Record<string, FuzzRule>> = {
  Transpose: {
    propose(draw) {
      const x = anyTensor(draw, { minRank: 1 });
      return transpose(x, draw.shuffled([...x.shape.keys()]));
    },
    bound: moved(),
  },
  Reshape: { propose: reshaped, bound: moved() },
  Expand: { propose: expanded, bound: moved() },
  Concat: { propose: concatenated, bound: moved(() => true) },
  Slice: { propose: sliced, bound: moved() },
  Pad: { propose: padded, bound: moved() },
  Split: { propose: splitParts, bound: moved() },
  Squeeze: { propose: squeezed, bound: moved() },
  Unsqueeze: { propose: unsqueezed, bound: moved() },
};
