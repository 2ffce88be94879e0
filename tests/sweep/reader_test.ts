import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { asha, listStudies, openStudyReader, randomSearch, seeds, storedStudy } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { PlayedExecutor, reportLosses } from "./played_executor.ts";
import { inFolder, longStudy, machine, scriptedStudy, testEnvironment, tinyTrial } from "./studies.ts";

Deno.test("a reader shows trials, curves, machines and details of a study", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 2);
    await study.run({ failures: "return" });
    const reader = await openStudyReader("scripted", { checkpointsFolder: folder });
    const { state, counts, definition, best, strangers, bytes, startedAt, endedAt, revision } = reader.summary();
    assert.deepEqual([state, counts.finished, counts.failed, strangers], ["finished", 2, 1, 0]);
    assert.deepEqual(definition, {
      name: "scripted",
      space: { studentDim: [4, 8], seed: { kind: "replicas", values: [1, 2] } },
      objectives: [{ metric: "loss", direction: "minimize" }],
      sampler: { name: "grid", settings: {} },
      pruner: null,
      keepWeights: "all",
    });
    assert.ok(bytes > 40_000 && startedAt! < endedAt! && revision > 0);
    const trials = reader.trials();
    assert.deepEqual(best, trials[0]); // of two with the same loss
    assert.deepEqual(
      trials.map(({ number, state, values, epochs, epochsPlanned, attempts, message }) => [
        ...[number, state, values, epochs, epochsPlanned, attempts, message],
      ]),
      [
        [1, "finished", [1 / 3], 3, 3, 1, null],
        [2, "failed", [1], 1, 3, 1, "ended with exit code 1 and without a result"],
        [3, "finished", [1 / 3], 3, 3, 1, null],
      ],
    );
    assert.deepEqual(trials.map(({ key }) => key), study.trials.map(({ key }) => key));
    assert.deepEqual(reader.curves().map(({ points }) => points), [
      [[1, 1], [2, 0.5], [3, 1 / 3]],
      [[1, 1]],
      [[1, 1], [2, 0.5], [3, 1 / 3]],
    ]);
    assert.deepEqual(reader.curves({ metric: "cosine" })[0].points, [[1, 0.5], [2, 0.5], [3, 0.5]]);
    assert.deepEqual(reader.curves({ metric: "none" }), []);
    const { attemptList, epochList, settings, data, rerun } = reader.trial(trials[1].key)!;
    assert.match(attemptList[0].stderrTail!, /the code of the trial is wrong/);
    assert.deepEqual([epochList.length, settings.seed, data.hash], [1, 2, study.trials[0].definition.data.hash]);
    assert.equal(rerun, `deno task sweep scripted --retry ${trials[1].key.slice(0, 12)}`);
    assert.equal(reader.trial("unknown"), null);
    assert.deepEqual(reader.machines(), [machine]);
    assert.deepEqual(reader.rows(), await study.rows());
    reader.close();
  }));

Deno.test("a reader asks only for what is new", () =>
  inFolder(async (folder) => {
    await scriptedStudy(folder, 1).run();
    const reader = await openStudyReader("scripted", { checkpointsFolder: folder });
    const { revision } = reader.summary();
    const nothing = () => [reader.trials({ since: revision }), reader.curves({ since: revision })];
    assert.deepEqual(nothing(), [[], []]);
    reader.request("pin", reader.trials()[1].key);
    assert.deepEqual(reader.trials({ since: revision }).map(({ number, pinned }) => [number, pinned]), [[2, true]]);
    assert.ok(reader.summary().revision > revision);
    await scriptedStudy(folder, 2).run({ failures: "return" });
    assert.deepEqual(reader.curves({ since: revision }).map(({ points }) => points.length), [1]);
    reader.close();
  }));

Deno.test("a reader sees a study that another definition has left as strangers, and which one runs", () =>
  inFolder(async (folder) => {
    await scriptedStudy(folder, 1).run();
    const study = createStudy(
      { name: "scripted", space: { studentDim: [4, 16], seed: seeds(1) }, trial: tinyTrial },
      testEnvironment(folder, { process: "scripted_trial" }),
    );
    await study.run();
    const reader = await openStudyReader("scripted", { checkpointsFolder: folder });
    assert.deepEqual(reader.trials().map(({ parameters }) => parameters.studentDim), [4, 16]);
    assert.deepEqual([reader.summary().strangers, reader.rows().length], [1, 2]);
    reader.close();
    const controller = new AbortController();
    const run = longStudy(folder).run({ signal: controller.signal });
    while (!(await listStudies({ checkpointsFolder: folder })).some(({ state }) => state === "running")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    controller.abort();
    await assert.rejects(run);
    writeFileSync(join(folder, "README.md"), "");
    const states = (await listStudies({ checkpointsFolder: folder })).map(({ name, state }) => [name, state]);
    assert.deepEqual(states, [["long", "interrupted"], ["scripted", "finished"]]);
  }));

Deno.test("a study whose database is damaged is left out of the list of studies", () =>
  inFolder(async (folder) => {
    await scriptedStudy(folder, 1).run();
    const database = new DatabaseSync(join(folder, "scripted", "study.sqlite"));
    database.exec("ALTER TABLE trials RENAME TO lost");
    database.close();
    assert.deepEqual(await listStudies({ checkpointsFolder: folder }), []);
  }));

Deno.test("what is not there is told with what is", () =>
  inFolder(async (folder) => {
    assert.deepEqual(await listStudies({ checkpointsFolder: join(folder, "none") }), []);
    await assert.rejects(
      openStudyReader("other", { checkpointsFolder: folder }),
      /expected one of those there are \(none\)/,
    );
    await scriptedStudy(folder, 1).run();
    await assert.rejects(openStudyReader("other", { checkpointsFolder: folder }), /there are \(scripted\)/);
    await assert.rejects(openStudyReader("../other", { checkpointsFolder: folder }), /Cannot name a study/);
    const environment = testEnvironment(folder);
    await assert.rejects(storedStudy("other", environment), /Cannot go on with study "other": .* \(scripted\)/);
  }));

Deno.test("storedStudy goes on with stored trials, their pruner and their rule for weights", () =>
  inFolder(async (folder) => {
    const environment = testEnvironment(folder);
    const space = { studentDim: [2, 3, 4, 5, 6], seed: seeds(2) };
    const options = { sampler: randomSearch({ count: 4, seed: 2 }), pruner: asha({ reduction: 2 }), trial: tinyTrial };
    const study = createStudy({ name: "stored", space, ...options, keepWeights: "all" }, environment);
    const losses = (trial: { parameters: unknown }) => 1 / (trial.parameters as { studentDim: number }).studentDim;
    const playing = () => new PlayedExecutor((stage) => reportLosses(stage, [losses(stage.order.trial), 0.1]));
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => done === 2 && controller.abort(new Error("enough"));
    await assert.rejects(study.run({ executor: playing(), signal: controller.signal, onProgress }), /enough/);
    const stored = await storedStudy("stored", environment);
    assert.deepEqual(stored.definition, study.definition);
    assert.deepEqual(stored.trials, study.trials);
    const rows = await stored.run({ executor: playing() });
    assert.ok(rows.pruned.length > 0);
    assert.equal(rows.length + rows.pruned.length, 8);
    assert.deepEqual(await study.rows(), rows);
  }));
