// How busy the machine's cores are, whatever keeps them so.

import { cpus } from "node:os";
import { sleep } from "../process/mod.ts";

/** Time that all cores together have been idle, and all their time, in ms since the machine started. */
export interface CoreTimes {
  idle: number;
  total: number;
}

/** The cores' times now. */
export function coreTimes(): CoreTimes {
  const times = cpus().map(({ times }) => times);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return {
    idle: sum(times.map(({ idle }) => idle)),
    total: sum(times.map(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq)),
  };
}

/** Part of all cores' time, from 0 to 1, that was idle between two looks at `coreTimes`. */
export function idleShare(before: CoreTimes, after: CoreTimes): number {
  const total = after.total - before.total;
  return total > 0 ? (after.idle - before.idle) / total : 1; // shorter than the clock's tick: nothing was seen
}

/**
 * The part of all cores' time that is idle while this waits.
 *
 * @returns from 0 to 1
 *
 * @example
 * ```ts
 * import { idleShareFor } from "lib/runtime/mod.ts";
 * const idle = await idleShareFor(20);
 * if (idle < 0 || idle > 1) throw new Error(`${idle}`);
 * ```
 */
export async function idleShareFor(lookMs: number): Promise<number> {
  const before = coreTimes();
  await sleep(lookMs);
  return idleShare(before, coreTimes());
}
