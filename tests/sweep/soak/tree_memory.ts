// The memory of all processes that this one has started, together, looked at again and again from outside.

import { readFileSync } from "node:fs";
import process from "node:process";
import { descendantsOf, parseStatusBytes, withMemory } from "lib/process/process_table.ts";

/** What was seen. */
export interface TreePeak {
  /** Greatest sum of resident memory; pages that processes share count for each of them. */
  rssBytes: number;
  /** The same with shared pages counted once (Linux); null where the system does not tell. */
  pssBytes: number | null;
  /** Most processes at one time, without the shells that guard them. */
  processes: number;
  looks: number;
}

/** Less than a process of trials ever holds: the shells that guard them. */
const SMALLEST_BYTES = 16 * 2 ** 20;

/** Looks from its construction on until `end`. */
export class TreeMemory {
  readonly peak: TreePeak = { rssBytes: 0, pssBytes: null, processes: 0, looks: 0 };
  #ended = false;
  #looking: Promise<void>;

  constructor({ everyMs = 50 }: { everyMs?: number } = {}) {
    this.#looking = this.#watch(everyMs);
  }

  async end(): Promise<TreePeak> {
    this.#ended = true;
    await this.#looking;
    return this.peak;
  }

  async #watch(everyMs: number): Promise<void> {
    while (!this.#ended) {
      await this.#look();
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  async #look(): Promise<void> {
    const rows = withMemory(await descendantsOf(new Map([[process.pid, null]])))
      .filter(({ pid, isZombie }) => pid !== process.pid && !isZombie);
    const { peak } = this;
    peak.looks++;
    peak.rssBytes = Math.max(peak.rssBytes, rows.reduce((sum, { rssBytes }) => sum + rssBytes, 0));
    peak.processes = Math.max(peak.processes, rows.filter(({ rssBytes }) => rssBytes > SMALLEST_BYTES).length);
    const shares = rows.map(({ pid, rssBytes }) => pssOf(pid) ?? (rssBytes === 0 ? 0 : null));
    if (shares.some((bytes) => bytes === null)) return; // one has ended since, or the system does not tell
    peak.pssBytes = Math.max(peak.pssBytes ?? 0, shares.reduce<number>((sum, bytes) => sum + bytes!, 0));
  }
}

function pssOf(pid: number): number | null {
  try {
    return parseStatusBytes(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"), "Pss");
  } catch {
    return null;
  }
}
