// The tables of a study, their version, and the refusal of files that are something else. Stores of version 1 are brought to
// version 2 where they are (store_migration.ts); new ones are made by the same two steps, so that both are always alike.

import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, openDatabase, transaction } from "./sqlite.ts";
import { migrateFrom1 } from "./store_migration.ts";

/** Raised with every change of the tables. */
const STORE_VERSION = 2;

/** The tables as they were first; what came later is in store_migration.ts. */
export const TABLES_1 = `
CREATE TABLE programs (hash TEXT PRIMARY KEY, program TEXT NOT NULL);
CREATE TABLE machines (id TEXT PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE trials (
  key TEXT PRIMARY KEY,
  program TEXT NOT NULL REFERENCES programs(hash),
  settings TEXT NOT NULL,
  data TEXT NOT NULL,
  parameters TEXT NOT NULL,
  parameterCount INTEGER NOT NULL,
  createdAt TEXT NOT NULL
);
CREATE TABLE runs (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, startedAt TEXT NOT NULL, endedAt TEXT);
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  trial TEXT NOT NULL REFERENCES trials(key),
  number INTEGER NOT NULL,
  run INTEGER NOT NULL REFERENCES runs(id),
  machine TEXT NOT NULL REFERENCES machines(id),
  threads INTEGER NOT NULL,
  pid INTEGER,
  startedAt TEXT NOT NULL,
  endedAt TEXT,
  seconds REAL,
  outcome TEXT,
  message TEXT,
  stderrTail TEXT,
  baselineRssBytes INTEGER,
  peakRssBytes INTEGER,
  UNIQUE (trial, number)
);
CREATE TABLE epochs (
  trial TEXT NOT NULL REFERENCES trials(key),
  epoch INTEGER NOT NULL,
  attempt INTEGER NOT NULL REFERENCES attempts(id),
  summary TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (trial, epoch)
) WITHOUT ROWID;
CREATE TABLE results (
  trial TEXT PRIMARY KEY REFERENCES trials(key),
  attempt INTEGER NOT NULL REFERENCES attempts(id),
  result TEXT NOT NULL
);
`;

/**
 * Opens a study's database, brought to the present version.
 *
 * @param path of study.sqlite
 * @param label the path as messages show it
 * @param create makes it when missing; else null is given
 * @throws {Error} when the file is damaged, no database, not a study's, or of another version
 */
export async function openStudyDatabase(
  path: string,
  { label, create }: { label: string; create: boolean },
): Promise<Database | null> {
  if (!create && !existsSync(path)) return null;
  mkdirSync(dirname(path), { recursive: true });
  const database = await openDatabase(path);
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    // Looked at first without the write lock, so that a reader waits for nobody.
    if (versionOf(database) !== STORE_VERSION) transaction(database, () => prepareTables(database, label));
    if (create) checkIntegrity(database); // before a run; reading alone need not take that time
    return database;
  } catch (error) {
    database.close();
    throw isDamage(error) ? damaged(label, error) : error;
  }
}

function versionOf(database: Database): number {
  return (database.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

function prepareTables(database: Database, label: string): void {
  const version = versionOf(database);
  if (version === STORE_VERSION) return; // another process was faster
  const { count } = database.prepare("SELECT count(*) AS count FROM sqlite_schema").get() as { count: number };
  if (version === 0 && count > 0) {
    throw new Error(`Cannot open ${label}: expected a study's database, got tables of something else`);
  }
  if (version !== 0 && version !== 1) throw wrongVersion(label, version);
  if (version === 0) database.exec(TABLES_1);
  migrateFrom1(database);
  database.exec(`PRAGMA user_version = ${STORE_VERSION}`);
}

function wrongVersion(label: string, version: number): Error {
  const whose = version > STORE_VERSION ? "a newer" : "an older";
  return new Error(
    `Cannot open ${label}: expected schema version ${STORE_VERSION}, got ${version}, written by ${whose} version of this project; ` +
      "use that version, or move the study's folder away to start anew",
  );
}

function checkIntegrity(database: Database): void {
  const row = database.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
  if (row.quick_check !== "ok") throw new Error(`database disk image is malformed: ${row.quick_check}`);
}

function isDamage(error: unknown): boolean {
  return /malformed|not a database|disk I\/O error/.test(String((error as Error)?.message));
}

function damaged(label: string, cause: unknown): Error {
  return new Error(
    `Cannot open ${label}: the database is damaged (${
      (cause as Error).message
    }); move the study's folder away to start anew, ` +
      "its checkpoints stay readable",
    { cause },
  );
}
