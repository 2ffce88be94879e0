// The processes of a pool: which one takes the next trial, and which ones are replaced.

import { TrialChild } from "./trial_child.ts";

/** Options of `TrialChildren`. */
export interface TrialChildrenOptions {
  trialModule: string;
  /** Processes at once, at most. */
  most: number;
  /** Resident memory beyond which a process is killed. */
  memoryLimitBytes: number;
  /** Called when the memory of one was looked at. */
  onMemory?: () => void;
}

/** What a trial wants of its process. */
export interface ChildWish {
  /** One that has served no other trial. */
  fresh: boolean;
  /** Waits for what is being freed, and ends those that would be idle beside it, for want of memory. */
  sparing: boolean;
}

/** A process that holds that much more than before its first trial is replaced: what it does not give back, another cannot have. */
const MOST_KEPT_BYTES = 256 * 2 ** 20;

/** Keeps processes. */
export class TrialChildren {
  readonly #options: TrialChildrenOptions;
  readonly #children = new Set<TrialChild>();
  #waiting: (() => void)[] = [];
  /** Processes are given out one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: TrialChildrenOptions) {
    this.#options = options;
  }

  /** Of all processes, idle ones too, as they last said. */
  get rssBytes(): number {
    return rssOf([...this.#children]);
  }

  /** Of those that serve no trial: idle, or freeing what their last one needed. */
  get unservingBytes(): number {
    return rssOf([...this.#children].filter(({ state }) => state !== "busy"));
  }

  /** Ends idle processes at once; whether some are on their way out now, these or others. */
  endIdle(): boolean {
    for (const child of this.#in("idle")) child.dismiss();
    return [...this.#children].some(({ dying }) => dying);
  }

  /** An idle process, or a new one; it is taken from now on. Waits until there is room for one. */
  take(wish: ChildWish): Promise<TrialChild> {
    const taken = this.#turn.then(() => this.#take(wish));
    this.#turn = taken.catch(() => {});
    return taken;
  }

  /** Ends all, also those that are busy. */
  async close(): Promise<void> {
    const children = [...this.#children];
    for (const child of children) {
      if (child.state === "busy") child.end({ outcome: "killed", message: "was ended with the pool" });
    }
    await Promise.all(children.map((child) => child.close()));
  }

  async #take(wish: ChildWish): Promise<TrialChild> {
    while (true) {
      if (wish.sparing && this.#in("settling").length > 0) {
        await this.#change();
        continue;
      }
      const idle = this.#in("idle");
      const chosen = idle.find((child) => isUsable(child, wish));
      const ending = idle.filter((child) => child !== chosen && (wish.sparing || !isUsable(child, wish)));
      await Promise.all(ending.map((child) => child.close()));
      if (chosen?.state === "idle") return claimed(chosen); // it may have died meanwhile
      if (this.#children.size < this.#options.most) return claimed(this.#start());
      await this.#change();
    }
  }

  /** Until a process is idle, or has ended. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #in(state: TrialChild["state"]): TrialChild[] {
    return [...this.#children].filter((child) => child.state === state);
  }

  #start(): TrialChild {
    const { trialModule, memoryLimitBytes, onMemory = () => {} } = this.#options;
    const child = new TrialChild({
      trialModule,
      memoryLimitBytes,
      onMemory,
      onChange: (changed) => {
        if (changed.state === "ended") this.#children.delete(changed);
        for (const wake of this.#waiting.splice(0)) wake();
      },
    });
    this.#children.add(child);
    return child;
  }
}

function rssOf(children: readonly TrialChild[]): number {
  return children.reduce((total, { rssBytes }) => total + rssBytes, 0);
}

function claimed(child: TrialChild): TrialChild {
  child.state = "busy";
  return child;
}

function isUsable(child: TrialChild, { fresh }: ChildWish): boolean {
  if (fresh) return child.orders === 0;
  return child.reusable && child.rssBytes <= child.baselineBytes + MOST_KEPT_BYTES;
}
