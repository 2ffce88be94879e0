// Waiting for a quiet machine: what else runs there would be measured too.

import { idleShareFor } from "../runtime/mod.ts";

/** Options of `waitForQuiet`. */
export interface QuietOptions {
  /** Give up after this long. */
  atMostMs: number;
  /** Part of all cores' time that must be idle, from 0 to 1. Default 0.85. */
  idleShare?: number;
  /** Length of a look. Default 2000. */
  lookMs?: number;
  signal?: AbortSignal;
}

/**
 * Waits until the cores have been idle for a look.
 *
 * @returns the idle part of the last look, from 0 to 1, whether it was enough or not; null when no look was allowed
 *
 * @example
 * ```ts
 * import { waitForQuiet } from "lib/bench/mod.ts";
 * const idle = await waitForQuiet({ atMostMs: 20, lookMs: 20 });
 * if (idle === null || idle < 0 || idle > 1) throw new Error("one look was taken");
 * ```
 */
export async function waitForQuiet(
  { atMostMs, idleShare: enough = 0.85, lookMs = 2000, signal }: QuietOptions,
): Promise<number | null> {
  const deadline = performance.now() + atMostMs;
  let idle: number | null = null;
  while (performance.now() < deadline && !signal?.aborted) {
    idle = await idleShareFor(lookMs);
    if (idle >= enough) break;
  }
  return idle;
}
