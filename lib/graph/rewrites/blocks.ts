// Rows of a matrix as small integers in blocks along a row, each block with a scale of its own: how MatMulNBits wants weights.

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
  { bytes, scales }: { bytes: Uint8Array; scales: Float32Array },
): void {
  const [blocks, size] = [blocksOf(k), blockBytes(bits)];
  const steps = new Uint8Array(BLOCK_SIZE);
  for (let row = 0, block = 0; row < values.length / k; row++) {
    for (let start = row * k, b = 0; b < blocks; b++, block++, start += BLOCK_SIZE) {
      scales[block] = stepsOfBlock(values, start, Math.min(start + BLOCK_SIZE, (row + 1) * k), 2 ** (bits - 1), steps);
      const at = block * size;
      if (bits === 8) bytes.set(steps, at);
      else for (let i = 0; i < size; i++) bytes[at + i] = steps[2 * i] | (steps[2 * i + 1] << 4);
    }
  }
}

/** Added and taken away again, it leaves no room for fractions: a float64 is rounded to the nearest integer, halves to the even one. */
const ROUNDING = 1.5 * 2 ** 52;

/** The integers of a block, its lowest being 0; returns its scale. A plain loop without objects, for a billion values. */
function stepsOfBlock(values: Float32Array, start: number, end: number, middle: number, steps: Uint8Array): number {
  let extreme = 0;
  let most = 0;
  for (let i = start; i < end; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude > most) {
      most = magnitude;
      extreme = values[i];
    }
  }
  const scale = Math.fround(extreme / -middle);
  steps.fill(middle);
  if (scale === 0) return scale;
  const highest = 2 * middle - 1;
  for (let i = start; i < end; i++) {
    const step = values[i] / scale + ROUNDING - ROUNDING + middle;
    steps[i - start] = step > highest ? highest : step < 0 ? 0 : step;
  }
  return scale;
}
