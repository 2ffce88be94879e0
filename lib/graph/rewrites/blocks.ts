// Rows of a matrix as small integers in blocks along a row, each block with a scale of its own: how MatMulNBits wants weights.

import { roundHalfToEven } from "../operators/quantization.ts";

/** Values of a block. */
export const BLOCK_SIZE = 32;

/** Bits of a value that blocks hold. */
export type BlockBits = 4 | 8;

/** Blocks of a row of `k` values; the last one is filled up with zeros. */
export const blocksOf = (k: number): number => Math.ceil(k / BLOCK_SIZE);
/** Bytes of a block, without its scale. */
export const blockBytes = (bits: BlockBits): number => BLOCK_SIZE * bits / 8;

/**
 * Packs rows of `k` values. The value of largest magnitude in a block becomes the lowest integer, -8 or -128, so that all steps are
 * used; values near the far end saturate one step below it.
 *
 * @param values `[rows, k]`
 * @param into bytes `[rows, blocksOf(k), blockBytes(bits)]`, of 4 bits the first of two values in the low half; scales
 *   `[rows, blocksOf(k)]`: `value = (integer - 2^(bits - 1)) * scale`
 */
export function packRows(
  values: Float32Array,
  { k, bits }: { k: number; bits: BlockBits },
  into: { bytes: Uint8Array; scales: Float32Array },
): void {
  const [blocks, size] = [blocksOf(k), blockBytes(bits)];
  for (let row = 0, block = 0; row < values.length / k; row++) {
    for (let b = 0; b < blocks; b++, block++) {
      const start = row * k + b * BLOCK_SIZE;
      const part = values.subarray(start, Math.min(start + BLOCK_SIZE, (row + 1) * k));
      into.scales[block] = packBlock(part, bits, into.bytes.subarray(block * size, (block + 1) * size));
    }
  }
}

/** Packs a block of at most `BLOCK_SIZE` values; returns its scale. */
export function packBlock(block: Float32Array, bits: BlockBits, bytes: Uint8Array): number {
  const middle = 2 ** (bits - 1);
  let extreme = 0;
  for (let i = 0; i < block.length; i++) if (Math.abs(block[i]) > Math.abs(extreme)) extreme = block[i];
  const scale = Math.fround(extreme / -middle);
  const step = (i: number) =>
    scale === 0 || i >= block.length
      ? middle
      : Math.min(2 * middle - 1, Math.max(0, roundHalfToEven(block[i] / scale) + middle));
  for (let i = 0; i < bytes.length; i++) bytes[i] = bits === 8 ? step(i) : step(2 * i) | (step(2 * i + 1) << 4);
  return scale;
}
