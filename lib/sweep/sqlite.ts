// SQLite through node:sqlite, which Deno and newer Nodes have built in: opening a database so that several processes can use
// it, and sentences in place of SQLite's own when that fails.

import process from "node:process";
import type { DatabaseSync, StatementSync } from "node:sqlite";

export type Database = DatabaseSync;

const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens (and, where there is none, makes) a database.
 *
 * @param timeoutMs how long a statement waits for another process's transaction
 * @throws {Error} when this program has no node:sqlite
 */
export async function openDatabase(
  path: string,
  { timeoutMs = BUSY_TIMEOUT_MS }: { timeoutMs?: number } = {},
): Promise<Database> {
  const { DatabaseSync } = await loadSqlite();
  return new DatabaseSync(path, { timeout: timeoutMs });
}

/**
 * Runs `action` in a transaction that takes the write lock at its start: one that reads first and then writes would lose against
 * another writer, whatever the timeout.
 */
export function transaction<Result>(database: Database, action: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = action();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction !== false) rollback(database);
    throw error;
  }
}

const prepared = new WeakMap<Database, Map<string, StatementSync>>();

/** A statement that is compiled once for each connection. */
export function statement(database: Database, sql: string): StatementSync {
  const statements = prepared.get(database) ?? new Map<string, StatementSync>();
  prepared.set(database, statements);
  const known = statements.get(sql) ?? database.prepare(sql);
  statements.set(sql, known);
  return known;
}

/** Whether SQLite refused because there is no room on the disk. */
export function isFull(error: unknown): boolean {
  return /database or disk is full/.test(String((error as Error)?.message));
}

/** Whether SQLite refused because another connection holds a lock. */
export function isBusy(error: unknown): boolean {
  return /database is locked/.test(String((error as Error)?.message));
}

function rollback(database: Database): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself (the disk is full), and the first error is the one to tell.
  }
}

/**
 * The module node:sqlite.
 *
 * @throws {Error} when this program has none, saying which programs have
 */
export async function loadSqlite(): Promise<typeof import("node:sqlite")> {
  try {
    return await import("node:sqlite");
  } catch (cause) {
    const program = "deno" in process.versions ? `Deno ${process.versions.deno}` : `Node ${process.versions.node}`;
    throw new Error(
      `Cannot keep a study: expected a program with node:sqlite (Deno 2.2 or Node 22.13 and newer), got ${program}`,
      { cause },
    );
  }
}
