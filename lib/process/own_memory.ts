// How much memory this process holds and has held at most. The operating system is asked first: the engines' own
// figures differ in unit and meaning between versions.

import { readFileSync } from "node:fs";
import process from "node:process";
import { parseStatusBytes } from "./process_table.ts";

/** Resident memory of this process in bytes: now, and the highest since it started. */
export interface MemoryUse {
  rssBytes: number;
  peakRssBytes: number;
}

/**
 * The memory of this process. Linux: VmRSS and VmHWM of /proc/self/status; elsewhere process.memoryUsage and getrusage.
 *
 * @example
 * ```ts
 * import { ownMemory } from "lib/process/mod.ts";
 * const { rssBytes, peakRssBytes } = ownMemory();
 * console.log(rssBytes > 0, peakRssBytes > 0); // true true
 * ```
 */
export function ownMemory(): MemoryUse {
  const status = process.platform === "linux" ? readFileSync("/proc/self/status", "utf8") : "";
  const rssBytes = parseStatusBytes(status, "VmRSS") ?? process.memoryUsage().rss;
  // resourceUsage gives KiB on every system (libuv converts macOS's bytes), and may lag behind the present value.
  const peak = parseStatusBytes(status, "VmHWM") ?? process.resourceUsage().maxRSS * 1024;
  return { rssBytes, peakRssBytes: Math.max(peak, rssBytes) };
}

/**
 * Memory of this process that no file backs, in bytes, swapped out or not: what it asked for itself. Of pages that files back, such as its
 * programs, the system takes some from memory when it likes, so that they hide what grows slowly.
 *
 * @returns null where the system does not tell (macOS)
 *
 * @example
 * ```ts
 * import { ownAnonymousBytes, ownMemory } from "lib/process/mod.ts";
 * const bytes = ownAnonymousBytes();
 * if (bytes !== null && !(bytes > 0 && bytes < 2 * ownMemory().peakRssBytes)) throw new Error("a part of it");
 * ```
 */
export function ownAnonymousBytes(): number | null {
  if (process.platform !== "linux") return null;
  const status = readFileSync("/proc/self/status", "utf8");
  const parts = ["RssAnon", "RssShmem", "VmSwap"].map((name) => parseStatusBytes(status, name));
  return parts.includes(null) ? null : parts.reduce<number>((sum, bytes) => sum + bytes!, 0);
}
