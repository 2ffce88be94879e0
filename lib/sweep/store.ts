// What is known of a study, in SQLite: definitions, attempts, epochs, results. Every change is one transaction, so that a
// process killed at any moment leaves whole facts only, and raises the revision of what it changes. An attempt commits only
// while its token is its trial's highest. A study whose definition changed leaves its old trials here.

import { join } from "node:path";
import type { MachineFacts } from "../record/mod.ts";
import type { EpochSummary } from "../train/mod.ts";
import { type Database, transaction } from "./sqlite.ts";
import { abandonAttempt, beginAttempt, endAttempt, type Refusal, saveEpoch } from "./store_attempts.ts";
import { all, changeTrial, get, raiseRevision, run, type SqlValue } from "./store_changes.ts";
import { allStandings, allTrials, type ReadOptions, standing } from "./store_read.ts";
import { openStudyDatabase } from "./store_schema.ts";
import {
  type AttemptEnd,
  type AttemptStartRow,
  type OpenRun,
  type Outcome,
  type StoredAttempt,
  type StoredTrial,
  type TrialStanding,
  type TrialState,
} from "./store_types.ts";
import { programHash, type Trial, type TrialDefinition } from "./trial.ts";

export type { AttemptEnd, OpenRun, Outcome, StoredAttempt, StoredTrial } from "./store_types.ts";
export type { Refusal } from "./store_attempts.ts";

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
      const revision = raiseRevision(this.database);
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
      const revision = raiseRevision(this.database);
      const ended = { outcome: "interrupted", message: "the run ended before it" } as const;
      for (const attempt of this.openAttempts()) abandonAttempt(this.database, attempt, ended);
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
    return transaction(this.database, () => beginAttempt(this.database, trial, start));
  }

  noteBaseline(attempt: number, baselineRssBytes: number): void {
    this.#run("UPDATE attempts SET baselineRssBytes = ?, heardAt = ? WHERE id = ?", baselineRssBytes, now(), attempt);
  }

  /** An epoch; one that was run before the trial was interrupted is replaced by its repetition, later ones go. */
  saveEpoch(trial: string, attempt: number, summary: EpochSummary): void {
    transaction(this.database, () => saveEpoch(this.database, trial, attempt, summary));
  }

  /**
   * The end of an attempt and its result, in one transaction. Refused, so that each trial has one result at most, when another
   * attempt was begun since, or this one has ended already.
   */
  endAttempt(trial: string, token: number, end: AttemptEnd): Refusal | null {
    return transaction(this.database, () => endAttempt(this.database, trial, token, end));
  }

  /** What becomes of a trial without an attempt: skipped, cancelled, impossible here, or to be run again. */
  setState(
    trial: string,
    state: TrialState,
    { outcome = null, message = null }: { outcome?: Outcome | null; message?: string | null } = {},
  ): void {
    transaction(
      this.database,
      () => void changeTrial(this.database, trial, "state = ?, outcome = ?, message = ?", state, outcome, message),
    );
  }

  /** What a trial's checkpoint takes on disk; 0 when it was removed. */
  noteCheckpoint(trial: string, bytes: number): void {
    transaction(this.database, () => void changeTrial(this.database, trial, "checkpointBytes = ?", bytes));
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

  #run(sql: string, ...values: SqlValue[]): number {
    return run(this.database, sql, ...values);
  }

  #get<Result>(sql: string, ...values: SqlValue[]): Result | undefined {
    return get(this.database, sql, ...values);
  }

  #all<Result>(sql: string, ...values: SqlValue[]): Result[] {
    return all(this.database, sql, ...values);
  }
}
