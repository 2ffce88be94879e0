// Functions a model is written with, continued: truth values and further functions of one value.

import { applyOne } from "./operator.ts";
import { constant, type Tensor } from "./tensor.ts";

/** Both hold (bool, broadcasting). */
export const and = (left: Tensor, right: Tensor): Tensor => applyOne("And", [left, right]);
/** At least one holds (bool, broadcasting). */
export const or = (left: Tensor, right: Tensor): Tensor => applyOne("Or", [left, right]);
/** Does not hold (bool). */
export const not = (x: Tensor): Tensor => applyOne("Not", [x]);

/** Elementwise sine of radians. */
export const sin = (x: Tensor): Tensor => applyOne("Sin", [x]);
/** Elementwise cosine of radians. */
export const cos = (x: Tensor): Tensor => applyOne("Cos", [x]);
/** Elementwise `1 / x`. */
export const reciprocal = (x: Tensor): Tensor => applyOne("Reciprocal", [x]);
/** Elementwise `log(1 + e^x)`. */
export const softplus = (x: Tensor): Tensor => applyOne("Softplus", [x]);
/** Elementwise largest integer that is not larger; not differentiable. */
export const floor = (x: Tensor): Tensor => applyOne("Floor", [x]);
/** Elementwise nearest integer, halves to the even one; not differentiable. */
export const round = (x: Tensor): Tensor => applyOne("Round", [x]);

/**
 * Elementwise nearest value in [min, max]; the gradient passes where the input lies within, bounds included.
 *
 * @throws {RangeError} when min is above max
 */
export function clip(x: Tensor, min: number, max: number): Tensor {
  return applyOne("Clip", [x, constant(min, { dtype: x.dtype }), constant(max, { dtype: x.dtype })]);
}
