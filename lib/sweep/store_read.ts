// Reading a study's store: trials as they stand, epochs as curves. Every read asks only for what is new since a revision.

import type { TrialResult } from "./messages.ts";
import { COST_METRICS, type Objective } from "./objective.ts";
import { type Database, statement } from "./sqlite.ts";
import type { StoredAttempt, StoredTrial, TrialStanding, TrialState } from "./store_types.ts";

/** Which trials are read. */
export interface ReadOptions {
  /** Only those that have changed after this revision. */
  since?: number;
  /** Only those of one definition of the study; default: of all. */
  definition?: number | null;
}

const COLUMNS =
  `key, number, parameters, parameterCount, createdAt, definition, state, outcome, message, token, attempts, seconds,
  trainSeconds, epochs, best, machine, pinned, checkpointBytes, revision`;

type StandingRow = Omit<TrialStanding, "parameters" | "best" | "pinned"> & {
  parameters: string;
  best: string | null;
  pinned: number;
};

function standingOf({ parameters, best, pinned, ...columns }: StandingRow): TrialStanding {
  return {
    ...columns,
    parameters: JSON.parse(parameters),
    best: best === null ? null : JSON.parse(best),
    pinned: pinned === 1,
  };
}

/** One trial, or null. */
export function standing(database: Database, key: string): TrialStanding | null {
  const row = statement(database, `SELECT ${COLUMNS} FROM trials WHERE key = ?`).get(key);
  return row === undefined ? null : standingOf(row as unknown as StandingRow);
}

/** Trials by number. */
export function allStandings(database: Database, { since = 0, definition = null }: ReadOptions): TrialStanding[] {
  const rows = statement(
    database,
    `SELECT ${COLUMNS} FROM trials WHERE revision > ?1 AND (?2 IS NULL OR definition = ?2) ORDER BY number`,
  ).all(since, definition);
  return (rows as unknown as StandingRow[]).map(standingOf);
}

/** How many trials of a definition (null: all) are in each state. */
export function countStates(database: Database, definition: number | null): Map<TrialState, number> {
  const rows = statement(
    database,
    "SELECT state, count(*) AS count FROM trials WHERE ?1 IS NULL OR definition = ?1 GROUP BY state",
  ).all(definition) as unknown as { state: TrialState; count: number }[];
  return new Map(rows.map(({ state, count }) => [state, count]));
}

/** All trials by key with attempts and results, by number. */
export function allTrials(database: Database): Map<string, StoredTrial> {
  const results = new Map(
    (statement(database, "SELECT trial, attempt, result FROM results").all() as unknown as ResultRow[])
      .map(({ trial, attempt, result }) => [trial, { attempt, result: JSON.parse(result) as TrialResult }]),
  );
  const trials = new Map<string, StoredTrial>(
    allStandings(database, {}).map((known) => [
      known.key,
      { ...known, attempts: [], result: results.get(known.key) ?? null },
    ]),
  );
  const attempts = statement(database, "SELECT * FROM attempts ORDER BY id").all() as unknown as StoredAttempt[];
  for (const attempt of attempts) trials.get(attempt.trial)!.attempts.push({ ...attempt });
  return trials;
}

interface ResultRow {
  trial: string;
  attempt: number;
  result: string;
}

/** What recent trials took on a machine, the newest first: enough to estimate what others will take. */
export function recentCosts(
  database: Database,
  { machine, most }: { machine: string; most: number },
): { key: string; result: TrialResult; seconds: number }[] {
  const rows = statement(
    database,
    `SELECT trials.key, results.result, trials.seconds FROM results
     JOIN attempts ON attempts.id = results.attempt JOIN trials ON trials.key = results.trial
     WHERE attempts.machine = ? ORDER BY results.attempt DESC LIMIT ?`,
  ).all(machine, most) as unknown as { key: string; result: string; seconds: number }[];
  return rows.map(({ key, result, seconds }) => ({ key, seconds, result: JSON.parse(result) }));
}

/** A value after an epoch. */
export interface EpochValue {
  trial: string;
  epoch: number;
  /** Null where the epoch does not have the metric. */
  value: number | null;
}

/** A metric (or `trainLoss`, or `seconds` of the epoch) after each epoch, by trial and epoch. */
export function epochValues(
  database: Database,
  metric: string,
  { since = 0, definition = null }: ReadOptions,
): EpochValue[] {
  const path = metric === "trainLoss" || metric === "seconds" ? `$.${metric}` : `$.validation."${metric}"`;
  return statement(
    database,
    `SELECT epochs.trial, epochs.epoch, json_extract(epochs.summary, ?1) AS value FROM epochs
     JOIN trials ON trials.key = epochs.trial
     WHERE epochs.revision > ?2 AND (?3 IS NULL OR trials.definition = ?3) ORDER BY trials.number, epochs.epoch`,
  ).all(path, since, definition) as unknown as EpochValue[];
}

/** The number of the last change. */
export function revisionOf(database: Database): number {
  const row = statement(database, "SELECT value FROM counters WHERE name = 'revision'").get();
  return (row as { value: number }).value;
}

/** Finished trials of a definition whose weights are on disk. */
export function keptCheckpoints(database: Database, definition: number): TrialStanding[] {
  const rows = statement(
    database,
    `SELECT ${COLUMNS} FROM trials WHERE checkpointBytes > 0 AND definition = ? AND state = 'finished'`,
  ).all(definition);
  return (rows as unknown as StandingRow[]).map(standingOf);
}

/** When the first run began and, unless one is under way, the last one ended. */
export function runTimes(
  database: Database,
  running: boolean,
): { startedAt: string | null; endedAt: string | null } {
  const row = statement(database, "SELECT min(startedAt) AS startedAt, max(endedAt) AS endedAt FROM runs").get();
  const { startedAt, endedAt } = row as { startedAt: string | null; endedAt: string | null };
  return { startedAt, endedAt: running ? null : endedAt };
}

/** The finished trial of a definition (null: of all) that is best by one number, or null. */
export function bestStanding(
  database: Database,
  definition: number | null,
  { metric, direction }: Objective,
): TrialStanding | null {
  const value = COST_METRICS.includes(metric) ? metric : "json_extract(best, ?2)";
  const row = statement(
    database,
    `SELECT ${COLUMNS} FROM trials
     WHERE state = 'finished' AND (?1 IS NULL OR definition = ?1) AND ${value} IS NOT NULL AND ?2 IS NOT NULL
     ORDER BY ${value} ${direction === "minimize" ? "ASC" : "DESC"}, number LIMIT 1`,
  ).get(definition, `$.validation."${metric}"`);
  return row === undefined ? null : standingOf(row as unknown as StandingRow);
}
