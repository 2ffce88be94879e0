// From the tables of version 1 to those of version 2: numbers and states of trials, fencing tokens, definitions, suggestions,
// requests, pins, and a revision that rises with every change, so that readers ask only for what is new.

import type { TrialResult } from "./messages.ts";
import type { Database } from "./sqlite.ts";

const CHANGES = `
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('revision', 1), ('definition', 0);
CREATE TABLE definitions (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  definition TEXT NOT NULL,
  firstAt TEXT NOT NULL,
  lastAt TEXT NOT NULL
);
ALTER TABLE trials ADD COLUMN number INTEGER;
ALTER TABLE trials ADD COLUMN definition INTEGER;
ALTER TABLE trials ADD COLUMN state TEXT NOT NULL DEFAULT 'waiting';
ALTER TABLE trials ADD COLUMN outcome TEXT;
ALTER TABLE trials ADD COLUMN message TEXT;
ALTER TABLE trials ADD COLUMN token INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN trainSeconds REAL NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN epochs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN best TEXT;
ALTER TABLE trials ADD COLUMN machine TEXT;
ALTER TABLE trials ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN checkpointBytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE attempts ADD COLUMN token INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN worker TEXT;
ALTER TABLE attempts ADD COLUMN heardAt TEXT;
ALTER TABLE runs ADD COLUMN definition INTEGER;
ALTER TABLE runs ADD COLUMN executor TEXT;
ALTER TABLE epochs ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
CREATE TABLE suggestions (
  definition INTEGER NOT NULL REFERENCES definitions(id),
  position INTEGER NOT NULL,
  point TEXT NOT NULL,
  trial TEXT NOT NULL REFERENCES trials(key),
  PRIMARY KEY (definition, position)
) WITHOUT ROWID;
CREATE TABLE requests (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  trial TEXT NOT NULL REFERENCES trials(key),
  at TEXT NOT NULL,
  answeredAt TEXT,
  answer TEXT
);
CREATE UNIQUE INDEX trialsByNumber ON trials(number);
CREATE INDEX trialsByRevision ON trials(revision);
CREATE INDEX trialsByState ON trials(definition, state);
CREATE INDEX epochsByRevision ON epochs(revision);
CREATE INDEX keptCheckpoints ON trials(definition) WHERE checkpointBytes > 0;
CREATE INDEX openAttempts ON attempts(trial) WHERE endedAt IS NULL;
CREATE INDEX openRequests ON requests(id) WHERE answeredAt IS NULL;
`;

interface OldTrial {
  key: string;
  parameterCount: number;
  result: string | null;
  attempts: number;
  seconds: number;
  epochs: number;
  outcome: string | null;
  message: string | null;
  machine: string | null;
}

/** Changes the tables and fills in the new columns; the caller's transaction makes it whole. */
export function migrateFrom1(database: Database): void {
  database.exec(CHANGES);
  database.exec("UPDATE attempts SET token = number");
  const update = database.prepare(
    `UPDATE trials SET number = ?, state = ?, outcome = ?, message = ?, token = ?, attempts = ?, seconds = ?, trainSeconds = ?,
       epochs = ?, best = ?, machine = ?, checkpointBytes = ? WHERE key = ?`,
  );
  oldTrials(database).forEach((trial, index) => {
    const { key, attempts, seconds, outcome, message, machine, parameterCount } = trial;
    const result: TrialResult | null = trial.result === null ? null : JSON.parse(trial.result);
    update.run(
      index + 1,
      stateOf(trial),
      outcome,
      result === null ? message : null,
      attempts,
      attempts,
      seconds,
      result === null ? 0 : result.history.reduce((sum, epoch) => sum + epoch.seconds, 0),
      result === null ? trial.epochs : result.history.length,
      result === null ? null : bestOf(result),
      machine,
      result === null ? 0 : 4 * parameterCount,
      key,
    );
  });
}

/** In the order in which they were stored, which is the grid's. */
function oldTrials(database: Database): OldTrial[] {
  return database.prepare(
    `SELECT key, parameterCount, result,
       (SELECT count(*) FROM attempts WHERE trial = key) AS attempts,
       (SELECT coalesce(sum(seconds), 0) FROM attempts WHERE trial = key) AS seconds,
       (SELECT coalesce(max(epoch), 0) FROM epochs WHERE trial = key) AS epochs,
       last.outcome, last.message, last.machine
     FROM trials LEFT JOIN results ON results.trial = key
     LEFT JOIN attempts AS last ON last.id = (SELECT max(id) FROM attempts WHERE trial = key)
     ORDER BY trials.rowid`,
  ).all() as unknown as OldTrial[];
}

function stateOf({ result, attempts, outcome }: OldTrial): string {
  if (result !== null) return "finished";
  if (attempts === 0) return "waiting";
  return outcome === null || outcome === "interrupted" ? "interrupted" : "failed";
}

/** The best epoch of a result, as the column `best` holds it. */
export function bestOf({ history, bestEpoch }: TrialResult): string | null {
  const epoch = history[bestEpoch - 1];
  return epoch === undefined ? null : JSON.stringify({ epoch: bestEpoch, validation: epoch.validation });
}
