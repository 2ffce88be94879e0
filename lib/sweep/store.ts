// What is known of a study, in SQLite: definitions, attempts, epochs, results. Every change is one transaction, so that a
// process killed at any moment leaves whole facts only. A study whose definition changed leaves its old trials here.

import { join } from "node:path";
import type { MachineFacts } from "../record/mod.ts";
import type { EpochSummary } from "../train/mod.ts";
import type { TrialResult } from "./messages.ts";
import type { FailureKind } from "./rows.ts";
import type { AnyPoint } from "./space.ts";
import { type Database, transaction } from "./sqlite.ts";
import { openStudyDatabase } from "./store_schema.ts";
import { programHash, type Trial, type TrialDefinition } from "./trial.ts";

/** How an attempt ended. */
export type Outcome = "finished" | "interrupted" | "pruned" | "cancelled" | FailureKind;

/** The end of an attempt. */
export interface AttemptEnd {
  outcome: Outcome;
  /** One sentence; null when it finished. */
  message: string | null;
  stderrTail: string;
  seconds: number;
  peakRssBytes: number | null;
  /** With outcome "finished" only. */
  result: TrialResult | null;
}

/** An attempt as stored. */
export interface StoredAttempt {
  id: number;
  trial: string;
  number: number;
  machine: string;
  threads: number;
  pid: number | null;
  startedAt: string;
  endedAt: string | null;
  seconds: number | null;
  outcome: Outcome | null;
  message: string | null;
  stderrTail: string | null;
  baselineRssBytes: number | null;
  peakRssBytes: number | null;
}

/** What is known of one trial. */
export interface StoredTrial {
  key: string;
  parameters: AnyPoint;
  parameterCount: number;
  createdAt: string;
  /** In the order in which they were made. */
  attempts: StoredAttempt[];
  /** With the attempt that gave it. */
  result: { attempt: number; result: TrialResult } | null;
}

/** A run that has not ended: it is under way, or its process was killed. */
export interface OpenRun {
  id: number;
  pid: number;
  startedAt: string;
}

const now = () => new Date().toISOString();

/** A study's database. Its folder also holds the lock and a folder of checkpoints for each trial. */
export class StudyStore {
  readonly folder: string;
  #database: Database;

  /** Use `StudyStore.open`. */
  private constructor(folder: string, database: Database) {
    this.folder = folder;
    this.#database = database;
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
    this.#database.close();
  }

  /** Stores definitions that are new, and the present names of those already known. */
  saveTrials(trials: readonly Trial[]): void {
    const program = this.#database.prepare("INSERT INTO programs VALUES (?, ?) ON CONFLICT DO NOTHING");
    const trial = this.#database.prepare(
      "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET parameters = excluded.parameters",
    );
    const at = now();
    const saved = new Set<string>();
    transaction(this.#database, () => {
      for (const { key, parameters, parameterCount, definition } of trials) {
        const hash = programHash(definition.program);
        if (!saved.has(hash)) program.run(hash, JSON.stringify(definition.program));
        saved.add(hash);
        const [settings, data] = [JSON.stringify(definition.settings), JSON.stringify(definition.data)];
        trial.run(key, hash, settings, data, JSON.stringify(parameters), parameterCount, at);
      }
    });
  }

  /** The definition of a trial, of strangers too. */
  definition(key: string): TrialDefinition | null {
    const row = this.#database.prepare(
      "SELECT programs.program, settings, data FROM trials JOIN programs ON programs.hash = trials.program WHERE key = ?",
    ).get(key) as { program: string; settings: string; data: string } | undefined;
    if (row === undefined) return null;
    return { program: JSON.parse(row.program), settings: JSON.parse(row.settings), data: JSON.parse(row.data) };
  }

  beginRun(pid: number): number {
    return this.#insert("INSERT INTO runs (pid, startedAt) VALUES (?, ?)", pid, now());
  }

  openRuns(): OpenRun[] {
    return this.#database.prepare("SELECT id, pid, startedAt FROM runs WHERE endedAt IS NULL ORDER BY id")
      .all() as unknown as OpenRun[];
  }

  /** Attempts without an end: while no run is under way, those whose run was killed. */
  openAttempts(): StoredAttempt[] {
    return this.#database.prepare("SELECT * FROM attempts WHERE endedAt IS NULL ORDER BY id")
      .all() as unknown as StoredAttempt[];
  }

  /** Ends what is open: the run that ends now, or what a killed process left. Attempts get the time of the last thing known of them. */
  closeOpen(): void {
    transaction(this.#database, () => {
      for (const { id, startedAt } of this.openAttempts()) {
        const { at } = this.#database.prepare("SELECT max(at) AS at FROM epochs WHERE attempt = ?").get(id) as {
          at: string | null;
        };
        const endedAt = at ?? startedAt;
        const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
        this.#database.prepare(
          "UPDATE attempts SET endedAt = ?, seconds = ?, outcome = 'interrupted', message = 'the run ended before it' WHERE id = ?",
        ).run(endedAt, seconds, id);
      }
      this.#database.prepare("UPDATE runs SET endedAt = ? WHERE endedAt IS NULL").run(now());
    });
  }

  saveMachine(facts: MachineFacts): void {
    this.#database.prepare("INSERT INTO machines VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET facts = excluded.facts")
      .run(facts.id, JSON.stringify(facts));
  }

  machines(): MachineFacts[] {
    const rows = this.#database.prepare("SELECT facts FROM machines ORDER BY id").all() as { facts: string }[];
    return rows.map(({ facts }) => JSON.parse(facts));
  }

  /** Notes that a trial starts; gives the attempt's id. */
  beginAttempt(trial: string, { run, machine, threads }: { run: number; machine: string; threads: number }): number {
    return this.#insert(
      `INSERT INTO attempts (trial, number, run, machine, threads, startedAt)
       SELECT ?1, 1 + count(*), ?2, ?3, ?4, ?5 FROM attempts WHERE trial = ?1`,
      trial,
      run,
      machine,
      threads,
      now(),
    );
  }

  noteProcess(attempt: number, pid: number): void {
    this.#database.prepare("UPDATE attempts SET pid = ? WHERE id = ?").run(pid, attempt);
  }

  noteBaseline(attempt: number, baselineRssBytes: number): void {
    this.#database.prepare("UPDATE attempts SET baselineRssBytes = ? WHERE id = ?").run(baselineRssBytes, attempt);
  }

  /** An epoch; one that was run before the trial was interrupted is replaced by its repetition. */
  saveEpoch(trial: string, attempt: number, summary: EpochSummary): void {
    this.#database.prepare("INSERT OR REPLACE INTO epochs VALUES (?, ?, ?, ?, ?)")
      .run(trial, summary.epoch, attempt, JSON.stringify(summary), now());
  }

  /** The end of an attempt and its result, in one transaction. */
  endAttempt(trial: string, attempt: number, end: AttemptEnd): void {
    const { outcome, message, stderrTail, seconds, peakRssBytes, result } = end;
    transaction(this.#database, () => {
      this.#database.prepare(
        "UPDATE attempts SET endedAt = ?, seconds = ?, outcome = ?, message = ?, stderrTail = ?, peakRssBytes = ? WHERE id = ?",
      ).run(now(), seconds, outcome, message, result === null ? stderrTail : null, peakRssBytes, attempt);
      if (result === null) return;
      this.#database.prepare("INSERT INTO results VALUES (?, ?, ?)").run(trial, attempt, JSON.stringify(result));
    });
  }

  /** Epochs of a trial that has not finished, in order. */
  epochs(trial: string): EpochSummary[] {
    const rows = this.#database.prepare("SELECT summary FROM epochs WHERE trial = ? ORDER BY epoch").all(trial);
    return (rows as { summary: string }[]).map(({ summary }) => JSON.parse(summary));
  }

  /** All trials by key, those of earlier definitions of the study too, in the order in which they were first stored. */
  trials(): Map<string, StoredTrial> {
    const rows = this.#database.prepare(
      `SELECT key, parameters, parameterCount, createdAt, attempt, result
       FROM trials LEFT JOIN results ON results.trial = trials.key ORDER BY createdAt, key`,
    ).all() as unknown as TrialRow[];
    const trials = new Map(rows.map((row) => [row.key, storedTrial(row)]));
    const attempts = this.#database.prepare("SELECT * FROM attempts ORDER BY id").all() as unknown as StoredAttempt[];
    for (const attempt of attempts) trials.get(attempt.trial)!.attempts.push({ ...attempt });
    return trials;
  }

  #insert(sql: string, ...values: (string | number)[]): number {
    return Number(this.#database.prepare(sql).run(...values).lastInsertRowid);
  }
}

interface TrialRow {
  key: string;
  parameters: string;
  parameterCount: number;
  createdAt: string;
  attempt: number | null;
  result: string | null;
}

function storedTrial({ key, parameters, parameterCount, createdAt, attempt, result }: TrialRow): StoredTrial {
  return {
    key,
    parameters: JSON.parse(parameters),
    parameterCount,
    createdAt,
    attempts: [],
    result: attempt === null || result === null ? null : { attempt, result: JSON.parse(result) },
  };
}
