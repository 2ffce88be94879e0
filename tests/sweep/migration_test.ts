import assert from "node:assert/strict";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStudyReader } from "lib/sweep/mod.ts";
import { StudyStore } from "lib/sweep/store.ts";
import { TABLES_1 } from "lib/sweep/store_schema.ts";
import { loadWeights } from "lib/train/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { inFolder, machine, scriptedStudy, testEnvironment, tinyTrial } from "./studies.ts";

/** Columns of version 1, in their order. */
const OLD_COLUMNS: Record<string, string> = {
  programs: "*",
  machines: "*",
  trials: "key, program, settings, data, parameters, parameterCount, createdAt",
  runs: "id, pid, startedAt, endedAt",
  attempts: `id, trial, number, run, machine, threads, pid, startedAt, endedAt, seconds, outcome, message, stderrTail,
    baselineRssBytes, peakRssBytes`,
  epochs: "trial, epoch, attempt, summary, at",
  results: "*",
};

/** Rewrites the database of a study as version 1 wrote it. */
function asVersion1(folder: string): void {
  const path = join(folder, "study.sqlite");
  renameSync(path, join(folder, "new.sqlite"));
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA foreign_keys = OFF; PRAGMA journal_mode = WAL; ${TABLES_1} PRAGMA user_version = 1;`);
  database.exec(`ATTACH '${join(folder, "new.sqlite")}' AS new`);
  for (const [table, columns] of Object.entries(OLD_COLUMNS)) {
    database.exec(`INSERT INTO ${table} SELECT ${columns} FROM new.${table} ORDER BY rowid`.replace(
      "FROM new.epochs ORDER BY rowid",
      "FROM new.epochs",
    ));
  }
  database.close();
}

Deno.test("a store of version 1 is migrated where it is, and its results and checkpoints stay valid", () =>
  inFolder(async (folder) => {
    const options = { name: "old", space: { studentDim: [4, 8] }, trial: tinyTrial } as const;
    const study = createStudy(options, testEnvironment(folder));
    const rows = await study.run();
    const weights = await loadWeights(join(folder, "old", rows[1].key));
    asVersion1(join(folder, "old"));
    assert.deepEqual(
      (await study.rows()).map(({ key, history, seconds }) => [key, history, seconds]),
      rows.map(({ key, history, seconds }) => [key, history, seconds]),
    );
    const again = await study.run({ onProgress: ({ running }) => assert.deepEqual(running, []) });
    assert.deepEqual(again.map(({ key, weightsKept }) => [key, weightsKept]), rows.map(({ key }) => [key, true]));
    assert.deepEqual(await loadWeights(join(folder, "old", rows[1].key)), weights);
  }));

Deno.test("migration gives trials numbers, states, tokens and best epochs, also those that failed or were interrupted", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 2);
    await study.run({ failures: "return" });
    const store = await StudyStore.open(join(folder, "scripted"), "scripted");
    const [waiting, begun] = scriptedStudy(folder, 11).trials.filter(({ parameters: { seed } }) => seed > 9);
    store.saveTrials([waiting, begun]);
    store.saveMachine(machine);
    const run = store.beginRun(1);
    store.beginAttempt(begun.key, { run, machine: machine.id, threads: 1, token: 1 });
    store.close();
    asVersion1(join(folder, "scripted"));
    const reader = await openStudyReader("scripted", { checkpointsFolder: folder });
    assert.deepEqual(
      reader.trials().map(({ number, parameters: { studentDim, seed }, state, epochs, values, attempts }) => [
        ...[number, studentDim, seed, state, epochs, values[0], attempts],
      ]),
      [
        [1, 4, 1, "finished", 3, 1 / 3, 1],
        [2, 4, 2, "failed", 1, null, 1],
        [3, 8, 1, "finished", 3, 1 / 3, 1],
        [4, 4, 10, "waiting", 0, null, 0],
        [5, 4, 11, "interrupted", 0, null, 1],
      ],
    );
    const { definition, counts, best } = reader.summary();
    assert.deepEqual(definition.space, { studentDim: [4, 8], seed: [1, 2, 10, 11] });
    assert.deepEqual([counts.finished, counts.failed, best?.number], [2, 1, 1]);
    assert.equal(reader.trial(reader.trials()[0].key)!.attemptList[0].token, 1);
    reader.close();
    const rows = await study.run({ failures: "return" });
    assert.deepEqual([rows.length, rows.failures[0].attempts], [2, 2]);
  }));

Deno.test("a migration that fails leaves the old store as it was", () =>
  inFolder(async (folder) => {
    mkdirSync(join(folder, "scripted"));
    const path = join(folder, "scripted", "study.sqlite");
    const database = new DatabaseSync(path);
    database.exec(`${TABLES_1} CREATE TABLE suggestions (a); PRAGMA user_version = 1;`);
    database.close();
    await assert.rejects(scriptedStudy(folder, 1).run(), /suggestions already exists/);
    const after = new DatabaseSync(path);
    assert.deepEqual({ ...after.prepare("PRAGMA user_version").get() }, { user_version: 1 });
    assert.equal(after.prepare("SELECT count(*) AS count FROM pragma_table_info('trials')").get()!.count, 7);
    after.close();
    assert.ok(existsSync(path));
  }));
