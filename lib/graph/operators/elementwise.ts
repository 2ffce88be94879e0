// Elementwise operators: arithmetic, functions of one value, comparison, selection, casts.

import { broadcastShapes, mapBroadcast } from "../broadcast.ts";
import { defineOperators, type GradientContext, type Operator } from "../operator.ts";
import {
  add,
  cast,
  div,
  equal,
  erf as erfOf,
  exp,
  greater,
  less,
  mul,
  neg,
  pow,
  reduceSum,
  reshape,
  sign,
  sub,
  tanh,
  where,
} from "../ops.ts";
import { constant, constantValues, describe, type Tensor } from "../tensor.ts";
import { type DType, isFloating, type Shape } from "../types.ts";
import { erf } from "./error_function.ts";

/** Sums `gradient` over the dimensions along which a tensor of `shape` was stretched. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((dim, axis) =>
    axis < lead || (shape[axis - lead] === 1 && dim !== 1) ? [axis] : []
  );
  if (axes.length === 0) return gradient;
  if (axes.length === lead) return reduceSum(gradient, { axes });
  const summed = reduceSum(gradient, { axes, keepDims: true });
  return lead === 0 ? summed : reshape(summed, shape);
}

/** The one dtype of the inputs. */
function expectSameDtype(verb: string, inputs: readonly Tensor[]): DType {
  const [first, ...rest] = inputs;
  const odd = rest.find((tensor) => tensor.dtype !== first.dtype);
  if (odd) throw new TypeError(`Cannot ${verb}: expected one dtype, got ${first.dtype} and ${odd.dtype}`);
  return first.dtype;
}

/** Refuses dtypes that carry no fractions. */
export function expectFloating(verb: string, x: Tensor): void {
  if (!isFloating(x.dtype)) {
    throw new TypeError(`Cannot ${verb} ${describe(x)}: expected a floating dtype, got ${x.dtype}`);
  }
}

/** An operator of two broadcasting inputs. */
export interface BinaryRule {
  type: string;
  verb: string;
  compute(a: number, b: number): number;
  /** Gradients before they are summed back to the operands' shapes. */
  gradient?(g: Tensor, a: Tensor, b: Tensor, y: Tensor): [Tensor | null, Tensor | null];
  result?: DType;
}

/** The definition of an operator of two broadcasting inputs. */
export function binaryOperator({ type, verb, compute, gradient, result }: BinaryRule): Operator {
  return {
    type,
    infer(inputs) {
      const dtype = expectSameDtype(verb, inputs);
      return [{ dtype: result ?? dtype, shape: broadcastShapes(inputs[0].shape, inputs[1].shape, verb) }];
    },
    // Integers are divided as in ONNX: what is left over is cut off, towards 0.
    evaluate: (inputs, _attributes, [output]) => [{
      ...output,
      data: mapBroadcast(
        inputs,
        output.shape,
        isFloating(output.dtype) ? compute : (a, b) => Math.trunc(compute(a, b)),
      ),
    }],
    ...(gradient && {
      gradient({ inputs: [a, b], outputs: [y], gradients: [g] }: GradientContext) {
        const [da, db] = gradient(g!, a, b, y);
        return [da && sumTo(da, a.shape), db && sumTo(db, b.shape)];
      },
    }),
  };
}

/** Half of the gradient at ties, all of it where `first` wins. */
function extremumGradient(wins: (a: Tensor, b: Tensor) => Tensor) {
  return (g: Tensor, a: Tensor, b: Tensor): [Tensor, Tensor] => {
    const half = mul(g, 0.5);
    const tie = equal(a, b);
    return [where(tie, half, where(wins(a, b), g, 0)), where(tie, half, where(wins(b, a), g, 0))];
  };
}

function powGradient(g: Tensor, a: Tensor, b: Tensor): [Tensor, null] {
  const exponent = constantValues(b);
  if (!exponent) throw new TypeError("Cannot differentiate Pow: expected a constant exponent");
  // Of x^0, 0 x^0 and not 0 x^-1, which is no number at 0.
  const lowered = constant(exponent.map((value) => (value === 0 ? 0 : value - 1)), {
    dtype: b.dtype,
    shape: b.shape as number[],
  });
  return [mul(g, mul(b, pow(a, lowered))), null];
}

defineOperators(
  binaryOperator({ type: "Add", verb: "add", compute: (a, b) => a + b, gradient: (g) => [g, g] }),
  binaryOperator({ type: "Sub", verb: "subtract", compute: (a, b) => a - b, gradient: (g) => [g, neg(g)] }),
  binaryOperator({
    type: "Mul",
    verb: "multiply",
    compute: (a, b) => a * b,
    gradient: (g, a, b) => (a === b ? [mul(mul(g, 2), a), null] : [mul(g, b), mul(g, a)]),
  }),
  binaryOperator({
    type: "Div",
    verb: "divide",
    compute: (a, b) => a / b,
    gradient: (g, _a, b, y) => {
      const da = div(g, b);
      return [da, neg(mul(da, y))];
    },
  }),
  binaryOperator({ type: "Pow", verb: "raise to a power", compute: Math.pow, gradient: powGradient }),
  binaryOperator({ type: "Max", verb: "take the maximum", compute: Math.max, gradient: extremumGradient(greater) }),
  binaryOperator({ type: "Min", verb: "take the minimum", compute: Math.min, gradient: extremumGradient(less) }),
  binaryOperator({ type: "Greater", verb: "compare", compute: (a, b) => Number(a > b), result: "bool" }),
  binaryOperator({ type: "Less", verb: "compare", compute: (a, b) => Number(a < b), result: "bool" }),
  binaryOperator({ type: "Equal", verb: "compare", compute: (a, b) => Number(a === b), result: "bool" }),
);

/** A function of one floating value. */
export interface UnaryRule {
  type: string;
  compute(x: number): number;
  /** From the output's gradient, the input and the output. */
  gradient?(g: Tensor, x: Tensor, y: Tensor): Tensor;
}

/** The definition of a function of one floating value. */
export function unaryOperator({ type, compute, gradient }: UnaryRule): Operator {
  return {
    type,
    infer([x]) {
      expectFloating(`apply ${type} to`, x);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    evaluate: ([x], _attributes, [output]) => [{ ...output, data: x.data.map(compute) }],
    ...(gradient && {
      gradient: ({ inputs: [x], outputs: [y], gradients: [g] }: GradientContext) => [gradient(g!, x, y)],
    }),
  };
}

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

defineOperators(
  unaryOperator({ type: "Neg", compute: (x) => -x, gradient: (g) => neg(g) }),
  unaryOperator({ type: "Abs", compute: Math.abs, gradient: (g, x) => mul(g, sign(x)) }),
  unaryOperator({ type: "Sign", compute: Math.sign }),
  unaryOperator({ type: "Exp", compute: Math.exp, gradient: (g, _x, y) => mul(g, y) }),
  unaryOperator({ type: "Log", compute: Math.log, gradient: (g, x) => div(g, x) }),
  unaryOperator({ type: "Sqrt", compute: Math.sqrt, gradient: (g, _x, y) => div(mul(g, 0.5), y) }),
  unaryOperator({
    type: "Erf",
    compute: erf,
    gradient: (g, x) => mul(g, mul(exp(neg(mul(x, x))), TWO_OVER_ROOT_PI)),
  }),
  unaryOperator({ type: "Tanh", compute: Math.tanh, gradient: (g, _x, y) => mul(g, sub(1, mul(y, y))) }),
  unaryOperator({
    type: "Sigmoid",
    compute: (x) => 1 / (1 + Math.exp(-x)),
    gradient: (g, _x, y) => mul(g, mul(y, sub(1, y))),
  }),
  // The output's sign says where the input was positive, so that the input need not be kept.
  unaryOperator({
    type: "Relu",
    compute: (x) => Math.max(x, 0),
    gradient: (g, _x, y) => where(greater(y, 0), g, 0),
  }),
);

const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

function geluValue(x: number, approximate: string): number {
  if (approximate === "tanh") return 0.5 * x * (1 + Math.tanh(GELU_SCALE * (x + GELU_CUBIC * x ** 3)));
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

/** d/dx of x Phi(x) is Phi(x) + x phi(x); for the tanh form, the derivative of that form. */
function geluDerivative(x: Tensor, approximate: string): Tensor {
  const square = mul(x, x);
  if (approximate === "tanh") {
    const t = tanh(mul(mul(x, add(mul(square, GELU_CUBIC), 1)), GELU_SCALE));
    const inner = mul(add(mul(square, 3 * GELU_CUBIC), 1), GELU_SCALE);
    return mul(add(add(t, 1), mul(mul(x, sub(1, mul(t, t))), inner)), 0.5);
  }
  const cumulative = mul(add(erfOf(mul(x, Math.SQRT1_2)), 1), 0.5);
  const density = mul(exp(mul(square, -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(cumulative, mul(x, density));
}

defineOperators(
  {
    type: "Gelu",
    attributes: { approximate: "string" },
    infer([x], { approximate }) {
      expectFloating("apply Gelu to", x);
      if (approximate !== "none" && approximate !== "tanh") {
        throw new TypeError(`Cannot apply Gelu: expected approximate "none" or "tanh", got "${approximate}"`);
      }
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    gradient: ({ inputs: [x], attributes, gradients: [g] }) => [
      mul(g!, geluDerivative(x, String(attributes.approximate))),
    ],
    evaluate: ([x], { approximate }, [output]) => [
      { ...output, data: x.data.map((value) => geluValue(value, String(approximate))) },
    ],
  },
  {
    type: "Where",
    infer([condition, whenTrue, whenFalse]) {
      if (condition.dtype !== "bool") {
        throw new TypeError(`Cannot select: expected a bool condition, got ${condition.dtype}`);
      }
      const dtype = expectSameDtype("select", [whenTrue, whenFalse]);
      const values = broadcastShapes(whenTrue.shape, whenFalse.shape, "select");
      return [{ dtype, shape: broadcastShapes(condition.shape, values, "select") }];
    },
    gradient: ({ inputs: [condition, a, b], gradients: [g] }) => [
      null,
      sumTo(where(condition, g!, 0), a.shape),
      sumTo(where(condition, 0, g!), b.shape),
    ],
    evaluate: (inputs, _attributes, [output]) => [
      { ...output, data: mapBroadcast(inputs, output.shape, (c, a, b) => (c ? a : b)) },
    ],
  },
  {
    type: "Cast",
    attributes: { to: "string" },
    infer: ([x], { to }) => [{ dtype: to as DType, shape: x.shape }],
    gradient: ({ inputs: [x], gradients: [g] }) => [isFloating(x.dtype) ? cast(g!, x.dtype) : null],
    evaluate: ([x], { to }, [output]) => [{ ...output, data: x.data.map((value) => castValue(value, to as DType)) }],
  },
  {
    type: "Identity",
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    gradient: ({ gradients: [g] }) => [g],
    evaluate: ([x], _attributes, [output]) => [{ ...output, data: x.data }],
  },
);

/**
 * Value of a cast: floats stay (the reference computes in float64), integers truncate towards zero and keep their lowest bits,
 * bool is 0 or 1.
 */
function castValue(value: number, to: DType): number {
  if (isFloating(to)) return value;
  const whole = Math.trunc(value);
  if (to === "int8") return (whole << 24) >> 24;
  if (to === "uint8") return whole & 255;
  return to === "bool" ? Number(value !== 0) : whole;
}
