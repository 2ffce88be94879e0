// What a study will need on disk, from what its trials are, before anything is started.

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

/**
 * The most that running `trials` will take on disk at any time, in bytes.
 *
 * @param atOnce how many run at once
 */
export function diskBytes(
  trials: readonly Trial[],
  { keepWeights, atOnce }: { keepWeights: KeepWeights; atOnce: number },
): number {
  const sizes = trials.map(({ parameterCount }) => parameterCount).sort((a, b) => b - a);
  const kept = keepWeights === "all" ? sizes : sizes.slice(0, BEST_KEPT);
  const records = trials.reduce(
    (sum, { definition }) => sum + BYTES_PER_TRIAL + BYTES_PER_EPOCH * definition.settings.epochs,
    0,
  );
  return WEIGHT_BYTES * (sum(kept) + STATE_VALUES * COPIES * sum(sizes.slice(0, atOnce))) + records;
}

/**
 * Refuses a run for which the disk has no room.
 *
 * @throws {Error} with what is needed and what is free
 */
export function refuseFullDisk(name: string, neededBytes: number, freeBytes: number | null): void {
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
