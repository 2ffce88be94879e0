import assert from "node:assert/strict";
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isBusy, openDatabase, transaction } from "lib/sweep/sqlite.ts";
import { type Refusal, StudyStore } from "lib/sweep/store.ts";
import { inFolder, machine, scriptedStudy } from "./studies.ts";

/** Changes the database of a study behind its back. */
function alter(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, "scripted", "study.sqlite"));
  database.exec(sql);
  database.close();
}

Deno.test("a database of another schema version is refused, and left as it is", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 1);
    await study.run();
    for (const [version, whose] of [[99, "a newer"], [-1, "an older"]]) {
      alter(folder, `PRAGMA user_version = ${version}`);
      const message = new RegExp(
        `study\\.sqlite: expected schema version 2, got ${version}, written by ${whose} version`,
      );
      await assert.rejects(study.run(), message);
      await assert.rejects(study.rows(), message);
    }
    alter(folder, "PRAGMA user_version = 2");
    assert.equal((await study.run()).length, 2);
  }));

Deno.test("a file that is no database, a damaged one, and one of something else are told apart", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 1);
    const path = join(folder, "scripted", "study.sqlite");
    mkdirSync(join(folder, "scripted"));
    writeFileSync(path, "not a database at all, but long enough to be one ".repeat(100));
    await assert.rejects(
      study.run(),
      /Cannot open .*scripted\/study\.sqlite: the database is damaged \(file is not a d/,
    );
    writeFileSync(path, "");
    alter(folder, "CREATE TABLE other (a)");
    await assert.rejects(study.run(), /expected a study's database, got tables of something else/);
    writeFileSync(path, "");
    await study.run();
    const bytes = readFileSync(path);
    truncateSync(path, bytes.length - 3 * 4096);
    await assert.rejects(study.run(), /the database is damaged \(.*malformed.*\); move the study's folder away/);
    bytes.fill(0x5a, 4096, 8192);
    writeFileSync(path, bytes);
    await assert.rejects(study.run(), /the database is damaged/);
  }));

Deno.test("StudyStore closes what a killed run left open with the time of its last epoch", () =>
  inFolder(async (folder) => {
    const { trials: [trial] } = scriptedStudy(folder, 1);
    const store = await StudyStore.open(folder, "folder");
    store.saveTrials([trial]);
    store.saveMachine(machine);
    const run = store.beginRun(4711);
    const attempt = store.beginAttempt(trial.key, {
      run,
      machine: machine.id,
      threads: 2,
      token: 1,
      pid: 4712,
    }) as number;
    const summary = { epoch: 1, steps: 1, trainLoss: 1, validation: { loss: 1 }, learningRate: 1, seconds: 1 };
    store.saveEpoch(trial.key, attempt, { ...summary, samplesPerSecond: 1 });
    store.saveEpoch(trial.key, attempt, { ...summary, epoch: 2, samplesPerSecond: 3 });
    store.saveEpoch(trial.key, attempt, { ...summary, samplesPerSecond: 2 }); // repeated after a resume
    assert.deepEqual(store.openAttempts().map(({ pid, number, threads }) => [pid, number, threads]), [[4712, 1, 2]]);
    assert.deepEqual(store.openRuns().map(({ pid }) => pid), [4711]);
    store.closeOpen();
    assert.deepEqual([store.openAttempts(), store.openRuns()], [[], []]);
    const [{ outcome, seconds, endedAt, startedAt }] = store.trials().get(trial.key)!.attempts;
    assert.equal(outcome, "interrupted");
    assert.equal(seconds, (Date.parse(endedAt!) - Date.parse(startedAt)) / 1000);
    assert.deepEqual(store.epochs(trial.key).map(({ samplesPerSecond }) => samplesPerSecond), [2]);
    assert.deepEqual(store.definition(trial.key), trial.definition);
    assert.equal(store.definition("unknown"), null);
    store.close();
  }));

Deno.test("a result is stored once, and only of the latest attempt", () =>
  inFolder(async (folder) => {
    const { trials: [trial] } = scriptedStudy(folder, 1);
    const store = await StudyStore.open(folder, "folder");
    store.saveTrials([trial, trial]);
    store.saveMachine(machine);
    const start = { run: store.beginRun(1), machine: machine.id, threads: 0 };
    const epoch = { epoch: 1, steps: 1, trainLoss: 1, validation: { loss: 0.5 }, learningRate: 1, seconds: 2 };
    const history = [{ ...epoch, samplesPerSecond: 1 }];
    const result = { history, bestEpoch: 1, stopped: "epochs", steps: 1, parameterCount: 1 } as const;
    const end = { outcome: "finished", message: null, stderrTail: "", seconds: 1, peakRssBytes: 1, result } as const;
    assert.equal(typeof store.beginAttempt(trial.key, { ...start, token: 1, worker: "a" }), "number");
    assert.equal(typeof store.beginAttempt(trial.key, { ...start, token: 3, worker: "b" }), "number"); // the first one lost its lease
    for (const token of [2, 3]) {
      const again = store.beginAttempt(trial.key, { ...start, token });
      assert.deepEqual(again, { refused: `attempt ${token} was overtaken by attempt 3` });
    }
    assert.deepEqual(store.endAttempt(trial.key, 1, end), { refused: "attempt 1 was overtaken by attempt 3" });
    assert.equal(store.trials().get(trial.key)!.result, null);
    assert.equal(store.endAttempt(trial.key, 3, end), null);
    assert.deepEqual(store.endAttempt(trial.key, 3, { ...end, seconds: 9 }), {
      refused: "attempt 3 has ended already",
    });
    assert.match((store.beginAttempt(trial.key, { ...start, token: 4 }) as Refusal).refused, /finished already/);
    const { attempts, state, trainSeconds, best, result: stored } = store.trials().get(trial.key)!;
    assert.deepEqual(attempts.map(({ token, outcome, worker }) => [token, outcome, worker]), [
      [1, "lost", "a"],
      [3, "finished", "b"],
    ]);
    assert.deepEqual([attempts[1].seconds, state, trainSeconds], [1, "finished", 2]);
    assert.deepEqual([best, stored?.attempt], [{ epoch: 1, validation: { loss: 0.5 } }, attempts[1].id]);
    store.close();
  }));

Deno.test("transaction undoes what it did when its action throws, and waits for no other connection for ever", () =>
  inFolder(async (folder) => {
    const database = await openDatabase(join(folder, "a.sqlite"));
    const other = await openDatabase(join(folder, "a.sqlite"), { timeoutMs: 50 });
    database.exec("CREATE TABLE numbers (value INTEGER)");
    const failing = () =>
      transaction(database, () => {
        database.exec("INSERT INTO numbers VALUES (1)");
        throw new Error("no");
      });
    assert.throws(failing, /no/);
    assert.deepEqual(database.prepare("SELECT * FROM numbers").all(), []);
    transaction(database, () => assert.throws(() => other.exec("BEGIN IMMEDIATE"), (error) => isBusy(error)));
    assert.equal(transaction(other, () => 3), 3);
    database.close();
    other.close();
  }));

Deno.test("a store that cannot grow stops the run with SQLite's reason, and the run goes on later", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 1);
    await study.run();
    alter(
      folder,
      "CREATE TRIGGER full BEFORE INSERT ON epochs BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    );
    const more = scriptedStudy(folder, 3);
    const options = { failures: "return", trialDeadlineMs: 1500 } as const;
    await assert.rejects(
      more.run(options),
      /^Error: Cannot run study "scripted": found no room for its database in .*\(database or disk is full\); what was done before is stored/,
    );
    alter(folder, "DROP TRIGGER full");
    const rows = await more.run(options);
    assert.deepEqual([rows.length, rows.failures.length], [2, 2]);
  }));
