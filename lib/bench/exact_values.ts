// Numbers that this code and tests/peers/exact_values.py compute alike, to the last bit, so that two frameworks start from the
// same weights and see the same rows without sending them: a hash of the index (Chris Wellons' lowbias32), its upper 24 bits
// as a multiple of 2^-23 in [-1, 1), times a power of two.

import type { ParameterState } from "../train/mod.ts";

/**
 * Fills `target` with numbers in [-scale, scale).
 *
 * @param stream which sequence, an integer from 0
 * @param scale a power of two
 */
export function fillExact(
  target: Float32Array,
  { stream, scale = 1 }: { stream: number; scale?: number },
): Float32Array {
  const start = Math.imul(stream, 0x9e3779b9);
  for (let i = 0; i < target.length; i++) {
    let x = (i + start) >>> 0;
    x ^= x >>> 16;
    x = Math.imul(x, 0x7feb352d);
    x ^= x >>> 15;
    x = Math.imul(x, 0x846ca68b);
    x ^= x >>> 16;
    target[i] = ((x >>> 8) / 2 ** 23 - 1) * scale;
  }
  return target;
}

/** Sets parameters in order: a matrix [out, in] and the vectors after it within 2^-floor(log2(in) / 2). */
export function setExactWeights(parameters: readonly Pick<ParameterState, "shape" | "parameter">[]): void {
  let fanIn = 1;
  parameters.forEach(({ shape, parameter }, stream) => {
    if (shape.length === 2) fanIn = shape[1];
    const halfOfLog2 = (31 - Math.clz32(fanIn)) >> 1;
    fillExact(parameter, { stream, scale: 2 ** -halfOfLog2 });
  });
}
