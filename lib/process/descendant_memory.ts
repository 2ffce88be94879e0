// What all processes that this one has started hold together.

import { readFileSync } from "node:fs";
import process from "node:process";
import { descendantsOf, parseStatusBytes, withMemory } from "./process_table.ts";

/** Memory of several processes together. */
export interface DescendantMemory {
  /** Resident memory, summed; pages that processes share count for each of them. */
  rssBytes: number;
  /** The same with shared pages counted once; null where the system does not tell (macOS), or one ended meanwhile. */
  pssBytes: number | null;
  /** Resident memory of each. */
  each: number[];
}

/**
 * The memory of this process's children, their children and so on, as it is now; itself left out.
 *
 * @example
 * ```ts
 * import { descendantMemory } from "lib/process/mod.ts";
 * const { rssBytes, each } = await descendantMemory();
 * if (each.length === 0 && rssBytes !== 0) throw new Error("nobody holds nothing");
 * ```
 */
export async function descendantMemory(): Promise<DescendantMemory> {
  const tree = withMemory(await descendantsOf(new Map([[process.pid, null]])));
  const rows = tree.filter(({ pid, isZombie }) => pid !== process.pid && !isZombie);
  const each = rows.map(({ rssBytes }) => rssBytes);
  const shares = rows.map(({ pid, rssBytes }) => rssBytes === 0 ? 0 : pssOf(pid));
  const known = shares.filter((bytes) => bytes !== null);
  return { rssBytes: sum(each), pssBytes: known.length === rows.length ? sum(known) : null, each };
}

function pssOf(pid: number): number | null {
  try {
    return parseStatusBytes(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"), "Pss");
  } catch {
    return null;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
