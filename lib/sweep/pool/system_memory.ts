// What the system says of its memory: how much programs could still get, and whether it has killed one for want of it.

import { type MachineReader, totalMemoryBytes } from "../../runtime/mod.ts";

/**
 * Memory that programs could get now without anything being swapped out, in bytes: free or held by caches. Linux: /proc/meminfo and
 * the cgroup's limit; macOS: vm_stat; elsewhere half of the machine's.
 */
export function availableMemoryBytes(reader: MachineReader): number {
  const total = totalMemoryBytes(reader);
  const told = reader.platform === "linux"
    ? Math.min(parseAvailable(reader.read("/proc/meminfo") ?? "") ?? Infinity, cgroupRoom(reader))
    : reader.platform === "darwin"
    ? parseVmStat(reader.run("vm_stat", []) ?? "") ?? Infinity
    : Infinity;
  return told === Infinity ? total / 2 : Math.min(told, total);
}

/** MemAvailable of /proc/meminfo in bytes, or null. */
export function parseAvailable(meminfo: string): number | null {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

/** Free, inactive, speculative and purgeable pages of `vm_stat` in bytes, or null. */
export function parseVmStat(text: string): number | null {
  const pageBytes = Number(/page size of (\d+) bytes/.exec(text)?.[1] ?? NaN);
  const pages = (name: string) => Number(new RegExp(`^Pages ${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
  const count = ["free", "inactive", "speculative", "purgeable"].reduce((sum, name) => sum + pages(name), 0);
  return pageBytes > 0 && count > 0 ? pageBytes * count : null;
}

/** What the cgroup has left below its limit; its file caches can be given back. */
function cgroupRoom(reader: MachineReader): number {
  const limit = Number(reader.read("/sys/fs/cgroup/memory.max") ?? NaN); // "max" is no number: no limit
  const current = Number(reader.read("/sys/fs/cgroup/memory.current") ?? NaN);
  if (!(limit > 0) || !(current >= 0)) return Infinity;
  const cached = /^inactive_file (\d+)$/m.exec(reader.read("/sys/fs/cgroup/memory.stat") ?? "")?.[1];
  return Math.max(0, limit - current + Number(cached ?? 0));
}

/** How many processes Linux has killed for want of memory: of this cgroup, or of the machine; null where it does not tell. */
export function oomKills(reader: MachineReader): number | null {
  if (reader.platform !== "linux") return null;
  const counts = [
    /^oom_kill (\d+)$/m.exec(reader.read("/sys/fs/cgroup/memory.events") ?? "")?.[1],
    /^oom_kill (\d+)$/m.exec(reader.read("/proc/vmstat") ?? "")?.[1],
  ].flatMap((count) => (count === undefined ? [] : [Number(count)]));
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}

/** What is known when a process was killed from outside. */
export interface KillEvidence {
  /** Counts of `oomKills` before and after. */
  oomKillsBefore: number | null;
  oomKillsAfter: number | null;
  /** The least memory that the system had to give in the last seconds. */
  availableBytes: number;
  totalBytes: number;
  /** What the process last held. */
  rssBytes: number;
}

/** With less than this share of its memory to give, a system ends processes. */
const SCARCE_SHARE = 0.04;
/** A process that held this share of all memory was its first victim. */
const LARGE_SHARE = 0.6;

/** Why a kill from outside was for want of memory, as a sentence; null when nothing says so. */
export function memoryKill(evidence: KillEvidence): string | null {
  const { oomKillsBefore, oomKillsAfter, availableBytes, totalBytes, rssBytes } = evidence;
  const held = `it held ${gib(rssBytes)}`;
  if (oomKillsBefore !== null && oomKillsAfter !== null && oomKillsAfter > oomKillsBefore) {
    return `was killed by the system for want of memory; ${held}`;
  }
  if (availableBytes < totalBytes * SCARCE_SHARE) {
    return `was killed while the system had ${gib(availableBytes)} of memory left; ${held}`;
  }
  if (rssBytes > totalBytes * LARGE_SHARE) return `was killed while ${held} of the machine's ${gib(totalBytes)}`;
  return null;
}

const LOOK_MS = 1000;
const RECENT_LOOKS = 5;

/** Looks at the system's memory once a second at most, and remembers the last seconds. */
export class MemoryWatch {
  readonly #reader: MachineReader;
  #oomKills: number | null;
  #recentBytes: number[] = [];
  #lookedMs = -Infinity;

  constructor(reader: MachineReader) {
    this.#reader = reader;
    this.#oomKills = oomKills(reader);
    this.look();
  }

  look(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = nowMs;
    this.#recentBytes = [...this.#recentBytes, availableMemoryBytes(this.#reader)].slice(-RECENT_LOOKS);
  }

  /** Why a process that has just been killed from outside was so for want of memory; null when nothing says so. */
  killReason(rssBytes: number): string | null {
    const oomKillsBefore = this.#oomKills;
    this.#oomKills = oomKills(this.#reader);
    return memoryKill({
      oomKillsBefore,
      oomKillsAfter: this.#oomKills,
      availableBytes: Math.min(...this.#recentBytes),
      totalBytes: totalMemoryBytes(this.#reader),
      rssBytes,
    });
  }
}

/** `1.5 GiB`, `512 MiB`. */
export function gib(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}
