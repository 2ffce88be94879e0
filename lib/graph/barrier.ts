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
  const element = known.map(firstElement).reduce((sum, next) => add(sum, next));
  const condition = equal(element, element); // whatever this gives, also for NaN: both choices are one
  return (tensor) => {
    if (tensor.dtype === "bool") return tensor;
    const one = () => constant(1, { dtype: tensor.dtype });
    if (!made.has(tensor)) made.set(tensor, mul(tensor, where(condition, one(), one())));
    return made.get(tensor)!;
  };
}

/** A one of a dtype that is known only once `tensor` is: both choices are one, also where its first element is NaN. */
export function oneAfter(tensor: Tensor, dtype: DType): Tensor {
  const element = firstElement(tensor);
  const one = () => constant(1, { dtype });
  return where(equal(element, element), one(), one());
}

function firstElement(tensor: Tensor): Tensor {
  const corner = tensor.shape.reduce<Tensor>(
    (part, size, axis) => (size === 1 ? part : slice(part, { axis, start: 0, end: 1 })),
    tensor,
  );
  return reshape(corner, []);
}
