// Time as a machine lives it: while it sleeps, or while this process is stopped, deadlines do not run.

/** Where the time comes from; tests give their own. */
export interface Clocks {
  /** Rises steadily; on some systems it stops while the machine sleeps. */
  monotonicMs(): number;
  /** The calendar's time, which goes on. */
  wallMs(): number;
}

/** This process's clocks. */
const SYSTEM_CLOCKS: Clocks = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** A gap between two looks that is longer than that is a pause. */
const LONGEST_GAP_MS = 10_000;

/**
 * Counts time between looks. A gap of more than ten seconds, on either clock, was a sleep of the machine or a stop of this process:
 * it counts as nothing, and `look` gives its length.
 */
export class AwakeClock {
  readonly #clocks: Clocks;
  #monotonicMs: number;
  #wallMs: number;
  #awakeMs = 0;

  constructor(clocks: Clocks = SYSTEM_CLOCKS) {
    this.#clocks = clocks;
    this.#monotonicMs = clocks.monotonicMs();
    this.#wallMs = clocks.wallMs();
  }

  /** Time awake until the last look, in milliseconds. */
  get awakeMs(): number {
    return this.#awakeMs;
  }

  /** To be called more often than every ten seconds. Gives the length of a pause that has just ended, in milliseconds, else 0. */
  look(): number {
    const { monotonicMs, wallMs } = this.#clocks;
    const [nowMs, nowWallMs] = [monotonicMs(), wallMs()];
    const gapMs = nowMs - this.#monotonicMs;
    const wallGapMs = nowWallMs - this.#wallMs;
    this.#monotonicMs = nowMs;
    this.#wallMs = nowWallMs;
    // A wall clock that was set back says nothing.
    if (gapMs > LONGEST_GAP_MS || wallGapMs - gapMs > LONGEST_GAP_MS) return Math.max(gapMs, wallGapMs);
    this.#awakeMs += gapMs;
    return 0;
  }
}
