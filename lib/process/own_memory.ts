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
