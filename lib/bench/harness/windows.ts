// The monitor: rolling windows of calls with their time, throughput and memory, and what an accelerator did meanwhile.

import { median } from "../../statistics/mod.ts";

/** Calls of a window. */
export const WINDOW_CALLS = 100;

/** A window of calls. */
export interface MonitorWindow {
  /** Samples before it. */
  from: number;
  count: number;
  /** From the start of measuring to the end of the window. */
  elapsedMs: number;
  medianMs: number;
  /** Rows a second by the clock, the time between calls included. */
  rowsPerSecond: number;
  rssBytes: number;
  /** Use of the accelerator from 0 to 1; null where nothing tells. */
  acceleratorUse: number | null;
}

/** Collects samples into windows. */
export class Monitor {
  readonly windows: MonitorWindow[] = [];
  #times: number[] = [];
  #from = 0;
  #startMs = 0;

  /**
   * @param rowsPerSample rows that a sample computes
   * @param rssBytes resident memory now
   */
  constructor(
    private readonly rowsPerSample: number,
    private readonly rssBytes: () => number,
  ) {}

  /** Takes a sample; every hundredth ends a window. */
  add(callMs: number, elapsedMs: number): void {
    this.#times.push(callMs);
    if (this.#times.length >= WINDOW_CALLS) this.#close(elapsedMs);
  }

  /** Ends the last window, which may be short. */
  end(elapsedMs: number): void {
    if (this.#times.length > 0) this.#close(elapsedMs);
  }

  #close(elapsedMs: number): void {
    const count = this.#times.length;
    this.windows.push({
      from: this.#from,
      count,
      elapsedMs,
      medianMs: median(this.#times),
      rowsPerSecond: count * this.rowsPerSample * 1000 / Math.max(elapsedMs - this.#startMs, 1e-6),
      rssBytes: this.rssBytes(),
      acceleratorUse: null,
    });
    this.#from += count;
    this.#startMs = elapsedMs;
    this.#times = [];
  }
}
