// Rules of elementwise operators of several inputs: arithmetic, comparison, selection, casts.

import { add, cast, div, equal, greater, less, max, min, mul, type Operand, pow, sub, where } from "../../ops.ts";
import { applyOne } from "../../operator.ts";
import { constant, type Tensor } from "../../tensor.ts";
import { broadcastShapes } from "../../broadcast.ts";
import { type DType, isFloating, type Shape } from "../../types.ts";
import { type BoundContext, type BoundRule, corners, EPSILON, exact, moved, plus, polynomial } from "../bounds.ts";
import { broadcasts, type Draw } from "../draw.ts";
import { isSafe, jumpsAt, type MarginRule, nearestTruncation, tiesBetweenInputs } from "../margins.ts";
import type { FuzzRule } from "../rules.ts";

type Binary = (left: Operand, right: Operand) => Tensor;

/** Dtypes that ONNX Runtime computes this with; drawn with float32 more often than all others together. */
function dtypeOf(draw: Draw, others: readonly DType[]): DType {
  const allowed = others.filter((dtype) => draw.allows(dtype));
  return allowed.length > 0 && draw.chance(0.25) ? draw.pick(allowed) : "float32";
}

const NUMBERS: readonly DType[] = ["float64", "int64", "int32"];

/** An application to two tensors that broadcast, now and then to one tensor twice or to a number. */
function proposePair(operator: Binary, dtypes: readonly DType[]) {
  return (draw: Draw): Tensor => {
    const dtype = dtypeOf(draw, dtypes);
    const [left, right] = draw.pair(dtype);
    if (isFloating(dtype) && draw.chance(0.15)) return operator(left, draw.pick([0.5, -1.5, 3, 0.1]));
    return operator(left, right);
  };
}

/** |a| + |b|: an executor may add in any order and fuse the sum with what comes before. */
const sumOfMagnitudes = (context: BoundContext): Float64Array => {
  const [a, b] = context.inputs;
  const size = (x: typeof a) => ({ ...x, data: x.data.map(Math.abs) });
  const minus = (x: typeof a) => ({ ...x, data: x.data.map((value) => -Math.abs(value)) });
  return context.evaluate([size(a), minus(b)])[0].data;
};

/** Max and Min hand one of their inputs on, unrounded. */
const unrounded: BoundRule = corners(({ outputs: [y] }) => new Float64Array(y.data.length));

const notNearZero: MarginRule = ({ operation, inputs: [, divisor] }) => {
  const bad = divisor.data.findIndex((value, i) => Math.abs(value) < 0.01 + 4 * divisor.error[i]);
  return bad < 0 ? null : `${operation.type} by ${divisor.data[bad]}`;
};

const quotientRule: FuzzRule = {
  propose(draw) {
    const dtype = dtypeOf(draw, NUMBERS);
    if (dtype === "float32") {
      const [left, right] = draw.pair();
      return draw.chance(0.1) ? div(1.5, draw.awayFromZero(right)) : div(left, draw.awayFromZero(right));
    }
    const left = draw.any({ dtype });
    const divisor = draw.leaf(draw.broadcastable(left.shape), { dtype, low: 1, high: 4 });
    return div(left, divisor);
  },
  bound: corners(),
  margin: notNearZero,
};

const EXPONENTS = [2, 3, 0.5, -0.5, -1, 1.5, 1, 0];

/** a^b is computed as e^{b log a}: the rounding of the exponent is relative to its size. */
const powerMagnitude = ({ outputs: [y] }: BoundContext): Float64Array =>
  y.data.map((value) => Math.abs(value) * (1 + (value === 0 ? 0 : Math.abs(Math.log(Math.abs(value))))));

const powerRule: FuzzRule = {
  propose(draw) {
    const base = draw.any();
    if (draw.chance(0.2)) return pow(base, draw.pick([2, 3]));
    const positive = draw.positive(base);
    if (draw.chance(0.6)) return pow(positive, draw.pick(EXPONENTS));
    const shape = draw.broadcastable(base.shape);
    if (!draw.options.differentiable) return pow(positive, draw.leaf(shape, { low: -2, high: 2 }));
    const fixed = shape.map((dim) => (typeof dim === "number" ? dim : 1));
    const exponents = Float64Array.from({ length: draw.elements(fixed) }, () => draw.pick(EXPONENTS));
    return pow(positive, constant(exponents, { shape: fixed }));
  },
  bound: corners(powerMagnitude),
  margin: ({ inputs: [base, exponent], outputs: [y] }) => {
    const mixed = base.data.some((value, i) => value < 0.01 + 4 * base.error[i]);
    if (!mixed) return null;
    const whole = exponent.data.every((value, i) => exponent.error[i] === 0 && Number.isInteger(value) && value >= 1);
    return whole ? null : `Pow of a base near or below 0, giving ${y.data[0]}`;
  },
};

function comparison(operator: Binary, dtypes: readonly DType[]): FuzzRule {
  return {
    propose(draw) {
      const dtype = dtypeOf(draw, dtypes);
      // Exact ties, on leaves that nothing else is computed from.
      if (draw.chance(0.3)) {
        const shape = draw.shape();
        const options = dtype === "float32" ? { grid: true } : { dtype, low: 0, high: 2 };
        return operator(draw.leaf(shape, options), draw.leaf(draw.broadcastable(shape), options));
      }
      return operator(...draw.pair(dtype));
    },
    givesNoFloats: true,
    bound: exact,
    margin: tiesBetweenInputs,
  };
}

/** Two truth values; comparisons make them where no leaf may be bool. */
function truthValues(draw: Draw): [Tensor, Tensor] {
  if (draw.allows("bool")) return draw.pair("bool");
  return [greater(draw.any(), draw.pick([0, 0.5])), less(draw.like([]), 1)];
}

const logic = (type: string): FuzzRule => ({
  propose: (draw) => applyOne(type, truthValues(draw)),
  givesNoFloats: true,
  bound: exact,
});

const compareBy = (type: string): Binary => (left, right) => applyOne(type, [left as Tensor, right as Tensor]);

/** A condition that broadcasts with a shape. */
function condition(draw: Draw, values: Shape): Tensor {
  const shape = draw.broadcastable(values);
  const known = draw.pool.filter((tensor) => tensor.dtype === "bool" && broadcasts(tensor.shape, values));
  if (known.length > 0 && draw.chance(0.5)) return draw.pick(known);
  if (draw.allows("bool") && draw.chance(0.6)) return draw.leaf(shape, { dtype: "bool" });
  return greater(draw.like(shape), draw.pick([0, 0.5, -0.5]));
}

const whereRule: FuzzRule = {
  propose(draw) {
    const dtype = dtypeOf(draw, NUMBERS);
    const [left, right] = draw.pair(dtype);
    const chosen = condition(draw, broadcastShapes(left.shape, right.shape, "select"));
    if (!draw.fits(applyOne("Where", [chosen, left, right]).shape)) return null;
    return dtype === "float32" && draw.chance(0.2) ? where(chosen, left, 0) : where(chosen, left, right);
  },
  bound: moved((index) => index > 0),
};

/** Casts that an executor does without rounding, or with one: to the nearest value of a narrower float. */
const castBound: BoundRule = ({ inputs: [x], outputs: [y] }) => {
  if (!isFloating(y.dtype)) return [new Float64Array(y.data.length)];
  if (x.dtype === "bool" || (!isFloating(x.dtype) && y.data.every((value) => Math.abs(value) <= 2048))) {
    return [x.error];
  }
  const half = EPSILON[y.dtype] / 2;
  // Below 2^-14 float16 has a fixed spacing of 2^-24; float32's underflow is far below anything compared.
  const spacing = y.dtype === "float16" ? 2 ** -25 : 2 ** -126;
  const own = y.data.map((value, i) => (value === 0 ? 0 : half * (Math.abs(value) + x.error[i]) + spacing));
  return [EPSILON[y.dtype] < EPSILON[x.dtype] ? x.error : plus(x.error, own)];
};

const castMargin: MarginRule = (context) => {
  const { inputs: [x], outputs: [y] } = context;
  if (isFloating(y.dtype) || !isFloating(x.dtype)) return null;
  if (y.dtype !== "bool") return jumpsAt(nearestTruncation)(context);
  const bad = x.data.findIndex((value, i) => !isSafe(value, x.error[i]));
  return bad < 0 ? null : `Cast of ${x.data[bad]} to bool, too close to 0`;
};

const CASTS: readonly (readonly [DType, DType])[] = [
  ["float32", "float64"],
  ["float64", "float32"],
  ["float32", "float16"],
  ["float32", "int64"],
  ["float32", "int32"],
  ["float32", "bool"],
  ["int64", "float32"],
  ["int32", "float32"],
  ["int64", "int32"],
  ["int64", "bool"],
  ["bool", "float32"],
  ["bool", "int64"],
  ["float32", "float32"],
];

const castRule: FuzzRule = {
  propose(draw) {
    const possible = CASTS.filter(([from, to]) =>
      draw.allows(from) && draw.allows(to) &&
      (from === "float32" || draw.chance(0.5) || draw.pool.some(({ dtype }) => dtype === from))
    );
    const [from, to] = draw.pick(possible);
    const x = draw.any({ dtype: from });
    // Nothing is computed in float16 here: it is a rounding on the way.
    if (to === "float16") return cast(cast(x, "float16"), "float32");
    return cast(x, to);
  },
  bound: castBound,
  margin: castMargin,
};

export const ELEMENTWISE_RULES: Readonly<Record<string, FuzzRule>> = {
  Add: { propose: proposePair(add, NUMBERS), bound: polynomial() },
  Sub: { propose: proposePair(sub, NUMBERS), bound: corners(sumOfMagnitudes) },
  Mul: { propose: proposePair(mul, NUMBERS), bound: polynomial() },
  Div: quotientRule,
  Pow: powerRule,
  Max: { propose: proposePair(max, NUMBERS), bound: unrounded, margin: tiesBetweenInputs },
  Min: { propose: proposePair(min, NUMBERS), bound: unrounded, margin: tiesBetweenInputs },
  Greater: comparison(greater, NUMBERS),
  Less: comparison(less, NUMBERS),
  Equal: comparison(equal, [...NUMBERS, "bool"]),
  GreaterOrEqual: comparison(compareBy("GreaterOrEqual"), NUMBERS),
  LessOrEqual: comparison(compareBy("LessOrEqual"), NUMBERS),
  And: logic("And"),
  Or: logic("Or"),
  Not: {
    propose: (draw) => applyOne("Not", [truthValues(draw)[0]]),
    givesNoFloats: true,
    bound: exact,
  },
  Where: whereRule,
  Cast: castRule,
};
