// Error bounds: how far may an executor be from float64? Each element of each tensor carries a bound; an operator hands the
// bounds of its inputs on and adds its own rounding. The rules for that are built from the few combinators here.
//
// The plain rule of thumb, 16 eps sqrt(k) times the same graph on absolute values (k the longest sum), is right for one sum
// or product and wrong for graphs: on absolute values x - y has no cancellation to measure later divisions by, 1/x and log x
// have no bound at all, exp turns absolute errors into relative ones, and x squared d times has the error 2^d eps, not eps.
// So the rule is applied operator by operator: own rounding is 16 eps sqrt(k) M, where M is this operator on absolute values
// and k the length of its own sum, and what the inputs were already wrong by is handed on through the operator itself:
//   sums and products (polynomials P with coefficients >= 0):   P(|x| + e) - P(|x|)
//   elementwise functions and maxima:                           the largest deviation at the ends of [x - e, x + e]
//   moves and selections:                                       e moves along, without rounding
//   comparisons, positions, casts to integers:                  0, where no interval reaches a jump (margins.ts)
// Softmax and LayerNormalization have bounds of their own (rules/reduction.ts). Inputs are exact: they are float32 values.
// M is 1 for functions that executors approximate by polynomials (erf, tanh, sigmoid, log), since the error of such an
// approximation is relative to the function's scale, not to its value. A bound of more than 1/500 of the tensor makes the
// graph unfit (analysis.ts): so an error of 1% in any operator stays visible.

import type { Attributes, Operation } from "../tensor.ts";
import { type DType, elementCount, type NdArray } from "../types.ts";

/** A float64 value with a bound on the error of every element: `|executor - data[i]| <= error[i]`. */
export interface Bounded extends NdArray {
  readonly error: Float64Array;
}

/** What a rule of an operator is given: the operation with its values. */
export interface BoundContext {
  readonly operation: Operation;
  readonly inputs: readonly Bounded[];
  readonly attributes: Attributes;
  readonly outputs: readonly NdArray[];
  /** The operator in float64 on other inputs of the same shapes. */
  evaluate(inputs: readonly NdArray[], attributes?: Attributes): readonly NdArray[];
}

/** Error bounds of the outputs, from those of the inputs. */
export type BoundRule = (context: BoundContext) => readonly Float64Array[];

/** How many machine epsilons one rounding may cost: the fixed tolerance of every operator. */
export const ROUNDINGS = 16;

/** Distance from 1 to the next number of a dtype; 0 where arithmetic is exact. */
export const EPSILON: Readonly<Record<DType, number>> = {
  float16: 2 ** -10,
  float32: 2 ** -23,
  float64: 2 ** -52,
  int64: 0,
  int32: 0,
  int8: 0,
  uint8: 0,
  bool: 0,
};

/** Executors may flush results below float32's smallest normal number to zero. */
const UNDERFLOW = 2 ** -126;

/**
 * What an operator may add by its own rounding: `16 eps sqrt(k) M`, and nothing where the magnitude is 0.
 *
 * @param magnitude M: the operator evaluated on absolute values, per element
 * @param length k: how many terms a sum or product has
 */
export function rounding(dtype: DType, magnitude: Float64Array, length = 1): Float64Array {
  const unit = ROUNDINGS * EPSILON[dtype] * Math.sqrt(length);
  return magnitude.map((value) => (unit === 0 || value === 0 ? 0 : unit * value + UNDERFLOW));
}

/** Sum of two bounds. */
export function plus(left: Float64Array, right: Float64Array): Float64Array {
  return left.map((value, i) => value + right[i]);
}

/** Whether every element is exact. */
export function isExact({ error }: Bounded): boolean {
  return error.every((value) => value === 0);
}

const shifted = (x: Bounded, sign: number): NdArray =>
  isExact(x) ? x : { ...x, data: x.data.map((value, i) => value + sign * x.error[i]) };
const absolute = (x: NdArray): NdArray => ({ ...x, data: x.data.map(Math.abs) });
const absoluteAttributes = (attributes: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      name === "alpha" || name === "beta" ? Math.abs(Number(value)) : value,
    ]),
  );

/** Results that are exact whatever the errors of the inputs: comparisons and indices, whose margins are checked instead. */
export const exact: BoundRule = ({ outputs }) => outputs.map(({ data }) => new Float64Array(data.length));

/**
 * Operators that are polynomials of their inputs without negative coefficients (sums, products, matrix products, means,
 * convolutions): with P the operator, `P(|x| + e) - P(|x|)` is handed on, `16 eps sqrt(k) P(|x|)` added. Exactly the rule
 * of "the same graph on absolute values", with every operator's own rounding instead of one for the whole graph.
 *
 * @param length k, the number of terms that one element of the result adds up
 * @param magnitude which inputs are values (the others, such as axes, stay as they are)
 */
export function polynomial(
  { length = () => 1, values = () => true }: {
    length?: (context: BoundContext) => number;
    values?: (index: number) => boolean;
  } = {},
): BoundRule {
  return (context) => {
    const attributes = absoluteAttributes(context.attributes);
    const magnitudes = context.inputs.map((x, i) => (values(i) ? { ...absolute(x), error: x.error } : x));
    const at = context.evaluate(magnitudes, attributes);
    const above = context.inputs.every(isExact)
      ? at
      : context.evaluate(magnitudes.map((x, i) => (values(i) ? shifted(x, 1) : x)), attributes);
    return at.map(({ dtype, data }, i) =>
      plus(above[i].data.map((value, k) => value - data[k]), rounding(dtype, data, length(context)))
    );
  };
}

/**
 * Operators that only move, repeat or select values: the errors move with them. The padding of a Pad is exact.
 *
 * @param values which inputs are values (the others, such as axes and conditions, stay as they are)
 */
export function moved(values: (index: number) => boolean = (index) => index === 0): BoundRule {
  return ({ inputs, evaluate }) =>
    evaluate(inputs.map((x, i) => (values(i) ? { ...x, data: x.error } : x))).map(({ data }) => data);
}

/**
 * Smooth or monotone elementwise operators, maxima: the largest deviation of the result when every input is moved to either
 * end of its interval. Exact for a function that is monotone in each input; near the extremum of a smooth one the deviation
 * inside the interval is below that at one of its ends to first order. Unlike `|f'| e` this needs no derivative.
 *
 * @param magnitude what the own rounding is relative to, per element of the first output; default the result's absolute value
 */
export function corners(magnitude?: (context: BoundContext) => Float64Array): BoundRule {
  return (context) => {
    const { inputs, outputs, evaluate } = context;
    const [{ dtype, data }] = outputs;
    const own = rounding(dtype, magnitude ? magnitude(context) : data.map(Math.abs));
    const moving = inputs.filter((x) => !isExact(x));
    if (moving.length === 0) return [own];
    const worst = new Float64Array(data.length);
    for (let corner = 0; corner < 2 ** moving.length; corner++) {
      const sign = (x: Bounded) => ((corner >> moving.indexOf(x)) & 1 ? 1 : -1);
      const [result] = evaluate(inputs.map((x) => (moving.includes(x) ? shifted(x, sign(x)) : x)));
      result.data.forEach((value, i) => worst[i] = Math.max(worst[i], Math.abs(value - data[i])));
    }
    return [plus(worst, own)];
  };
}

/** How many elements of the input one element of the first output covers. */
export function reductionLength({ inputs: [x], outputs: [y] }: BoundContext): number {
  return elementCount(x.shape) / elementCount(y.shape);
}
