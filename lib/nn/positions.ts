// Positions of a sequence, and rotary position embedding.

import {
  add,
  cast,
  concat,
  constant,
  cos,
  cumSum,
  describe,
  equal,
  isFloating,
  mul,
  sin,
  slice,
  split,
  squeeze,
  sub,
  type Tensor,
  unsqueeze,
  where,
} from "../graph/mod.ts";
import { lastDim } from "./layers.ts";

/** @throws {TypeError} when x is not `[batch, sequence, width]` */
export function expectSequence(x: Tensor, layer: string): void {
  if (x.shape.length !== 3) {
    throw new TypeError(`Cannot apply ${layer} to ${describe(x)}: expected [batch, sequence, width]`);
  }
}

/**
 * Positions 0, 1, 2, ... of a sequence as float32: constants `[1, sequence]` while its length is fixed, else counted at run time,
 * `[batch, sequence]`.
 *
 * @param x `[batch, sequence, width]`
 */
export function sequencePositions(x: Tensor): Tensor {
  expectSequence(x, "sequencePositions");
  const [, length] = x.shape;
  if (typeof length === "number") {
    return constant(Array.from({ length }, (_, i) => i), { shape: [1, length] });
  }
  const column = squeeze(slice(x, { axis: 2, start: 0, end: 1 }), [2]);
  const ones = where(equal(column, column), constant(1), constant(1)); // one even where the value is NaN
  return cumSum(ones, { axis: 1, exclusive: true });
}

/**
 * Rotary position embedding (Su et al. 2021) in the layout of transformers: element i of the first half of a head turns with
 * element i of the second, by `position * theta^(-2 i / headDim)` radians.
 *
 * @param x `[batch, ..., sequence, headDim]` with an even headDim
 * @param options positions `[batch or 1, sequence]`, any dtype; theta, the base of the wavelengths
 * @returns the same shape
 */
export function rotary(
  x: Tensor,
  { positions, theta = 10000 }: { positions: Tensor; theta?: number },
): Tensor {
  const headDim = lastDim(x, "rotary");
  if (headDim % 2 !== 0) throw new RangeError(`Cannot apply rotary: expected an even width of heads, got ${headDim}`);
  const half = headDim / 2;
  const frequencies = constant(Array.from({ length: half }, (_, i) => theta ** (-2 * i / headDim)));
  const between = x.shape.slice(3).map((_, i) => i + 1);
  const floating = isFloating(positions.dtype) ? positions : cast(positions, "float32");
  const angles = mul(unsqueeze(floating, [...between, x.shape.length - 1]), frequencies);
  return turned(x, half, { cosines: cos(angles), sines: sin(angles) });
}

/** Cosines and sines of rotary angles, `[batch or 1, sequence, headDim / 2]` each. */
export interface RotaryAngles {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/**
 * `rotary` by angles whose cosines and sines are known. WebGPU takes sines to within 2^-11 only, and less far from 0: what runs there at high
 * positions is fed them.
 *
 * @param x `[batch, ..., sequence, headDim]`
 */
export function rotaryBy(x: Tensor, { cosines, sines }: RotaryAngles): Tensor {
  const half = lastDim(cosines, "rotary");
  const between = x.shape.slice(3).map((_, i) => i + 1);
  return turned(x, half, { cosines: unsqueeze(cosines, between), sines: unsqueeze(sines, between) });
}

function turned(x: Tensor, half: number, { cosines, sines }: RotaryAngles): Tensor {
  const [first, second] = split(x, [half, half], -1);
  return concat([
    sub(mul(first, cosines), mul(second, sines)),
    add(mul(second, cosines), mul(first, sines)),
  ], -1);
}
