// How a study's database is written to: statements that are prepared once, and changes of trials that raise the revision by which readers
// see what is new.

import { type Database, statement } from "./sqlite.ts";

/** A value that a column takes. */
export type SqlValue = string | number | null;

/** Runs a statement; gives the id of the row that it has inserted. */
export function run(database: Database, sql: string, ...values: SqlValue[]): number {
  return Number(statement(database, sql).run(...values).lastInsertRowid);
}

/** The first row, if any. */
export function get<Result>(database: Database, sql: string, ...values: SqlValue[]): Result | undefined {
  return statement(database, sql).get(...values) as Result | undefined;
}

/** All rows. */
export function all<Result>(database: Database, sql: string, ...values: SqlValue[]): Result[] {
  return statement(database, sql).all(...values) as unknown as Result[];
}

/** Raises the study's revision; gives the new one. */
export function raiseRevision(database: Database): number {
  const sql = "UPDATE counters SET value = value + 1 WHERE name = 'revision' RETURNING value";
  return get<{ value: number }>(database, sql)!.value;
}

/** Changes columns of a trial; gives its new revision. */
export function changeTrial(database: Database, trial: string, columns: string, ...values: SqlValue[]): number {
  const revision = raiseRevision(database);
  run(database, `UPDATE trials SET ${columns}, revision = ? WHERE key = ?`, ...values, revision, trial);
  return revision;
}
