// Half-precision conversions: bfloat16 here, IEEE binary16 where dtypes are defined.

export { float16ToFloat32, float32ToFloat16 } from "../graph/mod.ts";

/** Converts bfloat16 bit patterns (the upper half of a float32) to float32; exact for every value. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}

/** Converts float32 to bfloat16 bit patterns, rounding to nearest, halves to even; NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = words[i];
    const noNumber = (word & 0x7fffffff) > 0x7f800000;
    bits[i] = noNumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}
