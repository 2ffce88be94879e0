// What is known of a study, in SQLite: definitions, attempts, epochs, results. Every change is one transaction, so that a
// process killed at any moment leaves whole facts only, and raises the revision of what it changes. An attempt commits only
// while its token is its trial's highest. A study whose definition changed leaves its old trials here.

import { join } from "node:path";
import type { MachineFacts } from "../record/mod.ts";
import type { EpochSummary } from "../train/mod.ts";
import type { TrialResult } from "./messages.ts";
import { type Database, statement, transaction } from "./sqlite.ts";
import { bestOf } from "./store_migration.ts";
import { allStandings, allTrials, type ReadOptions, standing } from "./store_read.ts";
import { openStudyDatabase } from "./store_schema.ts";
import {
  type AttemptEnd,
  type AttemptStartRow,
  type OpenRun,
  type Outcome,
  stateAfter,
  type StoredAttempt,
  type StoredTrial,
  type TrialStanding,
  type TrialState,
} from "./store_types.ts";
import { programHash, type Trial, type TrialDefinition } from "./trial.ts";

export type { AttemptEnd, OpenRun, Outcome, StoredAttempt, StoredTrial } from "./store_types.ts";

/** Why something was not written: one sentence. */
export interface Refusal {
  refused: string;
}

const now = () => new Date().toISOString();

/** A study's database. Its folder also holds the lock and a folder of checkpoints for each trial. */
export class StudyStore {
  readonly folder: string;
  /** For store_definitions.ts and store_requests.ts, which hold the other tables. */
  readonly database: Database;

  /** Use `StudyStore.open`. */
  private constructor(folder: string, database: Database) {
    this.folder = folder;
    this.database = database;
  }

  /** The store in a folder, made when missing. `label` is the folder as messages show it. */
  static async open(folder: string, label: string): Promise<StudyStore> {
    const database = await openStudyDatabase(join(folder, "study.sqlite"), {
      label: `${label}/study.sqlite`,
      create: true,
    });
    return new StudyStore(folder, database!);
  }

  /** The store in a folder, or null when there is none. */
  static async openExisting(folder: string, label: string): Promise<StudyStore | null> {
    const options = { label: `${label}/study.sqlite`, create: false };
    const database = await openStudyDatabase(join(folder, "study.sqlite"), options);
    return database && new StudyStore(folder, database);
  }

  close(): void {
    this.database.close();
  }

  /** Stores definitions that are new, and the present names of those already known. `definition`: the study's, by its number. */
  saveTrials(trials: readonly Trial[], definition: number | null = null): void {
    const at = now();
    const saved = new Set<string>();
    transaction(this.database, () => {
      const revision = this.#raise();
      for (const { key, parameters, parameterCount, definition: { program, settings, data } } of trials) {
        const hash = programHash(program);
        if (!saved.has(hash)) {
          this.#run("INSERT INTO programs VALUES (?, ?) ON CONFLICT DO NOTHING", hash, JSON.stringify(program));
        }
        saved.add(hash);
        this.#run(
          `INSERT INTO trials (key, program, settings, data, parameters, parameterCount, createdAt, definition, revision, number)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(number), 0) + 1 FROM trials))
           ON CONFLICT (key) DO UPDATE SET
             parameters = excluded.parameters, definition = excluded.definition, revision = excluded.revision
           WHERE parameters <> excluded.parameters OR definition IS NOT excluded.definition`,
          ...[key, hash, JSON.stringify(settings), JSON.stringify(data), JSON.stringify(parameters), parameterCount],
          ...[at, definition, revision],
        );
      }
    });
  }

  /** The definition of a trial, of strangers too. */
  definition(key: string, programs: Map<string, TrialDefinition["program"]> = new Map()): TrialDefinition | null {
    const row = this.#get<{ hash: string; program: string; settings: string; data: string }>(
      "SELECT hash, programs.program, settings, data FROM trials JOIN programs ON programs.hash = trials.program WHERE key = ?",
      key,
    );
    if (row === undefined) return null;
    const program = programs.get(row.hash) ?? JSON.parse(row.program);
    programs.set(row.hash, program);
    return { program, settings: JSON.parse(row.settings), data: JSON.parse(row.data) };
  }

  beginRun(
    pid: number,
    { definition = null, executor = null }: { definition?: number | null; executor?: string | null } = {},
  ): number {
    const sql = "INSERT INTO runs (pid, startedAt, definition, executor) VALUES (?, ?, ?, ?)";
    return this.#run(sql, pid, now(), definition, executor);
  }

  openRuns(): OpenRun[] {
    return this.#all("SELECT id, pid, startedAt FROM runs WHERE endedAt IS NULL ORDER BY id");
  }

  /** Attempts without an end: while no run is under way, those whose run was killed. */
  openAttempts(): StoredAttempt[] {
    return this.#all("SELECT * FROM attempts WHERE endedAt IS NULL ORDER BY id");
  }

  /** Ends what is open: the run that ends now, or what a killed process left. Attempts get the time of the last thing known of them. */
  closeOpen(): void {
    transaction(this.database, () => {
      const revision = this.#raise();
      for (const attempt of this.openAttempts()) this.#abandon(attempt, "interrupted", "the run ended before it");
      this.#run("UPDATE trials SET state = 'interrupted', revision = ? WHERE state = 'running'", revision);
      this.#run("UPDATE runs SET endedAt = ? WHERE endedAt IS NULL", now());
    });
  }

  saveMachine(facts: MachineFacts): void {
    const sql = "INSERT INTO machines VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET facts = excluded.facts";
    this.#run(sql, facts.id, JSON.stringify(facts));
  }

  machines(): MachineFacts[] {
    return this.#all<{ facts: string }>("SELECT facts FROM machines ORDER BY id").map(({ facts }) => JSON.parse(facts));
  }

  /**
   * Notes that a trial starts; gives the attempt's id. Refused when the token is not above those of all its attempts before, or
   * the trial has a result. An attempt that is open ends as lost.
   */
  beginAttempt(trial: string, start: AttemptStartRow): number | Refusal {
    const { run, machine, threads, token, pid = null, worker = null } = start;
    return transaction(this.database, () => {
      const known = this.standing(trial);
      if (known === null) throw new RangeError(`Cannot begin an attempt: expected a stored trial, got ${trial}`);
      if (known.state === "finished") {
        return { refused: `the trial has finished already, so attempt ${token} is not begun` };
      }
      if (token <= known.token) return { refused: `attempt ${token} was overtaken by attempt ${known.token}` };
      for (const attempt of this.#openAttemptsOf(trial)) {
        this.#abandon(attempt, "lost", `another attempt was started (${token})`);
      }
      const at = now();
      const id = this.#run(
        `INSERT INTO attempts (trial, number, token, run, machine, worker, threads, pid, startedAt, heardAt)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[trial, known.attempts + 1, token, run, machine, worker, threads, pid, at, at],
      );
      this.#change(
        trial,
        "state = 'running', message = NULL, attempts = attempts + 1, token = ?, machine = ?",
        token,
        machine,
      );
      return id;
    });
  }

  noteBaseline(attempt: number, baselineRssBytes: number): void {
    this.#run("UPDATE attempts SET baselineRssBytes = ?, heardAt = ? WHERE id = ?", baselineRssBytes, now(), attempt);
  }

  /** An epoch; one that was run before the trial was interrupted is replaced by its repetition, later ones go. */
  saveEpoch(trial: string, attempt: number, summary: EpochSummary): void {
    const { epoch, seconds, validation } = summary;
    transaction(this.database, () => {
      const { best, trainSeconds } = this.standing(trial)!;
      const at = now();
      const revision = this.#change(
        trial,
        "epochs = ?, best = ?, trainSeconds = ?",
        epoch,
        epoch === 1 || best === null || validation.loss < best.validation.loss
          ? JSON.stringify({ epoch, validation })
          : JSON.stringify(best),
        epoch === 1 ? seconds : trainSeconds + seconds,
      );
      this.#run("DELETE FROM epochs WHERE trial = ? AND epoch > ?", trial, epoch);
      this.#run(
        "INSERT OR REPLACE INTO epochs (trial, epoch, attempt, summary, at, revision) VALUES (?, ?, ?, ?, ?, ?)",
        ...[trial, epoch, attempt, JSON.stringify(summary), at, revision],
      );
      this.#run("UPDATE attempts SET heardAt = ? WHERE id = ?", at, attempt);
    });
  }

  /**
   * The end of an attempt and its result, in one transaction. Refused, so that each trial has one result at most, when another
   * attempt was begun since, or this one has ended already.
   */
  endAttempt(trial: string, token: number, end: AttemptEnd): Refusal | null {
    const { outcome, message, stderrTail, seconds, peakRssBytes, result } = end;
    return transaction(this.database, () => {
      const known = this.standing(trial);
      if (known === null) return { refused: "the trial is not stored" };
      if (token !== known.token) return { refused: `attempt ${token} was overtaken by attempt ${known.token}` };
      const attempt = this.#openAttemptsOf(trial).find((open) => open.token === token);
      if (attempt === undefined) return { refused: `attempt ${token} has ended already` };
      this.#run(
        "UPDATE attempts SET endedAt = ?, seconds = ?, outcome = ?, message = ?, stderrTail = ?, peakRssBytes = ? WHERE id = ?",
        ...[now(), seconds, outcome, message, result === null ? stderrTail : null, peakRssBytes, attempt.id],
      );
      this.#change(
        trial,
        "state = ?, outcome = ?, message = ?, seconds = seconds + ?",
        stateAfter(outcome),
        outcome,
        message,
        seconds,
      );
      if (result !== null) this.#saveResult(trial, attempt.id, result);
      return null;
    });
  }

  /** What becomes of a trial without an attempt: skipped, cancelled, impossible here, or to be run again. */
  setState(
    trial: string,
    state: TrialState,
    { outcome = null, message = null }: { outcome?: Outcome | null; message?: string | null } = {},
  ): void {
    transaction(
      this.database,
      () => void this.#change(trial, "state = ?, outcome = ?, message = ?", state, outcome, message),
    );
  }

  /** What a trial's checkpoint takes on disk; 0 when it was removed. */
  noteCheckpoint(trial: string, bytes: number): void {
    transaction(this.database, () => void this.#change(trial, "checkpointBytes = ?", bytes));
  }

  /** Epochs of a trial, in order. */
  epochs(trial: string): EpochSummary[] {
    const rows = this.#all<{ summary: string }>("SELECT summary FROM epochs WHERE trial = ? ORDER BY epoch", trial);
    return rows.map(({ summary }) => JSON.parse(summary));
  }

  attempts(trial: string): StoredAttempt[] {
    return this.#all("SELECT * FROM attempts WHERE trial = ? ORDER BY id", trial);
  }

  standing(key: string): TrialStanding | null {
    return standing(this.database, key);
  }

  /** All trials, those of earlier definitions of the study too, by number. */
  standings(options: ReadOptions = {}): TrialStanding[] {
    return allStandings(this.database, options);
  }

  /** All trials by key with attempts and results, those of earlier definitions of the study too, by number. */
  trials(): Map<string, StoredTrial> {
    return allTrials(this.database);
  }

  #saveResult(trial: string, attempt: number, result: TrialResult): void {
    const { history } = result;
    this.#run("INSERT INTO results VALUES (?, ?, ?)", trial, attempt, JSON.stringify(result));
    const trainSeconds = history.reduce((sum, { seconds }) => sum + seconds, 0);
    this.#change(trial, "epochs = ?, best = ?, trainSeconds = ?", history.length, bestOf(result), trainSeconds);
  }

  #openAttemptsOf(trial: string): StoredAttempt[] {
    return this.#all("SELECT * FROM attempts WHERE trial = ? AND endedAt IS NULL", trial);
  }

  #abandon({ id, trial, startedAt, heardAt }: StoredAttempt, outcome: Outcome, message: string): void {
    const endedAt = heardAt ?? startedAt;
    const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
    this.#run(
      "UPDATE attempts SET endedAt = ?, seconds = ?, outcome = ?, message = ? WHERE id = ?",
      endedAt,
      seconds,
      outcome,
      message,
      id,
    );
    this.#run("UPDATE trials SET seconds = seconds + ?, outcome = ? WHERE key = ?", seconds, outcome, trial);
  }

  #raise(): number {
    return this.#get<{ value: number }>(
      "UPDATE counters SET value = value + 1 WHERE name = 'revision' RETURNING value",
    )!.value;
  }

  /** Changes columns of a trial; gives its new revision. */
  #change(trial: string, columns: string, ...values: (string | number | null)[]): number {
    const revision = this.#raise();
    this.#run(`UPDATE trials SET ${columns}, revision = ? WHERE key = ?`, ...values, revision, trial);
    return revision;
  }

  #run(sql: string, ...values: (string | number | null)[]): number {
    return Number(statement(this.database, sql).run(...values).lastInsertRowid);
  }

  #get<Result>(sql: string, ...values: (string | number | null)[]): Result | undefined {
    return statement(this.database, sql).get(...values) as Result | undefined;
  }

  #all<Result>(sql: string, ...values: (string | number | null)[]): Result[] {
    return statement(this.database, sql).all(...values) as unknown as Result[];
  }
}
