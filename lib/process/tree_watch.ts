// Watches a child's whole tree: remembers who belongs to it (a daemonized grandchild loses its parent and group, and must
// die with the rest all the same) and how much memory it held together. Memory that processes share counts for each of them.

import process from "node:process";
import { descendantsOf, peakRssBytesOf, type ProcessRow, processTable, treeOf, withMemory } from "./process_table.ts";

/** Options of `TreeWatch`. */
export interface TreeWatchOptions {
  /** Between two samples. */
  pollMs: number;
  /** Called with the resident memory of the whole tree after each sample. */
  onSample: (rssBytes: number) => void;
}

/** Samples the tree of the process `pid`, which leads its own process group. */
export class TreeWatch {
  /** The highest memory seen, in bytes; null before the first sample. */
  peakRssBytes: number | null = null;
  #pid: number;
  #options: TreeWatchOptions;
  #known = new Map<number, string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;

  constructor(pid: number, options: TreeWatchOptions) {
    this.#pid = pid;
    this.#options = options;
    this.#schedule(Math.min(20, options.pollMs));
  }

  /** Counts a peak that was learned in another way. */
  notePeak(bytes: number): void {
    this.peakRssBytes = Math.max(this.peakRssBytes ?? 0, bytes);
  }

  /** Sends `signal` to the group and to every known process of the tree outside it. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    // The table comes first: once the leader has died, those that left the group cannot be told from strangers.
    const rows = await this.#tree();
    send(-this.#pid, signal);
    for (const { pid, groupId, isZombie } of rows) {
      if (groupId !== this.#pid && !isZombie) send(pid, signal);
    }
  }

  /** Ends the sampling. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(async () => {
      await this.#sample();
      this.#schedule(this.#options.pollMs);
    }, delayMs);
  }

  async #sample(): Promise<void> {
    let rows: ProcessRow[];
    try {
      // The leader's id cannot be used again before it has been collected, which ends the sampling.
      rows = withMemory(await descendantsOf(new Map([...this.#known, [this.#pid, null]])));
    } catch {
      return; // ps could not run this time (too many processes)
    }
    if (this.#stopped || rows.length === 0) return;
    this.#remember(rows);
    const rssBytes = rows.reduce((sum, row) => sum + row.rssBytes, 0);
    this.notePeak(Math.max(rssBytes, peakRssBytesOf(this.#pid) ?? 0));
    this.#options.onSample(rssBytes);
  }

  async #tree(): Promise<ProcessRow[]> {
    try {
      const rows = treeOf(await processTable(), this.#pid, this.#known);
      this.#remember(rows);
      return rows;
    } catch {
      return []; // the group is still signalled as one
    }
  }

  #remember(rows: readonly ProcessRow[]): void {
    this.#known = new Map(rows.map(({ pid, start }) => [pid, start]));
  }
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // It has ended already.
  }
}
