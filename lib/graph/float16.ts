// Half-precision conversions. Node 20 and 22 have no Float16Array, and a table of all 65,536 values is faster than it anyway.

import { roundHalfToEven } from "./rounding.ts";

/** Largest finite value of float16. */
export const LARGEST_FLOAT16 = 65504;

const SCRATCH = new DataView(new ArrayBuffer(4));
let table: Float32Array | undefined;

/** The value of one IEEE 754 binary16 bit pattern. */
function decodeFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Converts IEEE 754 binary16 bit patterns to float32; exact for every value.
 *
 * @example
 * ```ts
 * import { float16ToFloat32 } from "lib/graph/mod.ts";
 * console.log(float16ToFloat32(Uint16Array.of(0x3c00, 0xc000))); // Float32Array [1, -2]
 * ```
 */
export function float16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  table ??= Float32Array.from({ length: 65536 }, (_, pattern) => decodeFloat16(pattern));
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]];
  return values;
}

/**
 * Rounds float32 values to binary16 bit patterns: to nearest, ties to even, overflow to infinity.
 *
 * @example
 * ```ts
 * import { float16ToFloat32, float32ToFloat16 } from "lib/graph/mod.ts";
 * console.log(float16ToFloat32(float32ToFloat16(Float32Array.of(1.0001, 70000)))); // Float32Array [1, Infinity]
 * ```
 */
export function float32ToFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = encodeFloat16(values[i]);
  return bits;
}

function encodeFloat16(value: number): number {
  SCRATCH.setFloat32(0, value);
  const word = SCRATCH.getUint32(0);
  const sign = (word >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00; // half-way between the largest half and the next step rounds up
  // Below 2^-14 halves are multiples of 2^-24; above, they keep ten fraction bits.
  if (magnitude < 2 ** -14) return sign | roundHalfToEven(magnitude * 2 ** 24);
  const exponent = ((word >>> 23) & 0xff) - 127;
  const fraction = roundHalfToEven((magnitude * 2 ** -exponent - 1) * 1024);
  return sign | (((exponent + 15) << 10) + fraction); // a fraction of 1024 carries into the exponent
}
