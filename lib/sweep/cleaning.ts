// What studies take on disk, and removing them.

import { existsSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkStudyName, projectEnvironment, projectRelative } from "./environment.ts";
import { takeLock } from "./lock.ts";
import { StudyStore } from "./store.ts";
import { countStates } from "./store_read.ts";

/** What a study takes on disk. */
export interface StudySize {
  name: string;
  /** Database, logs and checkpoints. */
  bytes: number;
  /** Stored trials, those of earlier definitions too; null when the database cannot be read. */
  trials: number | null;
  finished: number | null;
}

/** Options of the functions in this file. */
export interface CleaningOptions {
  /** Default: the project's checkpoints/. */
  checkpointsFolder?: string;
}

/** The studies there are, by name. */
export async function studySizes(options: CleaningOptions = {}): Promise<StudySize[]> {
  const { checkpointsFolder = projectEnvironment().checkpointsFolder } = options;
  if (!existsSync(checkpointsFolder)) return [];
  const sizes: StudySize[] = [];
  for (const name of (await readdir(checkpointsFolder)).sort()) {
    const folder = join(checkpointsFolder, name);
    if (!existsSync(join(folder, "study.sqlite"))) continue;
    sizes.push({ name, bytes: await folderBytes(folder), ...await trialCounts(folder) });
  }
  return sizes;
}

/**
 * Removes a study with all its trials and checkpoints.
 *
 * @returns the bytes that were freed
 * @throws {RangeError} when there is no such study
 * @throws {Error} when it is being run
 */
export async function removeStudy(name: string, options: CleaningOptions = {}): Promise<number> {
  checkStudyName(name);
  const { checkpointsFolder = projectEnvironment().checkpointsFolder } = options;
  const folder = join(checkpointsFolder, name);
  if (!existsSync(join(folder, "study.sqlite"))) {
    const names = (await studySizes({ checkpointsFolder })).map((size) => size.name).join(", ") || "none";
    throw new RangeError(`Cannot remove study "${name}": expected one of those there are (${names})`);
  }
  const lock = await takeLock(folder);
  if (lock === null) throw new Error(`Cannot remove study "${name}": it is being run`);
  try {
    const bytes = await folderBytes(folder);
    await rm(folder, { recursive: true });
    return bytes;
  } finally {
    lock.release();
  }
}

async function trialCounts(folder: string): Promise<Pick<StudySize, "trials" | "finished">> {
  try {
    const store = await StudyStore.openExisting(folder, projectRelative(folder));
    if (store === null) return { trials: null, finished: null };
    const counts = countStates(store.database, null);
    store.close();
    return {
      trials: [...counts.values()].reduce((sum, count) => sum + count, 0),
      finished: counts.get("finished") ?? 0,
    };
  } catch {
    return { trials: null, finished: null }; // damaged: its size is told all the same, so that it can be removed
  }
}

/** Bytes of all files below a folder. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    // A run may remove a temporary file meanwhile.
    bytes += entry.isDirectory() ? await folderBytes(path) : await lstat(path).then(({ size }) => size, () => 0);
  }
  return bytes;
}
