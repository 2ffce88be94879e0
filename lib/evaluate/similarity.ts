// All dot products between two sets of vectors, the one expensive step of this room. It sits behind a function type so that a
// faster engine can take its place; this portable version needs nothing but typed arrays.

import { sizeOf, type Vectors } from "./vectors.ts";

/**
 * Dot products of every query with every gallery vector: element [i, j] of the row-major [queries, gallery] result is
 * `queries[i] . gallery[j]`. Given rows of norm 1 these are cosines.
 */
export type SimilarityBlock = (queries: Vectors, gallery: Vectors) => Float32Array | Promise<Float32Array>;

/** A packed tile of the gallery stays in the second-level cache: 64 rows at width 384. */
const TILE_BYTES = 192 * 1024;

/**
 * The portable {@link SimilarityBlock}. Sums are float64 in index order and rounded once, so a product does not depend on the other
 * vectors of the block. About 5 GFLOP/s on one core of a 2020s server.
 *
 * @throws {TypeError} when the widths differ
 *
 * @example
 * ```ts
 * import { similarityBlock } from "lib/evaluate/mod.ts";
 * const queries = { shape: [1, 2], data: Float32Array.of(1, 2) };
 * const gallery = { shape: [2, 2], data: Float32Array.of(1, 0, 3, 4) };
 * console.log(similarityBlock(queries, gallery)); // Float32Array [1, 11]
 * ```
 */
export function similarityBlock(queries: Vectors, gallery: Vectors): Float32Array {
  const { rows: m, width } = sizeOf(queries, "compute similarities");
  const { rows: n, width: galleryWidth } = sizeOf(gallery, "compute similarities");
  if (width !== galleryWidth) {
    throw new TypeError(
      `Cannot compute similarities: expected a gallery of [n, ${width}], got [${n}, ${galleryWidth}]`,
    );
  }
  return multiplyTransposed(queries.data, gallery.data, new Float32Array(m * n), width);
}

/**
 * `out[i, j] = a[i] . b[j]` for row-major a [m, width] and b [n, width]; `out` [m, n] decides the precision of the result.
 * Not exported from the room: for products inside it that need float64.
 */
export function multiplyTransposed<T extends Float32Array | Float64Array>(
  a: Float32Array | Float64Array,
  b: Float32Array | Float64Array,
  out: T,
  width: number,
): T {
  const [m, n] = [a.length / width, b.length / width];
  const tileRows = 4 * Math.max(1, Math.floor(TILE_BYTES / (32 * width)));
  const packed = packQuads(a, 0, m, width, new Float64Array(width * 4 * Math.ceil(m / 4)));
  const packedTile = new Float64Array(width * tileRows);
  const corner = new Float64Array(16);
  for (let start = 0; start < n; start += tileRows) {
    const rows = Math.min(tileRows, n - start);
    packQuads(b, start, rows, width, packedTile);
    for (let i = 0; i < m; i += 4) {
      for (let j = 0; j < rows; j += 4) {
        multiplyQuads(packed, i * width, packedTile, j * width, width, corner);
        const [height, span] = [Math.min(4, m - i), Math.min(4, rows - j)];
        for (let r = 0; r < height; r++) {
          for (let c = 0; c < span; c++) out[(i + r) * n + start + j + c] = corner[4 * r + c];
        }
      }
    }
  }
  return out;
}

/** Lays rows out four at a time, value by value ([quad, width, 4]), as float64; missing rows of the last quad are zero. */
function packQuads(
  data: Float32Array | Float64Array,
  first: number,
  rows: number,
  width: number,
  packed: Float64Array,
): Float64Array {
  for (let quad = 0; quad < rows; quad += 4) {
    for (let lane = 0; lane < 4; lane++) {
      const [from, to] = [(first + quad + lane) * width, quad * width + lane];
      const present = quad + lane < rows;
      for (let k = 0; k < width; k++) packed[to + 4 * k] = present ? data[from + k] : 0;
    }
  }
  return packed;
}

/** The 4 x 4 products of two quads: eight loads for sixteen multiplications, all from consecutive addresses. */
function multiplyQuads(
  a: Float64Array,
  aStart: number,
  b: Float64Array,
  bStart: number,
  width: number,
  out: Float64Array,
) {
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0, c10 = 0, c11 = 0, c12 = 0, c13 = 0;
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0, c30 = 0, c31 = 0, c32 = 0, c33 = 0;
  for (let k = 0; k < 4 * width; k += 4) {
    const x0 = a[aStart + k], x1 = a[aStart + k + 1], x2 = a[aStart + k + 2], x3 = a[aStart + k + 3];
    const y0 = b[bStart + k], y1 = b[bStart + k + 1], y2 = b[bStart + k + 2], y3 = b[bStart + k + 3];
    c00 += x0 * y0;
    c10 += x1 * y0;
    c20 += x2 * y0;
    c30 += x3 * y0;
    c01 += x0 * y1;
    c11 += x1 * y1;
    c21 += x2 * y1;
    c31 += x3 * y1;
    c02 += x0 * y2;
    c12 += x1 * y2;
    c22 += x2 * y2;
    c32 += x3 * y2;
    c03 += x0 * y3;
    c13 += x1 * y3;
    c23 += x2 * y3;
    c33 += x3 * y3;
  }
  out[0] = c00, out[1] = c01, out[2] = c02, out[3] = c03;
  out[4] = c10, out[5] = c11, out[6] = c12, out[7] = c13;
  out[8] = c20, out[9] = c21, out[10] = c22, out[11] = c23;
  out[12] = c30, out[13] = c31, out[14] = c32, out[15] = c33;
}
