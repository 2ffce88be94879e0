// What is started next: trials in their order, except that one that does not fit beside what runs lets smaller ones go first, those
// that must run alone come last, and with a pruner the other seeds of a configuration wait for its first.

import type { Configurations } from "./configurations.ts";
import type { Trial } from "./trial.ts";

/** A trial that waits. */
export interface WaitingTrial {
  trial: Trial;
  /** Nothing may run beside it. */
  alone: boolean;
}

/** How many are asked of the executor each time; more would all be refused for the same reason. */
const MOST_ASKED = 64;

/** The trials that wait. */
export class Schedule {
  readonly #configurations: Configurations;
  readonly #firstSeedFirst: boolean;
  #waiting: WaitingTrial[] = [];

  /** @param firstSeedFirst all configurations are tried with their first seed before any with its second */
  constructor(configurations: Configurations, { firstSeedFirst }: { firstSeedFirst: boolean }) {
    this.#configurations = configurations;
    this.#firstSeedFirst = firstSeedFirst;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Puts trials at the end; of several at once, the first seeds first where that is the rule. */
  add(trials: readonly Trial[], { alone = false } = {}): void {
    const added = trials.map((trial) => ({ trial, alone }));
    if (this.#firstSeedFirst) {
      const rank = new Map(trials.map((trial) => [trial, this.#replica(trial)]));
      added.sort((a, b) => rank.get(a.trial)! - rank.get(b.trial)!);
    }
    this.#waiting.push(...added);
  }

  /** Takes a trial out; false when it does not wait. */
  remove(key: string): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter(({ trial }) => trial.key !== key);
    return this.#waiting.length < before;
  }

  /**
   * Takes out the trial to start now.
   *
   * @returns "blocked" when trials could start but the executor admits none, "none" when none could
   */
  next(admits: (waiting: WaitingTrial) => boolean): WaitingTrial | "blocked" | "none" {
    let asked = 0;
    for (const alone of [false, true]) {
      for (let i = 0; i < this.#waiting.length && asked < MOST_ASKED; i++) {
        const waiting = this.#waiting[i];
        if (waiting.alone !== alone || !this.#mayStart(waiting.trial)) continue;
        asked++;
        if (!admits(waiting)) continue;
        this.#waiting.splice(i, 1);
        return waiting;
      }
    }
    return asked > 0 ? "blocked" : "none";
  }

  #mayStart(trial: Trial): boolean {
    if (!this.#firstSeedFirst) return true;
    const [first] = this.#configurations.of(trial).members;
    return first.trial === trial || !["waiting", "running", "interrupted"].includes(first.state);
  }

  #replica(trial: Trial): number {
    return this.#configurations.of(trial).members.findIndex((member) => member.trial === trial);
  }
}
