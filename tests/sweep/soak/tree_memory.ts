// The memory of all processes that this one has started, together, looked at again and again.

import { descendantMemory } from "lib/process/mod.ts";

/** What was seen. */
export interface TreePeak {
  /** Greatest sum of resident memory; pages that processes share count for each of them. */
  rssBytes: number;
  /** The same with shared pages counted once; null where the system does not tell. */
  pssBytes: number | null;
  /** Most processes at one time, without the shells that guard them. */
  processes: number;
  looks: number;
}

/** Less than a process of trials ever holds. */
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
    const { peak } = this;
    while (!this.#ended) {
      const { rssBytes, pssBytes, each } = await descendantMemory();
      peak.looks++;
      peak.rssBytes = Math.max(peak.rssBytes, rssBytes);
      if (pssBytes !== null) peak.pssBytes = Math.max(peak.pssBytes ?? 0, pssBytes);
      peak.processes = Math.max(peak.processes, each.filter((bytes) => bytes > SMALLEST_BYTES).length);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
