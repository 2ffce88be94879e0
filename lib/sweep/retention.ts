// Which checkpoints stay. A trial that has finished keeps its weights only (the training loop leaves the optimizer's state out); of
// those, a study may keep the best and the pinned ones. What cannot go on leaves nothing.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { compareValues, type Objective, objectiveValues } from "./objective.ts";
import { folderBytes } from "./cleaning.ts";
import type { Outcome, StudyStore } from "./store.ts";
import { keptCheckpoints } from "./store_read.ts";

/** How many of the best trials keep their weights with "best", beside those that are pinned. */
export const BEST_KEPT = 3;

/** Whose weights a study keeps. */
export type KeepWeights = "all" | "best";

/** Keeps what a study says, and removes the rest. */
export class Retention {
  readonly #store: StudyStore;
  readonly #definition: number;
  readonly #objective: Objective;
  readonly #keep: KeepWeights;

  constructor(
    store: StudyStore,
    { definition, objective, keep }: { definition: number; objective: Objective; keep: KeepWeights },
  ) {
    this.#store = store;
    this.#definition = definition;
    this.#objective = objective;
    this.#keep = keep;
  }

  /** After an attempt has ended and its process is gone. */
  async ended(key: string, outcome: Outcome): Promise<void> {
    if (outcome === "finished") {
      this.#store.noteCheckpoint(key, await folderBytes(join(this.#store.folder, key)).catch(() => 0));
      await this.thin();
      return;
    }
    // Nothing goes on from these. One that failed otherwise goes on from its checkpoint.
    const over = outcome === "pruned" || outcome === "cancelled" || outcome === "diverged";
    if (over && !this.#store.standing(key)!.pinned) await this.#remove(key);
  }

  /** Removes the weights of finished trials that are neither among the best nor pinned. */
  async thin(): Promise<void> {
    if (this.#keep === "all") return;
    const valued = keptCheckpoints(this.#store.database, this.#definition).map((trial) => ({
      trial,
      value: objectiveValues([this.#objective], trial)[0],
    }));
    valued.sort((a, b) => compareValues(this.#objective, a.value, b.value) || a.trial.number - b.trial.number);
    for (const { trial } of valued.slice(BEST_KEPT)) {
      if (!trial.pinned) await this.#remove(trial.key);
    }
  }

  async #remove(key: string): Promise<void> {
    await rm(join(this.#store.folder, key), { recursive: true, force: true });
    this.#store.noteCheckpoint(key, 0);
  }
}
