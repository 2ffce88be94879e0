// A study's own database with thousands of trials, written without running them.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStudyReader } from "lib/sweep/mod.ts";
import { machine, MadeStudy } from "./made_study.ts";

/** Writes the trials of a made study into a database as lib/sweep keeps it. */
export async function writeStore(checkpointsFolder: string, name: string, count: number): Promise<MadeStudy> {
  const made = new MadeStudy(name, count, { running: false });
  const path = join(checkpointsFolder, name, "study.sqlite");
  mkdirSync(join(checkpointsFolder, name), { recursive: true });
  writeFileSync(path, "");
  (await openStudyReader(name, { checkpointsFolder })).close(); // makes the tables
  const database = new DatabaseSync(path);
  database.exec("BEGIN");
  database.exec("INSERT INTO programs VALUES ('p', '{}')");
  database.prepare("INSERT INTO machines VALUES (?, ?)").run(machine.id, JSON.stringify(machine));
  database.prepare("INSERT INTO definitions VALUES (1, 'd', ?, '', '')").run(JSON.stringify(made.summary().definition));
  database.exec("UPDATE counters SET value = 1 WHERE name = 'definition'");
  database.exec(
    "INSERT INTO runs (id, pid, startedAt, endedAt) VALUES (1, 1, '2026-01-02T03:04:05.000Z', '2026-01-02T04:04:05.000Z')",
  );
  const trial = database.prepare(
    `INSERT INTO trials (key, program, settings, data, parameters, parameterCount, createdAt, number, state, message, attempts, seconds,
       epochs, best, machine, revision, definition)
     VALUES (?, 'p', '{"epochs":12}', '{}', ?, ?, '', ?, ?, ?, 1, ?, ?, ?, ?, ?, 1)`,
  );
  const attempt = database.prepare(
    "INSERT INTO attempts (id, trial, number, run, machine, threads, startedAt, endedAt, seconds) VALUES (?, ?, 1, 1, ?, 1, '', '', 1)",
  );
  const epoch = database.prepare(
    "INSERT INTO epochs (trial, epoch, attempt, summary, at, revision) VALUES (?, ?, ?, ?, '', ?)",
  );
  for (const { number, key, parameters, parameterCount, state, message, seconds, epochs, values } of made.all) {
    const best = values[0] === null
      ? null
      : JSON.stringify({ epoch: epochs, validation: { loss: values[0], cosine: values[1] ?? 0 } });
    trial.run(...[
      key,
      JSON.stringify(parameters),
      parameterCount,
      number,
      state,
      message,
      seconds,
      epochs,
      best,
      machine.id,
      number,
    ]);
    attempt.run(number, key, machine.id);
    for (const summary of made.trial(key)!.epochList) {
      epoch.run(key, summary.epoch, number, JSON.stringify(summary), number);
    }
  }
  database.exec(`UPDATE counters SET value = ${count} WHERE name = 'revision'; COMMIT`);
  database.close();
  return made;
}
