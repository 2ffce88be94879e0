// Margins: a discontinuous operator may only be compared where every executor is on the same side of its jumps. A value whose
// interval of possible errors comes near a jump makes the graph unfit, and the generator draws again.

import type { Tensor } from "../tensor.ts";
import type { BoundContext, Bounded } from "./bounds.ts";

/** Says what is too close to a jump or kink; null when nothing is. */
export type MarginRule = (context: BoundContext) => string | null;

/** Least distance from a jump beside twice the error bound: far above float32's rounding, far below typical values. */
export const MARGIN = 1e-4;

/** Whether a distance from a jump is safe: beyond the margin, or exactly on it with exact values. */
export function isSafe(distance: number, error: number): boolean {
  return Math.abs(distance) > MARGIN + 2 * error || (distance === 0 && error === 0);
}

/** A jump or kink of the first input at the point that is nearest to each value. */
export function jumpsAt(nearest: (value: number) => number): MarginRule {
  return ({ operation, inputs: [x] }) => {
    const bad = x.data.findIndex((value, i) => !isSafe(value - nearest(value), x.error[i]));
    return bad < 0 ? null : `${operation.type} of ${x.data[bad]}, too close to ${nearest(x.data[bad])}`;
  };
}

/** The nearest integer apart from 0, where truncation jumps. */
export function nearestTruncation(value: number): number {
  const nearest = Math.round(value);
  return nearest === 0 ? (value < 0 ? -1 : 1) : nearest;
}

/**
 * A jump or kink where the two inputs are equal. A tie is safe between exact values, and between a tensor and its own
 * maximum: a copy is equal in every executor (the gradient of ReduceMax asks which elements are the maximum).
 */
export const tiesBetweenInputs: MarginRule = ({ operation, inputs: [a, b], outputs: [y] }) => {
  const copies = isOwnExtremum(operation.inputs[0], operation.inputs[1]) ||
    isOwnExtremum(operation.inputs[1], operation.inputs[0]);
  const at = [broadcastIndex(a, y.shape), broadcastIndex(b, y.shape)];
  for (let i = 0; i < y.data.length; i++) {
    const [ia, ib] = [at[0](i), at[1](i)];
    const distance = a.data[ia] - b.data[ib];
    if (copies && distance === 0) continue;
    if (!isSafe(distance, a.error[ia] + b.error[ib])) {
      return `${operation.type} of ${a.data[ia]} and ${b.data[ib]}, too close to each other`;
    }
  }
  return null;
};

/** Whether `extremum` is a reduction of `x` itself to its largest or smallest values, reshaped or not. */
function isOwnExtremum(x: Tensor, extremum: Tensor): boolean {
  let { source } = extremum;
  while (source.kind === "operation" && ["Reshape", "Identity", "Expand"].includes(source.type)) {
    source = source.inputs[0].source;
  }
  return source.kind === "operation" && /^Reduce(Max|Min)$/.test(source.type) && source.inputs[0] === x;
}

/** Index into an array for each index into the shape that it is stretched to. */
function broadcastIndex({ shape }: Bounded, target: readonly number[]): (index: number) => number {
  const lead = target.length - shape.length;
  return (index) => {
    let [rest, stride, offset] = [index, 1, 0];
    for (let axis = target.length - 1; axis >= lead; axis--) {
      const position = rest % target[axis];
      rest = Math.floor(rest / target[axis]);
      if (shape[axis - lead] !== 1) offset += position * stride;
      stride *= shape[axis - lead];
    }
    return offset;
  };
}

/**
 * Too small a distance between the largest values of a row, where the order would depend on rounding.
 *
 * @param rows the values that compete, as lists of indices into the first input
 * @param count how many of a row's largest values are told apart from the next
 * @param exactTies whether exact values may be equal: for maxima, not for their positions
 */
export function separated(
  { operation, inputs: [x] }: BoundContext,
  { rows, count, exactTies, descending = true }: {
    rows: readonly (readonly number[])[];
    count: number;
    exactTies: boolean;
    descending?: boolean;
  },
): string | null {
  for (const row of rows) {
    const order = [...row].sort((a, b) => descending ? x.data[b] - x.data[a] : x.data[a] - x.data[b]);
    for (let i = 0; i < Math.min(count, order.length - 1); i++) {
      const [here, next] = [order[i], order[i + 1]];
      const distance = x.data[here] - x.data[next];
      if (!isSafe(distance, x.error[here] + x.error[next]) || (distance === 0 && !exactTies)) {
        return `${operation.type} of ${x.data[here]} and ${x.data[next]}, too close to each other`;
      }
    }
  }
  return null;
}
