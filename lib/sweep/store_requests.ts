// Requests of readers (the studio, the command line) to the run of a study, which may be another process: rows that the run takes
// up within a second. Pins need no run.

import { statement, transaction } from "./sqlite.ts";
import type { StudyStore } from "./store.ts";
import type { OpenRequest, RequestKind } from "./store_types.ts";

/**
 * Asks something for a trial.
 *
 * @throws {RangeError} when there is no such trial or no such kind of request
 */
export function saveRequest({ database }: StudyStore, kind: RequestKind, trial: string): void {
  if (!["cancel", "retry", "pin", "unpin"].includes(kind)) {
    throw new RangeError(`Cannot request: expected cancel, retry, pin or unpin, got ${JSON.stringify(kind)}`);
  }
  const at = new Date().toISOString();
  const pins = kind === "pin" || kind === "unpin";
  transaction(database, () => {
    const known = statement(database, "SELECT 1 FROM trials WHERE key = ?").get(trial);
    if (known === undefined) {
      throw new RangeError(`Cannot ${kind}: expected the key of a stored trial, got ${JSON.stringify(trial)}`);
    }
    statement(database, "UPDATE counters SET value = value + 1 WHERE name = 'revision'").run();
    if (pins) {
      statement(
        database,
        "UPDATE trials SET pinned = ?, revision = (SELECT value FROM counters WHERE name = 'revision') WHERE key = ?",
      ).run(kind === "pin" ? 1 : 0, trial);
    }
    statement(database, "INSERT INTO requests (kind, trial, at, answeredAt, answer) VALUES (?, ?, ?, ?, ?)")
      .run(kind, trial, at, pins ? at : null, pins ? "done" : null);
  });
}

/** Requests that no run has taken up, in order. */
export function openRequests({ database }: StudyStore): OpenRequest[] {
  return statement(database, "SELECT id, kind, trial FROM requests WHERE answeredAt IS NULL ORDER BY id")
    .all() as unknown as OpenRequest[];
}

/** Notes what became of a request. */
export function answerRequest({ database }: StudyStore, id: number, answer: string): void {
  statement(database, "UPDATE requests SET answeredAt = ?, answer = ? WHERE id = ?").run(
    new Date().toISOString(),
    answer,
    id,
  );
}
