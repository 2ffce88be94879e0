// The highest memory of this process from a moment on.

import { writeFileSync } from "node:fs";
import process from "node:process";
import { ownMemory } from "./own_memory.ts";

/**
 * Watches memory from its construction on. Linux: the kernel's own peak, reset at the start. Elsewhere it cannot be reset, and
 * loading data may have taken more for a moment than what is to be measured: the memory is sampled every 50 ms.
 *
 * Start the process with `--v8-flags=--expose-gc`, so that garbage from before is not part of the baseline.
 */
export class PeakMemory {
  /** Resident memory at the start, in bytes. */
  readonly baselineRssBytes: number;
  #peakRssBytes: number;
  #isExact: boolean;
  #timer: ReturnType<typeof setInterval>;

  constructor() {
    (globalThis as { gc?: () => void }).gc?.();
    this.#isExact = resetPeak();
    this.baselineRssBytes = ownMemory().rssBytes;
    this.#peakRssBytes = this.baselineRssBytes;
    this.#timer = setInterval(() => this.sample(), 50);
    this.#timer.unref?.();
  }

  sample(): void {
    const { rssBytes, peakRssBytes } = ownMemory();
    this.#peakRssBytes = Math.max(this.#peakRssBytes, this.#isExact ? peakRssBytes : rssBytes);
  }

  /** The highest resident memory since the start, in bytes. */
  end(): number {
    clearInterval(this.#timer);
    this.sample();
    return this.#peakRssBytes;
  }
}

/** Makes the highest memory so far (VmHWM) the present one; false where the system cannot. */
function resetPeak(): boolean {
  if (process.platform !== "linux") return false;
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return true;
  } catch {
    return false;
  }
}
