// One bit a value: the sign of each dimension. What a store gets for a 32nd of the bytes without any model.

import { checkFinite, sizeOf, type Vectors } from "./vectors.ts";

/** Sign bits of vectors [n, width], packed: bit i of a row is set where value i is positive. */
export interface BinaryVectors {
  readonly shape: readonly [number, number];
  /** Shape [n, words a row], 32 bits each, lowest bit first; unused bits are 0. */
  readonly words: Uint32Array;
  /** `ceil(width / 8)`: what a store has to keep. */
  readonly bytesPerVector: number;
}

/** What a sign bit stands for: the mean of the fitted values on either side of 0, by dimension. */
export interface BinaryLevels {
  /** Means of the values that are not positive, length width; 0 where there were none. */
  readonly low: Float32Array;
  /** Means of the positive values, length width; 0 where there were none. */
  readonly high: Float32Array;
}

/**
 * The sign bits of vectors.
 *
 * @param vectors shape [n, width]
 * @throws {RangeError} when a value is not finite
 *
 * @example
 * ```ts
 * import { packSigns, unpackSigns } from "lib/evaluate/mod.ts";
 * const bits = packSigns({ shape: [1, 3], data: Float32Array.of(0.2, -0.1, 3) });
 * console.log(bits.words[0], bits.bytesPerVector, unpackSigns(bits).data); // 5 1 [1, -1, 1]
 * ```
 */
export function packSigns(vectors: Vectors): BinaryVectors {
  const { rows, width } = sizeOf(vectors, "pack signs");
  checkFinite(vectors, "pack signs");
  return { shape: [rows, width], words: pack(vectors.data, rows, width), bytesPerVector: Math.ceil(width / 8) };
}

/** Vectors of 1 and -1 from sign bits, shape [n, width]: their dot product is `width - 2 x Hamming distance`. */
export function unpackSigns({ shape, words }: BinaryVectors): Vectors {
  const [rows, width] = shape;
  const wordsPerRow = Math.ceil(width / 32);
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      data[row * width + i] = words[row * wordsPerRow + (i >>> 5)] >>> (i & 31) & 1 ? 1 : -1;
    }
  }
  return { shape: [rows, width], data };
}

/**
 * What sign bits decode to with least squared error: the mean value of each dimension on either side of 0 (Max 1960, with the
 * threshold fixed).
 *
 * @param vectors training vectors, shape [n, width]
 * @throws {RangeError} when a value is not finite
 */
export function fitBinaryLevels(vectors: Vectors): BinaryLevels {
  const { rows, width } = sizeOf(vectors, "fit binary levels");
  checkFinite(vectors, "fit binary levels");
  const sums = [new Float64Array(width), new Float64Array(width)];
  const counts = new Float64Array(width); // of positive values
  for (let start = 0; start < rows * width; start += width) {
    for (let i = 0; i < width; i++) {
      const value = vectors.data[start + i];
      const positive = value > 0 ? 1 : 0;
      sums[positive][i] += value;
      counts[i] += positive;
    }
  }
  return {
    low: Float32Array.from(sums[0], (sum, i) => (counts[i] < rows ? sum / (rows - counts[i]) : 0)),
    high: Float32Array.from(sums[1], (sum, i) => (counts[i] > 0 ? sum / counts[i] : 0)),
  };
}

/**
 * Vectors [n, width] from the signs of `vectors` (bits unpacked, or anything with the same signs).
 *
 * @throws {TypeError} when the width is another than the levels'
 */
export function decodeBinary({ low, high }: BinaryLevels, vectors: Vectors): Vectors {
  const { rows, width } = sizeOf(vectors, "decode sign bits");
  if (width !== low.length) {
    throw new TypeError(`Cannot decode sign bits: expected [n, ${low.length}], got [${rows}, ${width}]`);
  }
  const data = vectors.data.map((value, i) => (value > 0 ? high : low)[i % width]);
  return { shape: [rows, width], data };
}

/**
 * A `SimilarityBlock` by sign bits alone: `1 - 2 x Hamming distance / width`, in [-1, 1], which is the cosine of the vectors of signs.
 * 2,000 queries with 18,000 vectors of 384 bits take two to four seconds on one core.
 *
 * @throws {TypeError} when the widths differ
 *
 * @example
 * ```ts
 * import { hammingBlock } from "lib/evaluate/mod.ts";
 * const queries = { shape: [1, 2], data: Float32Array.of(0.3, -2) };
 * const gallery = { shape: [2, 2], data: Float32Array.of(5, -1, 1, 1) };
 * console.log(hammingBlock(queries, gallery)); // Float32Array [1, 0]
 * ```
 */
export function hammingBlock(queries: Vectors, gallery: Vectors): Float32Array {
  const { rows: m, width } = sizeOf(queries, "compute Hamming distances");
  const { rows: n, width: galleryWidth } = sizeOf(gallery, "compute Hamming distances");
  if (width !== galleryWidth) {
    throw new TypeError(
      `Cannot compute Hamming distances: expected a gallery of [n, ${width}], got [${n}, ${galleryWidth}]`,
    );
  }
  const words = Math.ceil(width / 32);
  // As signed integers: values above 2^31 would make the engine count in floating point.
  const [a, b] = [pack(queries.data, m, width), pack(gallery.data, n, width)].map(({ buffer }) =>
    new Int32Array(buffer)
  );
  const out = new Float32Array(m * n);
  const similarity = Float32Array.from({ length: width + 1 }, (_, distance) => 1 - 2 * distance / width);
  for (let i = 0, at = 0; i < m; i++) {
    const start = i * words;
    for (let j = 0; j < n; j++, at++) out[at] = similarity[distance(a, start, b, j * words, words)];
  }
  return out;
}

/** Bits that differ between two packed rows. */
function distance(a: Int32Array, aStart: number, b: Int32Array, bStart: number, words: number): number {
  let differing = 0;
  for (let w = 0; w < words; w++) {
    // Counting bits in parallel: pairs, fours, bytes, then the sum of bytes by multiplication (Warren, Hacker's Delight, 5-1).
    let x = a[aStart + w] ^ b[bStart + w];
    x = (x - (x >>> 1 & 0x55555555)) | 0;
    x = ((x & 0x33333333) + (x >>> 2 & 0x33333333)) | 0;
    x = (x + (x >>> 4)) & 0x0f0f0f0f;
    differing = (differing + (Math.imul(x, 0x01010101) >>> 24)) | 0;
  }
  return differing;
}

function pack(data: Float32Array, rows: number, width: number): Uint32Array {
  const wordsPerRow = Math.ceil(width / 32);
  const words = new Uint32Array(rows * wordsPerRow);
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * width, row * wordsPerRow];
    for (let i = 0; i < width; i++) if (data[from + i] > 0) words[to + (i >>> 5)] |= 1 << (i & 31);
  }
  return words;
}
