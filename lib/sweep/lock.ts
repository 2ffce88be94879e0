// One run of a study at a time. The lock is SQLite's own on an empty database file: the operating system drops it when the
// process ends, by whatever means, so a stale lock cannot exist. What the holder is called stands in the store (`runs`).
// Nothing else may open this file: on POSIX systems closing any handle of it would drop the lock of the whole process.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../process/mod.ts";
import { isBusy, loadSqlite, openDatabase } from "./sqlite.ts";

/** A held lock. */
export interface StudyLock {
  release(): void;
}

const LOCK_FILE = "lock.sqlite";
const TRIES = 10;
const BETWEEN_TRIES_MS = 100;

/**
 * The lock on a study's folder, which is made when missing; null when another run holds it. Tried for a second: a holder that was
 * just killed may not have ended yet, and one that just began has not said who it is.
 */
export async function takeLock(folder: string): Promise<StudyLock | null> {
  await loadSqlite(); // first: a program without it leaves no empty folder
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < TRIES; i++) {
    if (i > 0) await sleep(BETWEEN_TRIES_MS);
    const lock = await tryLock(folder);
    if (lock !== null) return lock;
  }
  return null;
}

async function tryLock(folder: string): Promise<StudyLock | null> {
  const database = await openDatabase(join(folder, LOCK_FILE), { timeoutMs: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return { release: () => database.close() };
}

/** A function that says whether a run holds the lock now. */
export async function lockProbe(folder: string): Promise<() => boolean> {
  const { DatabaseSync } = await loadSqlite();
  const path = join(folder, LOCK_FILE);
  return () => {
    if (!existsSync(path)) return false;
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.prepare("SELECT count(*) FROM sqlite_schema").get(); // a shared lock, which keeps out no other reader
      return false;
    } catch (error) {
      if (isBusy(error)) return true;
      throw error;
    } finally {
      database.close();
    }
  };
}
