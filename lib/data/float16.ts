// Half-precision conversions: bfloat16 here, IEEE binary16 where dtypes are defined.

export { float16ToFloat32, float32ToFloat16 } from "../graph/mod.ts";

/** Converts bfloat16 bit patterns (the upper half of a float32) to float32; exact for every value. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}
