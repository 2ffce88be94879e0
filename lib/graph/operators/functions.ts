// Further functions of one value: Sin, Cos, Reciprocal, Softplus, Floor, Round, Clip.

import { defineOperators, type Operator } from "../operator.ts";
import { greaterOrEqual, lessOrEqual, mul, neg, sigmoid, where } from "../ops.ts";
import { and, cos, sin } from "../ops_functions.ts";
import { roundHalfToEven } from "../rounding.ts";
import { type Tensor } from "../tensor.ts";
import { formatShape } from "../types.ts";
import { expectFloating, unaryOperator } from "./elementwise.ts";
import { requireConstant } from "./shape.ts";

function clipBounds([low, high]: readonly (Tensor | undefined)[]): [number, number] {
  const bounds = [low, high].flatMap((tensor) => {
    const values = requireConstant(tensor, "Clip", "bounds");
    if (tensor!.shape.length !== 0) {
      throw new TypeError(`Cannot apply Clip: expected scalar bounds, got ${formatShape(tensor!.shape)}`);
    }
    return values;
  });
  if (!(bounds[0] <= bounds[1])) {
    throw new RangeError(`Cannot apply Clip: expected min <= max, got [${bounds.join(", ")}]`);
  }
  return bounds as [number, number];
}

const clipOperator: Operator = {
  type: "Clip",
  infer([x, ...bounds]) {
    expectFloating("clip", x);
    clipBounds(bounds);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient({ inputs: [x, low, high], gradients: [g] }) {
    return [where(and(greaterOrEqual(x, low), lessOrEqual(x, high)), g!, 0), null, null];
  },
  evaluate: ([x, low, high], _attributes, [output]) => [
    { ...output, data: x.data.map((value) => Math.min(Math.max(value, low.data[0]), high.data[0])) },
  ],
};

defineOperators(
  unaryOperator({ type: "Sin", compute: Math.sin, gradient: (g, x) => mul(g, cos(x)) }),
  unaryOperator({ type: "Cos", compute: Math.cos, gradient: (g, x) => neg(mul(g, sin(x))) }),
  unaryOperator({ type: "Reciprocal", compute: (x) => 1 / x, gradient: (g, _x, y) => neg(mul(g, mul(y, y))) }),
  unaryOperator({
    type: "Softplus",
    compute: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    gradient: (g, x) => mul(g, sigmoid(x)),
  }),
  unaryOperator({ type: "Floor", compute: Math.floor }),
  unaryOperator({ type: "Round", compute: roundHalfToEven }),
  clipOperator,
);
