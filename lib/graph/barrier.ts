// What makes a runtime wait: values that are known only once another tensor is.

import { add, equal, mul, reshape, slice, where } from "./ops.ts";
import { constant, type Tensor } from "./tensor.ts";
import type { DType } from "./types.ts";

/**
 * Multiplies by a one that is known only once all of `known` are: the product has the same bits, and a runtime can neither compute the
 * segment again before the backward pass is there, nor see that it has computed it already.
 *
 * @param known at least one, of the same floating dtype
 */
export function barrier(known: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const made = new Map<Tensor, Tensor>();
  const one = onesAfter(known);
  return (tensor) => {
    if (tensor.dtype === "bool") return tensor;
    if (!made.has(tensor)) made.set(tensor, mul(tensor, one(tensor.dtype)));
    return made.get(tensor)!;
  };
}

/** A one of a dtype that is known only once `tensor` is. */
export function oneAfter(tensor: Tensor, dtype: DType): Tensor {
  return onesAfter([tensor])(dtype);
}

/** The integers [start, end) in int32, known only once `one` is, which `oneAfter` gives. */
export function numbersAfter(one: Tensor, [start, end]: readonly [start: number, end: number]): Tensor {
  return mul(constant(Array.from({ length: end - start }, (_, i) => start + i), { dtype: "int32" }), one);
}

/** Scalar ones that are known only once all of `known` are: both choices are one, also where an element is NaN. */
function onesAfter(known: readonly Tensor[]): (dtype: DType) => Tensor {
  const element = known.map(firstElement).reduce((sum, next) => add(sum, next));
  const condition = equal(element, element);
  return (dtype) => where(condition, constant(1, { dtype }), constant(1, { dtype }));
}

function firstElement(tensor: Tensor): Tensor {
  const corner = tensor.shape.reduce<Tensor>(
    (part, size, axis) => (size === 1 ? part : slice(part, { axis, start: 0, end: 1 })),
    tensor,
  );
  return reshape(corner, []);
}
