// Rounding as IEEE 754 and ONNX do it; Math.round takes halves upwards.

/** The nearest integer, of two the even one. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
