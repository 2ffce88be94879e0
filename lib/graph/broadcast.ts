// Broadcasting as ONNX (and NumPy) defines it: the shape rule, index arithmetic for the interpreter.

import { type Dim, elementCount, formatShape, type NdArray, type Shape } from "./types.ts";

/**
 * The common shape of two shapes: dimensions are aligned from the last, 1 stretches, equal names match.
 *
 * @throws {TypeError} `Cannot add: expected shapes that broadcast, got [8, 3] and [8, 4]`
 */
export function broadcastShapes(left: Shape, right: Shape, verb: string): Dim[] {
  const rank = Math.max(left.length, right.length);
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const a = left[left.length - rank + i] ?? 1;
    const b = right[right.length - rank + i] ?? 1;
    if (a !== b && a !== 1 && b !== 1) {
      throw new TypeError(
        `Cannot ${verb}: expected shapes that broadcast, got ${formatShape(left)} and ${formatShape(right)}`,
      );
    }
    result.push(a === 1 ? b : a);
  }
  return result;
}

/** Row-major strides in elements; 0 along dimensions that are stretched to `target`. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const strides = new Array<number>(target.length).fill(0);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const axis = i + target.length - shape.length;
    strides[axis] = shape[i] === 1 ? 0 : stride;
    stride *= shape[i];
  }
  return strides;
}

/** Calls `visit(outputOffset, offsets)` for each element of `target`; `offsets[i]` indexes the i-th array. */
export function forEachBroadcast(
  target: readonly number[],
  shapes: readonly (readonly number[])[],
  visit: (offset: number, offsets: readonly number[]) => void,
): void {
  const strides = shapes.map((shape) => broadcastStrides(shape, target));
  const index = new Array<number>(target.length).fill(0);
  const offsets = new Array<number>(shapes.length).fill(0);
  const count = elementCount(target);
  for (let offset = 0; offset < count; offset++) {
    visit(offset, offsets);
    for (let axis = target.length - 1; axis >= 0; axis--) {
      index[axis]++;
      for (let i = 0; i < offsets.length; i++) offsets[i] += strides[i][axis];
      if (index[axis] < target[axis]) break;
      for (let i = 0; i < offsets.length; i++) offsets[i] -= strides[i][axis] * target[axis];
      index[axis] = 0;
    }
  }
}

/** Elementwise evaluation of `compute` over broadcast inputs. */
export function mapBroadcast(
  inputs: readonly NdArray[],
  shape: readonly number[],
  compute: (...values: number[]) => number,
): Float64Array {
  const data = new Float64Array(elementCount(shape));
  const values = new Array<number>(inputs.length);
  forEachBroadcast(shape, inputs.map((array) => array.shape), (offset, offsets) => {
    for (let i = 0; i < inputs.length; i++) values[i] = inputs[i].data[offsets[i]];
    data[offset] = compute(...values);
  });
  return data;
}
