// Attempts in a study's database: begun, heard of, ended. An attempt commits only while its token is its trial's highest, so that each trial
// has one result at most. The functions that write are called inside a transaction.

import type { EpochSummary } from "../train/mod.ts";
import type { TrialResult } from "./messages.ts";
import type { Database } from "./sqlite.ts";
import { all, changeTrial, run } from "./store_changes.ts";
import { bestOf } from "./store_migration.ts";
import { standing } from "./store_read.ts";
import { type AttemptEnd, type AttemptStartRow, type Outcome, stateAfter, type StoredAttempt } from "./store_types.ts";

/** Why something was not written: one sentence. */
export interface Refusal {
  refused: string;
}

const now = () => new Date().toISOString();

/** Begins an attempt and gives its id; see `StudyStore.beginAttempt`. */
export function beginAttempt(database: Database, trial: string, start: AttemptStartRow): number | Refusal {
  const { run: number, machine, threads, token, pid = null, worker = null } = start;
  const known = standing(database, trial);
  if (known === null) throw new RangeError(`Cannot begin an attempt: expected a stored trial, got ${trial}`);
  if (known.state === "finished") {
    return { refused: `the trial has finished already, so attempt ${token} is not begun` };
  }
  if (token <= known.token) return { refused: `attempt ${token} was overtaken by attempt ${known.token}` };
  for (const attempt of openAttemptsOf(database, trial)) {
    abandonAttempt(database, attempt, { outcome: "lost", message: `another attempt was started (${token})` });
  }
  const at = now();
  const id = run(
    database,
    `INSERT INTO attempts (trial, number, token, run, machine, worker, threads, pid, startedAt, heardAt)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[trial, known.attempts + 1, token, number, machine, worker, threads, pid, at, at],
  );
  changeTrial(
    database,
    trial,
    "state = 'running', message = NULL, attempts = attempts + 1, token = ?, machine = ?",
    token,
    machine,
  );
  return id;
}

/** Writes an epoch down; later ones of an earlier attempt go. */
export function saveEpoch(database: Database, trial: string, attempt: number, summary: EpochSummary): void {
  const { epoch, seconds, validation } = summary;
  const { best, trainSeconds } = standing(database, trial)!;
  const at = now();
  const isBest = epoch === 1 || best === null || validation.loss < best.validation.loss;
  const revision = changeTrial(
    database,
    trial,
    "epochs = ?, best = ?, trainSeconds = ?",
    epoch,
    JSON.stringify(isBest ? { epoch, validation } : best),
    epoch === 1 ? seconds : trainSeconds + seconds,
  );
  run(database, "DELETE FROM epochs WHERE trial = ? AND epoch > ?", trial, epoch);
  run(
    database,
    "INSERT OR REPLACE INTO epochs (trial, epoch, attempt, summary, at, revision) VALUES (?, ?, ?, ?, ?, ?)",
    ...[trial, epoch, attempt, JSON.stringify(summary), at, revision],
  );
  run(database, "UPDATE attempts SET heardAt = ? WHERE id = ?", at, attempt);
}

/** Ends an attempt and saves its result; see `StudyStore.endAttempt`. */
export function endAttempt(database: Database, trial: string, token: number, end: AttemptEnd): Refusal | null {
  const { outcome, message, stderrTail, seconds, peakRssBytes, result } = end;
  const known = standing(database, trial);
  if (known === null) return { refused: "the trial is not stored" };
  if (token !== known.token) return { refused: `attempt ${token} was overtaken by attempt ${known.token}` };
  const attempt = openAttemptsOf(database, trial).find((open) => open.token === token);
  if (attempt === undefined) return { refused: `attempt ${token} has ended already` };
  run(
    database,
    "UPDATE attempts SET endedAt = ?, seconds = ?, outcome = ?, message = ?, stderrTail = ?, peakRssBytes = ? WHERE id = ?",
    ...[now(), seconds, outcome, message, result === null ? stderrTail : null, peakRssBytes, attempt.id],
  );
  changeTrial(
    database,
    trial,
    "state = ?, outcome = ?, message = ?, seconds = seconds + ?",
    ...[stateAfter(outcome), outcome, message, seconds],
  );
  if (result !== null) saveResult(database, { trial, attempt: attempt.id, result });
  return null;
}

/** Ends an attempt of which nothing more will be heard, at the time of the last thing known of it. */
export function abandonAttempt(
  database: Database,
  { id, trial, startedAt, heardAt }: StoredAttempt,
  { outcome, message }: { outcome: Outcome; message: string },
): void {
  const endedAt = heardAt ?? startedAt;
  const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  run(
    database,
    "UPDATE attempts SET endedAt = ?, seconds = ?, outcome = ?, message = ? WHERE id = ?",
    ...[endedAt, seconds, outcome, message, id],
  );
  run(database, "UPDATE trials SET seconds = seconds + ?, outcome = ? WHERE key = ?", seconds, outcome, trial);
}

function saveResult(
  database: Database,
  { trial, attempt, result }: { trial: string; attempt: number; result: TrialResult },
): void {
  const { history } = result;
  run(database, "INSERT INTO results VALUES (?, ?, ?)", trial, attempt, JSON.stringify(result));
  const trainSeconds = history.reduce((sum, { seconds }) => sum + seconds, 0);
  const columns = "epochs = ?, best = ?, trainSeconds = ?";
  changeTrial(database, trial, columns, history.length, bestOf(result), trainSeconds);
}

function openAttemptsOf(database: Database, trial: string): StoredAttempt[] {
  return all(database, "SELECT * FROM attempts WHERE trial = ? AND endedAt IS NULL", trial);
}
