import assert from "node:assert/strict";
import { openStudyReader, type Pruner } from "lib/sweep/mod.ts";
import { PlayedExecutor, reportLosses } from "./played_executor.ts";
import { aboveHalf, finishing, pointOf, widthStudy } from "./played_studies.ts";
import { inFolder } from "./studies.ts";

Deno.test("run starts as many as the executor admits, and gives rows in grid order", () =>
  inFolder(async (folder) => {
    const executor = new PlayedExecutor(async (stage) => {
      await new Promise((resolve) => setTimeout(resolve, 40 / pointOf(stage).studentDim)); // the first one ends last
      return await finishing(stage);
    }, { atOnce: 3 });
    const running: number[] = [];
    const rows = await widthStudy(folder, { widths: 7 }).run({
      executor,
      onProgress: (progress) => running.push(progress.running.length),
    });
    assert.deepEqual(rows.map(({ studentDim }) => studentDim), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual([executor.mostAtOnce, Math.max(...running), running.at(-1)], [3, 3, 0]);
    assert.equal(rows[0].peakRssBytes - rows[0].baselineRssBytes, 1e8);
  }));

Deno.test("a trial that is killed for want of memory is run again alone, then recorded as failed", () =>
  inFolder(async (folder) => {
    const executor = new PlayedExecutor(
      (stage) => {
        const { studentDim } = pointOf(stage);
        if (studentDim === 2 || (studentDim === 3 && !stage.order.alone)) {
          return Promise.resolve(stage.failed("memory", "was killed while memory was short"));
        }
        return finishing(stage);
      },
      { atOnce: 2 },
    );
    const rows = await widthStudy(folder, {}).run({ executor, failures: "return" });
    assert.deepEqual(rows.map(({ studentDim, attempts }) => [studentDim, attempts]), [[1, 1], [3, 2], [4, 1]]);
    const [{ kind, message, attempts }] = rows.failures;
    assert.deepEqual([kind, message, attempts], ["memory", "was killed while memory was short", 2]);
    assert.deepEqual(executor.orders.filter(({ alone }) => alone).map(({ trial }) => trial.parameters.studentDim), [
      2,
      3,
    ]);
  }));

Deno.test("a trial that could never run here is recorded as failed, and the others run", () =>
  inFolder(async (folder) => {
    const tooLarge = ({ parameterCount }: { parameterCount: number }) => parameterCount > 90;
    const executor = new PlayedExecutor(finishing, { tooLarge });
    const rows = await widthStudy(folder, {}).run({ executor, failures: "return" });
    assert.deepEqual(rows.failures.map(({ parameters, kind, message }) => [parameters.studentDim, kind, message]), [
      [4, "memory", "needs 40 GiB of memory, but the sweep may use 20 GiB"],
    ]);
    assert.equal(rows.length, 3);
  }));

Deno.test("a trial whose worker was lost is run again up to three times", () =>
  inFolder(async (folder) => {
    const losing = (times: number) =>
      new PlayedExecutor((stage) =>
        stage.order.attemptsBefore < times
          ? Promise.resolve(stage.failed("lost", "its worker is gone"))
          : finishing(stage)
      );
    const rows = await widthStudy(folder, { widths: 1 }).run({ executor: losing(3) });
    assert.equal(rows[0].attempts, 4);
    const { failures } = await widthStudy(folder, { name: "lost", widths: 1 }).run({
      executor: losing(9),
      failures: "return",
    });
    assert.deepEqual(failures.map(({ kind, attempts }) => [kind, attempts]), [["lost", 4]]);
  }));

Deno.test("what comes from an attempt that was overtaken is refused, and told", () =>
  inFolder(async (folder) => {
    const executor = new PlayedExecutor(async (stage) => {
      await stage.epoch(0.7);
      // Another worker has taken the trial over; the first one wakes up and reports.
      const token = stage.token + 1;
      stage.watch.onStart({ token, machine: null, pid: null, threads: 1, worker: "second" });
      await stage.epoch(0.1);
      stage.watch.onStart({ token: stage.token, machine: null, pid: null, threads: 1, worker: "zombie" });
      const { validation, ...summary } = stage.finished().result!.history[0];
      stage.watch.onEpoch(token, { ...summary, validation });
      const end = stage.finished();
      const result = { ...end.result!, history: [end.result!.history[0]], bestEpoch: 1 };
      return { ...end, token, result };
    });
    const notices: string[] = [];
    const [row] = await widthStudy(folder, { widths: 1 }).run({ executor, onNotice: (notice) => notices.push(notice) });
    assert.deepEqual(notices, [
      "studentDim 1, seed 1: attempt 1 was overtaken, its epoch 2 is left out",
      "studentDim 1, seed 1: attempt 1 was overtaken by attempt 2",
    ]);
    assert.deepEqual([row.validation.loss, row.attempts], [0.7, 2]);
  }));

Deno.test("an end with an old token is no result, and the trial is run again", () =>
  inFolder(async (folder) => {
    const notices: string[] = [];
    const executor = new PlayedExecutor(async (stage) => {
      const end = await finishing(stage);
      if (stage.order.attemptsBefore > 0) return end;
      stage.watch.onStart({ token: 2, machine: null, pid: null, threads: 1, worker: "second" });
      return end; // of attempt 1
    });
    const [row] = await widthStudy(folder, { widths: 1 }).run({ executor, onNotice: (notice) => notices.push(notice) });
    assert.match(notices[0], /what it ended with is left out: attempt 1 was overtaken by attempt 2/);
    assert.equal(row.attempts, 3);
  }));

Deno.test("a configuration that is pruned with its first seed is tried with no other", () =>
  inFolder(async (folder) => {
    const losses: Record<number, number[]> = { 1: [0.4, 0.3, 0.2], 2: [0.9, 0.8, 0.7], 3: [0.5, 0.4, 0.1] };
    const executor = new PlayedExecutor((stage) => reportLosses(stage, losses[pointOf(stage).studentDim]), {
      atOnce: 2,
    });
    const study = widthStudy(folder, { widths: 3, replicas: 2, pruner: aboveHalf });
    const seen: number[] = [];
    const rows = await study.run({ executor, onProgress: ({ pruned }) => seen.push(pruned) });
    assert.deepEqual(executor.orders.map(({ trial: { parameters } }) => [parameters.studentDim, parameters.seed]), [
      [1, 1],
      [2, 1],
      [3, 1],
      [1, 2],
      [3, 2],
    ]);
    assert.deepEqual(rows.map(({ studentDim, seed }) => [studentDim, seed]), [[1, 1], [1, 2], [3, 1], [3, 2]]);
    assert.deepEqual(
      rows.pruned.map(({ parameters, message, attempts, history }) => [parameters, message, attempts, history.length]),
      [
        [{ studentDim: 2, seed: 1 }, "a loss of 0.9 is above 0.5", 1, 1],
        [{ studentDim: 2, seed: 2 }, "its configuration was pruned with seed 1", 0, 0],
      ],
    );
    assert.deepEqual([rows.failures, seen.at(-1)], [[], 2]);
    // Pruned trials stay so, unless the study no longer prunes.
    const again = new PlayedExecutor((stage) => reportLosses(stage, losses[pointOf(stage).studentDim]));
    await study.run({ executor: again });
    assert.equal(again.orders.length, 0);
    assert.equal((await widthStudy(folder, { widths: 3, replicas: 2 }).run({ executor: again })).length, 6);
  }));

Deno.test("a pruner is asked with means over seeds, of earlier runs too", () =>
  inFolder(async (folder) => {
    const asked: [number, number, number[][]][] = [];
    const pruner: Pruner = {
      name: "watching",
      settings: {},
      reason: ({ epoch, value, curves }) => {
        asked.push([epoch, value, curves.map((curve) => [...curve])]);
        return null;
      },
    };
    const executor = () =>
      new PlayedExecutor((stage) => {
        const { studentDim, seed } = pointOf(stage);
        return reportLosses(stage, [studentDim * seed, studentDim]);
      });
    await widthStudy(folder, { widths: 1, replicas: 3, pruner }).run({ executor: executor() });
    // Not after the last of three epochs that the trial could have; here two are played.
    assert.deepEqual(asked, [[1, 1, []], [2, 1, []], [1, 1.5, []], [2, 1, []], [1, 2, []], [2, 1, []]]);
    asked.length = 0;
    await widthStudy(folder, { widths: 2, replicas: 3, pruner }).run({ executor: executor() });
    assert.deepEqual(asked.slice(0, 3), [[1, 2, [[2, 1]]], [2, 2, [[2, 1]]], [1, 3, [[2, 1]]]]);
  }));

Deno.test("readers cancel and retry trials of a run within a second, and of the next run", () =>
  inFolder(async (folder) => {
    const study = widthStudy(folder, { widths: 3 });
    let hang = true;
    const executor = new PlayedExecutor(async (stage) => {
      if (pointOf(stage).studentDim > 1 || !hang) return await finishing(stage);
      await stage.epoch(0.5);
      return stage.failed(await stage.untilStopped);
    }, { atOnce: 1 });
    const [first, second, third] = study.trials.map(({ key }) => key);
    const run = study.run({ executor });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const reader = await openStudyReader("played", { checkpointsFolder: folder });
    assert.equal(reader.summary().state, "running");
    const { revision } = reader.summary();
    assert.throws(() => reader.request("retry", "unknown"), /expected the key of a stored trial, got "unknown"/);
    reader.request("cancel", first);
    reader.request("cancel", third);
    const rows = await run;
    assert.deepEqual(rows.map(({ studentDim }) => studentDim), [2]);
    assert.deepEqual(rows.cancelled.map(({ key, message }) => [key, message]), [
      [first, "someone asked to end it"],
      [third, "someone asked to end it"],
    ]);
    assert.deepEqual(reader.trials({ since: revision }).map(({ key, state }) => [key, state]), [
      [first, "cancelled"],
      [second, "finished"],
      [third, "cancelled"],
    ]);
    assert.equal((await study.run({ executor })).length, 1); // cancelled stays cancelled
    hang = false;
    reader.request("retry", first);
    reader.request("retry", second);
    assert.deepEqual((await study.run({ executor })).map(({ studentDim }) => studentDim), [1, 2]);
    reader.close();
  }));

Deno.test("an objective without a value is a failure that names it", () =>
  inFolder(async (folder) => {
    const executor = new PlayedExecutor(async (stage) => {
      const end = await finishing(stage);
      if (pointOf(stage).studentDim === 2) end.result!.history[end.result!.bestEpoch - 1].validation.cosine = NaN;
      return end;
    });
    const objectives = [{ metric: "cosine", direction: "maximize" }];
    const rows = await widthStudy(folder, { widths: 2, objectives }).run({ executor, failures: "return" });
    assert.deepEqual(rows.failures.map(({ kind, message }) => [kind, message]), [
      ["diverged", "the objective cosine is NaN at its best epoch"],
    ]);
    assert.equal(rows.length, 1);
  }));

Deno.test("an abort ends all that runs, and the next run goes on", () =>
  inFolder(async (folder) => {
    const controller = new AbortController();
    const executor: PlayedExecutor = new PlayedExecutor(async (stage) => {
      await stage.epoch(0.5);
      if (executor.orders.length === 3) controller.abort(new Error("enough"));
      return stage.failed(await stage.untilStopped);
    }, { atOnce: 3 });
    const study = widthStudy(folder, {});
    const run = study.run({ executor, signal: controller.signal });
    await assert.rejects(run, /enough/);
    const reader = await openStudyReader("played", { checkpointsFolder: folder });
    assert.deepEqual(reader.trials().map(({ state }) => state), [
      "interrupted",
      "interrupted",
      "interrupted",
      "waiting",
    ]);
    assert.equal(reader.summary().state, "interrupted");
    reader.close();
    assert.equal((await study.run({ executor: new PlayedExecutor(finishing) })).length, 4);
  }));

Deno.test("the deadline of a run reaches the executor with each order", () =>
  inFolder(async (folder) => {
    const executor = new PlayedExecutor(finishing);
    await widthStudy(folder, { widths: 1 }).run({ executor });
    await widthStudy(folder, { widths: 2 }).run({ executor, trialDeadlineMs: 1500 });
    assert.deepEqual(executor.orders.map(({ deadlineMs }) => deadlineMs), [null, 1500]);
  }));

Deno.test("a run whose executor cannot start a trial ends with its error", () =>
  inFolder(async (folder) => {
    const executor = new PlayedExecutor(finishing);
    executor.start = () => {
      throw new Error("the pool has been closed");
    };
    await assert.rejects(widthStudy(folder, {}).run({ executor }), /the pool has been closed/);
  }));
