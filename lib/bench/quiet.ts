// Waiting for a quiet machine: what else runs there would be measured too.

import { cpus } from "node:os";

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
  { atMostMs, idleShare = 0.85, lookMs = 2000, signal }: QuietOptions,
): Promise<number | null> {
  const deadline = performance.now() + atMostMs;
  let idle: number | null = null;
  while (performance.now() < deadline && !signal?.aborted) {
    idle = await look(lookMs);
    if (idle >= idleShare) break;
  }
  return idle;
}

async function look(lookMs: number): Promise<number> {
  const before = coreTimes();
  await new Promise((resolve) => setTimeout(resolve, lookMs));
  const after = coreTimes();
  const total = after.total - before.total;
  return total > 0 ? (after.idle - before.idle) / total : 1; // a look shorter than the clock's tick saw nothing
}

function coreTimes(): { idle: number; total: number } {
  const times = cpus().map(({ times }) => times);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return {
    idle: sum(times.map(({ idle }) => idle)),
    total: sum(times.map(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq)),
  };
}
