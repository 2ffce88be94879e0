// Rows with equal values: kept once, so that no copy of a query waits in the gallery to be found.

import { sizeOf, type Vectors } from "./vectors.ts";

/**
 * Those of `rows` whose vector no earlier one of them has, in their order. Vectors are equal when all their values are (0 and -0 too).
 *
 * @param vectors shape [n, width]
 * @throws {RangeError} when a row is out of range
 *
 * @example
 * ```ts
 * import { distinctRows } from "lib/evaluate/mod.ts";
 * const vectors = { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 1, 2) };
 * console.log(distinctRows(vectors, Uint32Array.of(2, 1, 0))); // Uint32Array [2, 1]
 * ```
 */
export function distinctRows(vectors: Vectors, rows: Uint32Array): Uint32Array {
  const { rows: count, width } = sizeOf(vectors, "find duplicates");
  const words = new Uint32Array(Float32Array.from(vectors.data, (value) => value + 0).buffer); // -0 becomes 0
  const seen = new Map<number, number[]>();
  return rows.filter((row) => {
    if (row >= count) throw new RangeError(`Cannot find duplicates: expected rows below ${count}, got ${row}`);
    const key = hashRow(words, row * width, width);
    const same = seen.get(key);
    if (same?.some((other) => equalRows(words, { a: row * width, b: other * width, width }))) return false;
    if (same) same.push(row);
    else seen.set(key, [row]);
    return true;
  });
}

/** FNV-1a over 32-bit words; equal hashes are compared value by value. */
function hashRow(words: Uint32Array, start: number, width: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < start + width; i++) {
    hash = Math.imul(hash ^ words[i], 0x01000193);
    hash ^= hash >>> 15; // words differ mostly in their high bits, which multiplication never brings down
  }
  return hash;
}

function equalRows(words: Uint32Array, { a, b, width }: { a: number; b: number; width: number }): boolean {
  for (let i = 0; i < width; i++) if (words[a + i] !== words[b + i]) return false;
  return true;
}
