// What a study will need on disk, from what its trials are, before they are started.

import { statfs } from "node:fs/promises";
import { BEST_KEPT, type KeepWeights } from "./retention.ts";
import type { Trial } from "./trial.ts";

const WEIGHT_BYTES = 4;
/** A checkpoint on the way: parameters and two moments, and the weights of the best epoch. */
const STATE_VALUES = 4;
/** While it is replaced, the old one stands beside the new one. */
const COPIES = 2;
/** Epochs, attempts and definitions in the database, and files beside the weights. */
const BYTES_PER_TRIAL = 20_000;
const BYTES_PER_EPOCH = 600;
/** What SQLite writes before it folds it into the database: a thousand pages, and what comes until a reader lets go. */
const JOURNAL_BYTES = 6_000_000;

/** What an estimate depends on beside the trials. */
export interface DiskPlan {
  keepWeights: KeepWeights;
  /** How many are on this machine's disk while they run. */
  atOnce: number;
  /** Trials that an adaptive sampler has yet to suggest; each is taken to be as large as the largest one known. */
  unknown?: number;
}

/** The most that running `trials`, and those yet unknown, will take on disk at any time, in bytes; 0 when no trial is known. */
function diskBytes(trials: readonly Trial[], { keepWeights, atOnce, unknown = 0 }: DiskPlan): number {
  if (trials.length === 0) return 0;
  const known = trials.map(({ parameterCount }) => parameterCount).sort((a, b) => b - a);
  const sizes = [...Array<number>(unknown).fill(known[0]), ...known];
  const kept = keepWeights === "all" ? sizes : sizes.slice(0, BEST_KEPT);
  const epochs = trials.map(({ definition }) => definition.settings.epochs);
  const epochCount = sum(epochs) + unknown * epochs.reduce((most, count) => Math.max(most, count));
  const records = BYTES_PER_TRIAL * sizes.length + BYTES_PER_EPOCH * epochCount;
  return WEIGHT_BYTES * (sum(kept) + STATE_VALUES * COPIES * sum(sizes.slice(0, atOnce))) + records + JOURNAL_BYTES;
}

/** Looks whether the disk has room for a study's trials, and again when a larger one becomes known. */
export class DiskCheck {
  readonly #name: string;
  readonly #plan: Omit<DiskPlan, "unknown">;
  readonly #freeBytes: () => Promise<number | null>;
  #largest = 0;

  constructor(name: string, plan: Omit<DiskPlan, "unknown">, freeBytes: () => Promise<number | null>) {
    this.#name = name;
    this.#plan = plan;
    this.#freeBytes = freeBytes;
  }

  /**
   * @param trials those that wait
   * @param unknown how many an adaptive sampler has yet to suggest
   * @throws {Error} with what is needed and what is free
   */
  async admit(trials: readonly Trial[], unknown: number): Promise<void> {
    const largest = trials.reduce((most, { parameterCount }) => Math.max(most, parameterCount), 0);
    if (largest <= this.#largest) return;
    this.#largest = largest;
    refuseFullDisk(this.#name, diskBytes(trials, { ...this.#plan, unknown }), await this.#freeBytes());
  }
}

/**
 * Refuses a run for which the disk has no room.
 *
 * @throws {Error} with what is needed and what is free
 */
function refuseFullDisk(name: string, neededBytes: number, freeBytes: number | null): void {
  if (freeBytes === null || neededBytes <= freeBytes) return;
  throw new Error(
    `Cannot run study "${name}": expected ${megabytes(neededBytes)} of free disk for its checkpoints, got ${
      megabytes(freeBytes)
    }; free some (deno task clean lists what studies take), or keep fewer weights (keepWeights: "best")`,
  );
}

/** Bytes that may still be written to a folder's disk; null when that cannot be known. */
export async function freeDiskBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
