// A clock that moves only when it is told to.

import type { Clock } from "lib/bench/mod.ts";

/** A clock at 0 that calls move on by the times given, one after another and then again from the first. */
export class MadeClock implements Clock {
  #nowMs = 0;
  #calls = 0;
  sleeps = 0;

  constructor(private readonly callMs: readonly number[]) {}

  nowMs(): number {
    return this.#nowMs;
  }

  sleepUntil(ms: number): Promise<void> {
    this.sleeps++;
    this.#nowMs = Math.max(this.#nowMs, ms);
    return Promise.resolve();
  }

  /** Takes the next of the times. */
  readonly call = (): void => {
    this.#nowMs += this.callMs[this.#calls++ % this.callMs.length];
  };

  get calls(): number {
    return this.#calls;
  }
}
