// Symmetric int8 quantization of vectors: what a store gets for one byte a value, without any model.

import { roundHalfToEven } from "../graph/mod.ts";
import { checkFinite, sizeOf, type Vectors } from "./vectors.ts";

/** How values become codes in [-127, 127]: `code = round(value / scale)`, ties to even. */
export type Int8Quantizer =
  /** One scale a dimension, length width, shared by all vectors: costs `width` bytes a vector. */
  | { readonly scheme: "perDimension"; readonly width: number; readonly scales: Float32Array }
  /** One scale a vector, stored as float32 with it: costs `width + 4` bytes a vector. */
  | { readonly scheme: "perVector"; readonly width: number };

/** Quantized vectors [n, width]. */
export interface Int8Vectors {
  readonly shape: readonly [number, number];
  readonly codes: Int8Array;
  /** Scale of each dimension [width] or each vector [n], by the quantizer's scheme. */
  readonly scales: Float32Array;
  readonly bytesPerVector: number;
  /** Fraction of values beyond the range seen in training, which were clipped. */
  readonly clippedFraction: number;
}

/**
 * Fits a quantizer on training vectors: the largest magnitude of each dimension becomes 127. The scheme `perVector` has nothing to fit.
 *
 * @param vectors shape [n, width]
 *
 * @example
 * ```ts
 * import { dequantizeInt8, fitInt8, quantizeInt8 } from "lib/evaluate/mod.ts";
 * const vectors = { shape: [2, 2], data: Float32Array.of(1.27, -0.5, -0.64, 0.254) };
 * const quantizer = fitInt8(vectors, { scheme: "perVector" });
 * const quantized = quantizeInt8(quantizer, vectors);
 * console.log(quantized.codes, quantized.bytesPerVector); // Int8Array [127, -50, -127, 50] 6
 * console.log(dequantizeInt8(quantizer, quantized).data[0]); // 1.27
 * ```
 */
export function fitInt8(vectors: Vectors, { scheme }: { scheme: Int8Quantizer["scheme"] }): Int8Quantizer {
  const { width } = sizeOf(vectors, "fit int8");
  checkFinite(vectors, "fit int8");
  if (scheme === "perVector") return { scheme, width };
  const largest = new Float32Array(width);
  vectors.data.forEach((value, i) => largest[i % width] = Math.max(largest[i % width], Math.abs(value)));
  return { scheme, width, scales: largest.map((magnitude) => magnitude / 127) };
}

/**
 * Quantizes vectors [n, width]. A scale of 0 (a dimension or vector of zeros) gives codes of 0.
 *
 * @throws {TypeError} when the width is another
 * @throws {RangeError} when a value is not finite
 */
export function quantizeInt8(quantizer: Int8Quantizer, vectors: Vectors): Int8Vectors {
  const { rows, width } = sizeOf(vectors, "quantize to int8");
  if (width !== quantizer.width) {
    throw new TypeError(`Cannot quantize to int8: expected [n, ${quantizer.width}], got [${rows}, ${width}]`);
  }
  checkFinite(vectors, "quantize to int8");
  const shared = quantizer.scheme === "perDimension";
  const scales = shared ? quantizer.scales : vectorScales(vectors.data, rows, width);
  const codes = new Int8Array(rows * width);
  let clipped = 0;
  for (let i = 0; i < codes.length; i++) {
    const scale = scales[shared ? i % width : Math.floor(i / width)];
    const code = scale > 0 ? roundHalfToEven(vectors.data[i] / scale) : 0;
    if (Math.abs(code) > 127 || (scale === 0 && vectors.data[i] !== 0)) clipped++;
    codes[i] = Math.max(-127, Math.min(127, code));
  }
  const bytesPerVector = shared ? width : width + 4;
  return { shape: [rows, width], codes, scales, bytesPerVector, clippedFraction: clipped / codes.length };
}

/** Vectors [n, width] from their codes: `value = code * scale`. */
export function dequantizeInt8(quantizer: Int8Quantizer, { shape, codes, scales }: Int8Vectors): Vectors {
  const [, width] = shape;
  const shared = quantizer.scheme === "perDimension";
  const data = Float32Array.from(codes, (code, i) => code * scales[shared ? i % width : Math.floor(i / width)]);
  return { shape, data };
}

function vectorScales(data: Float32Array, rows: number, width: number): Float32Array {
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) largest = Math.max(largest, Math.abs(data[i]));
    scales[row] = largest / 127;
  }
  return scales;
}
