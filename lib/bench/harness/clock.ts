// The clock of a measurement. Tests give one of their own, so that what is measured is known and nothing waits.

/** Time as a measurement sees it. */
export interface Clock {
  /** Milliseconds since any moment. */
  nowMs(): number;
  /** Settles when `nowMs()` has reached a time. */
  sleepUntil(ms: number): Promise<void>;
}

/** A timer is late by up to this; the rest of a wait is spent looking at the clock. */
const TIMER_SLACK_MS = 2;

/** The machine's own clock, of better than a microsecond. */
export const wallClock: Clock = {
  nowMs: () => performance.now(),
  async sleepUntil(ms) {
    const leftMs = ms - performance.now() - TIMER_SLACK_MS;
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
    while (performance.now() < ms);
  },
};
