// Rules of operators that look values up or sum along an axis: lookups, running sums, the depthwise convolution.

import { applyOne } from "../../operator.ts";
import { constant, type Tensor } from "../../tensor.ts";
import type { Dim } from "../../types.ts";
import { type BoundContext, exact, moved, polynomial } from "../bounds.ts";
import type { Draw } from "../draw.ts";
import { separated } from "../margins.ts";
import type { FuzzRule } from "../rules.ts";
import { anyAxis, rowsAlong } from "./reduction.ts";

/** Positions along an axis, sometimes counted from its end. */
function indices(draw: Draw, shape: readonly Dim[], size: number): Tensor {
  const low = draw.chance(0.3) ? -size : 0;
  if (draw.allows("int64")) return draw.leaf(shape, { dtype: "int64", low, high: size - 1 });
  const fixed = draw.analysis.shapeOf(shape);
  const count = draw.elements(shape);
  const values = Array.from({ length: count }, () => draw.integer(low, size - 1));
  return constant(values, { dtype: "int64", shape: fixed });
}

const sizeAlong = (draw: Draw, x: Tensor, axis: number): number => draw.valueOf(x).shape.at(axis)!;

/** The shape of x with another size along an axis. */
function otherAlong(draw: Draw, x: Tensor, axis: number): Dim[] {
  const along = axis < 0 ? axis + x.shape.length : axis;
  return x.shape.map((dim, i) => (i === along ? draw.integer(1, 4) : dim));
}

const gatherRule: FuzzRule = {
  propose(draw) {
    const table = draw.any({ minRank: 1 });
    const axis = anyAxis(draw, table);
    const where = indices(draw, draw.shape({ maxRank: 2 }), sizeAlong(draw, table, axis));
    const rows = applyOne("Gather", [table, where], { axis });
    return rows.shape.length <= 4 && draw.fits(rows.shape) ? rows : null;
  },
  bound: moved(),
};

const gatherElementsRule: FuzzRule = {
  propose(draw) {
    const x = draw.any({ minRank: 1 });
    const axis = anyAxis(draw, x);
    return applyOne("GatherElements", [x, indices(draw, otherAlong(draw, x, axis), sizeAlong(draw, x, axis))], {
      axis,
    });
  },
  bound: moved(),
};

const scatterElementsRule: FuzzRule = {
  propose(draw) {
    const x = draw.any({ minRank: 1 });
    const axis = anyAxis(draw, x);
    const shape = otherAlong(draw, x, axis);
    const where = indices(draw, shape, sizeAlong(draw, x, axis));
    return applyOne("ScatterElements", [x, where, draw.like(shape)], { axis, reduction: "add" });
  },
  // All updates along the axis may go to one place.
  bound: polynomial({
    length: ({ inputs: [, where], attributes }) => 1 + where.shape.at(Number(attributes.axis))!,
    values: (index) => index !== 1,
  }),
};

const argMaxRule: FuzzRule = {
  propose(draw) {
    if (!draw.allows("int64")) return null;
    const x = draw.any({ minRank: 1 });
    return applyOne("ArgMax", [x], { axis: anyAxis(draw, x), keepdims: draw.integer(0, 1) });
  },
  givesNoFloats: true,
  bound: exact,
  margin: (context) => {
    const { shape } = context.inputs[0];
    const axis = Number(context.attributes.axis);
    const rows = rowsAlong({ shape }, [axis < 0 ? axis + shape.length : axis]);
    return separated(context, { rows, count: 1, exactTies: false });
  },
};

const cumSumRule: FuzzRule = {
  propose(draw) {
    const x = draw.any({ minRank: 1 });
    const axis = constant(anyAxis(draw, x), { dtype: "int64" });
    return applyOne("CumSum", [x, axis], { exclusive: draw.integer(0, 1), reverse: draw.integer(0, 1) });
  },
  bound: polynomial({
    length: ({ inputs: [x, axis] }: BoundContext) => x.shape.at(axis.data[0])!,
    values: (index) => index === 0,
  }),
};

/** The depthwise convolution over one dimension; named lengths stay as long as they are. */
const convRule: FuzzRule = {
  propose(draw) {
    const usable = ({ shape }: Tensor) => typeof shape[1] === "number";
    const x = draw.any({ minRank: 3, maxRank: 3, accept: usable });
    const [, channels, length] = x.shape;
    const kernel = draw.integer(1, 4);
    const before = draw.integer(0, kernel - 1);
    const after = typeof length === "number" ? draw.integer(0, kernel - 1) : kernel - 1 - before;
    if (typeof channels !== "number" || sizeAlong(draw, x, 2) + before + after < kernel) return null;
    const weight = draw.like([channels, 1, kernel]);
    return applyOne("Conv", [x, weight], { group: channels, kernel_shape: [kernel], pads: [before, after] });
  },
  bound: polynomial({ length: ({ inputs: [, weight] }) => weight.shape[2] }),
};

export const INDEXING_RULES: Readonly<Record<string, FuzzRule>> = {
  Gather: gatherRule,
  GatherElements: gatherElementsRule,
  ScatterElements: scatterElementsRule,
  ArgMax: argMaxRule,
  CumSum: cumSumRule,
  Conv: convRule,
};
