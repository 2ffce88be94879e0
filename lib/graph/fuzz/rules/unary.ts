// Rules of functions of one value.

import { applyOne } from "../../operator.ts";
import { abs, erf, exp, gelu, identity, log, neg, relu, sigmoid, sign, sqrt, tanh } from "../../ops.ts";
import { constant, type Tensor } from "../../tensor.ts";
import type { DType } from "../../types.ts";
import { type BoundContext, corners, moved } from "../bounds.ts";
import type { Draw } from "../draw.ts";
import { jumpsAt, type MarginRule } from "../margins.ts";
import type { FuzzRule } from "../rules.ts";

const jumpsAtZero = jumpsAt(() => 0);

/** Executors approximate these by polynomials whose error is relative to the function's scale of 1 (or |x| for Gelu). */
const scaleOfOne = ({ outputs: [y] }: BoundContext) => y.data.map(() => 1);
const scaleOfInput = ({ inputs: [x] }: BoundContext) => x.data.map(Math.abs);

/** No rounding at all. */
const unrounded = ({ outputs: [y] }: BoundContext) => new Float64Array(y.data.length);

const aboveZero: MarginRule = ({ operation, inputs: [x] }) => {
  const bad = x.data.findIndex((value, i) => value < 0.01 + 4 * x.error[i]);
  return bad < 0 ? null : `${operation.type} of ${x.data[bad]}`;
};

/** A divisor, of either sign. */
const notNearZero: MarginRule = ({ operation, inputs: [x] }) => {
  const bad = x.data.findIndex((value, i) => Math.abs(value) < 0.01 + 4 * x.error[i]);
  return bad < 0 ? null : `${operation.type} of ${x.data[bad]}`;
};

const named = (type: string) => (x: Tensor): Tensor => applyOne(type, [x]);

function unary(
  operator: (x: Tensor) => Tensor,
  { positive = false, margin, magnitude, dtypes = ["float64"] }: {
    positive?: boolean;
    margin?: MarginRule;
    magnitude?: (context: BoundContext) => Float64Array;
    dtypes?: readonly DType[];
  } = {},
): FuzzRule {
  return {
    propose(draw: Draw) {
      const others = dtypes.filter((dtype) => draw.allows(dtype));
      const dtype = others.length > 0 && draw.chance(0.05) ? draw.pick(others) : "float32";
      const x = draw.any({ dtype });
      return operator(positive ? draw.positive(x) : x);
    },
    bound: corners(magnitude),
    margin,
  };
}

const clipRule: FuzzRule = {
  propose(draw) {
    const x = draw.any();
    const low = draw.pick([-1, -0.5, 0.1]);
    return applyOne("Clip", [x, constant(low), constant(low + draw.pick([0.25, 1, 3]))]);
  },
  bound: corners(unrounded),
  margin: (context) => {
    const [, low, high] = context.inputs;
    return jumpsAt(() => low.data[0])(context) ?? jumpsAt(() => high.data[0])(context);
  },
};

export const UNARY_RULES: Readonly<Record<string, FuzzRule>> = {
  Neg: unary(neg, { magnitude: unrounded }),
  Abs: unary(abs, { margin: jumpsAtZero, magnitude: unrounded }),
  Sign: unary(sign, { margin: jumpsAtZero, magnitude: unrounded }),
  Exp: unary(exp),
  Log: unary(log, { positive: true, margin: aboveZero, magnitude: scaleOfOne }),
  Sqrt: unary(sqrt, { positive: true, margin: aboveZero }),
  // ONNX Runtime's CPU provider has Erf, Gelu and Softplus in float32 only.
  Erf: unary(erf, { magnitude: scaleOfOne, dtypes: [] }),
  Tanh: unary(tanh, { magnitude: scaleOfOne }),
  Sigmoid: unary(sigmoid, { magnitude: scaleOfOne }),
  Relu: unary(relu, { margin: jumpsAtZero, magnitude: unrounded }),
  Gelu: {
    ...unary((x) => x, { magnitude: scaleOfInput }),
    propose: (draw) => gelu(draw.any(), draw.pick(["none", "tanh"] as const)),
  },
  Sin: unary(named("Sin"), { magnitude: scaleOfOne }),
  Cos: unary(named("Cos"), { magnitude: scaleOfOne }),
  Reciprocal: {
    propose: (draw) => applyOne("Reciprocal", [draw.awayFromZero(draw.any())]),
    bound: corners(),
    margin: notNearZero,
  },
  // log(1 + e^x): the sum loses what e^x is below 1.
  Softplus: unary(named("Softplus"), {
    magnitude: ({ inputs: [x] }) => x.data.map((value) => 1 + Math.abs(value)),
    dtypes: [],
  }),
  Floor: unary(named("Floor"), { margin: jumpsAt(Math.round), magnitude: unrounded }),
  Round: unary(named("Round"), { margin: jumpsAt((value) => Math.floor(value) + 0.5), magnitude: unrounded }),
  Clip: clipRule,
  Identity: {
    propose(draw) {
      const wanted = draw.pick(
        (["float32", "float32", "int64", "bool"] as const).filter((dtype) => draw.allows(dtype)),
      );
      return identity(draw.any({ dtype: wanted }));
    },
    bound: moved(),
  },
};
