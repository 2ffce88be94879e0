// Gradients scaled down to a largest norm over all parameters, as PyTorch's clip_grad_norm_.

import type { UpdatedMemory, UpdateThreads } from "./kernel/update_threads.ts";

/** As PyTorch's: keeps the factor finite for a norm of zero. */
const SMALLEST_NORM = 1e-6;

/** The norm of all values of a region, such as `gradient`. */
export function regionNorm(memories: readonly UpdatedMemory[], { kernels }: UpdateThreads, region: string): number {
  const squares = memories.map(({ offsets, count }, i) => kernels[i].sumSquares(offsets[region], count));
  return Math.sqrt(squares.reduce((sum, value) => sum + value, 0));
}

/** The factor that brings a norm to its limit, 1 below it. */
export function clipFactor(norm: number, limit: number): number {
  return Math.min(1, limit / (norm + SMALLEST_NORM));
}
