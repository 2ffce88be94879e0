import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { seeds, StudyFailedError, type StudyProgress } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { inFolder, machine, scriptedStudy, testEnvironment, tinyTrial } from "./studies.ts";

const parametersOf = (rows: readonly { studentDim: number; seed: number }[]) =>
  rows.map(({ studentDim, seed }) => [studentDim, seed]);

Deno.test("run records every kind of failure, goes on, and gives rows in grid order", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 9);
    const rows = await study.run({ failures: "return", trialDeadlineMs: 2500 });
    assert.deepEqual(parametersOf(rows), [[4, 1], [4, 8], [8, 1]]);
    const { failures } = rows;
    assert.deepEqual(failures.map(({ parameters: { studentDim, seed }, kind }) => [studentDim, seed, kind]), [
      [4, 2, "exited"],
      [4, 3, "deadline"],
      [4, 4, "exited"],
      [4, 5, "diverged"],
      [4, 6, "output"],
      [4, 7, "killed"],
      [4, 9, "killed"],
    ]);
    assert.deepEqual(failures.map(({ message }) => message), [
      "ended with exit code 1 and without a result",
      "did not end within its deadline of 2.5 s",
      "ended with exit code 3 and without a result",
      "the metric cosine is NaN on the validation split in epoch 1",
      "was ended because it printed too much",
      "was killed by SIGKILL from outside (another process, or the system for want of memory)",
      "was asked to end by another process (SIGTERM)",
    ]);
    assert.match(failures[0].stderrTail, /seed 2 with 1 threads[^]*RangeError: the code of the trial is wrong/);
    assert.equal(failures[0].attempts, 1);
  }));

Deno.test("run throws at its end when trials failed, with rows and failures", () =>
  inFolder(async (folder) => {
    await assert.rejects(scriptedStudy(folder, 2).run(), (error) => {
      assert.ok(error instanceof StudyFailedError);
      assert.deepEqual([error.rows.length, error.failures.length], [2, 1]);
      assert.match(error.message, /^Study scripted: 1 of 3 trials failed; the others are stored/);
      assert.match(error.message, /\n {2}studentDim 4, seed 2: ended with exit code 1/);
      assert.match(error.message, /retry: "all"/);
      return true;
    });
  }));

Deno.test("rows are plain JSON with what was measured", () =>
  inFolder(async (folder) => {
    const [row] = await scriptedStudy(folder, 1).run();
    assert.deepEqual(JSON.parse(JSON.stringify(row)), row);
    const { key, seconds, history, checkpoint, ...rest } = row;
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.ok(seconds > 0 && seconds < 600);
    assert.deepEqual(history.map(({ epoch }) => epoch), [1, 2, 3]);
    assert.ok(checkpoint.endsWith(`scripted/${key}`));
    assert.deepEqual(rest, {
      studentDim: 4,
      seed: 1,
      parameterCount: 116,
      trainSeconds: 0.75,
      peakRssBytes: 300,
      baselineRssBytes: 100,
      bestEpoch: 3,
      validation: { loss: 1 / 3, cosine: 0.5 },
      weightsKept: false, // the scripted process writes none
      stopped: "epochs",
      steps: 30,
      machine: machine.id,
      attempts: 1,
    });
  }));

Deno.test("run runs finished trials once, and failed ones again as retry says", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 5);
    const attempts = async (retry?: "all" | "none") => {
      const seen = new Set<string>();
      const rows = await study.run({
        retry,
        failures: "return",
        trialDeadlineMs: 1500,
        onProgress: ({ current }) => current && seen.add(`${current.parameters.studentDim}/${current.parameters.seed}`),
      });
      assert.deepEqual(rows.map(({ attempts }) => attempts), [1, 1]);
      return [...seen];
    };
    assert.deepEqual(await attempts(), ["4/1", "4/2", "4/3", "4/4", "4/5", "8/1"]);
    assert.deepEqual(await attempts("none"), []);
    assert.deepEqual(await attempts(), ["4/2", "4/3", "4/4"]);
    assert.deepEqual(await attempts("all"), ["4/2", "4/3", "4/4", "4/5"]);
    assert.deepEqual((await study.rows()).failures.map(({ attempts }) => attempts), [3, 3, 3, 2]);
  }));

Deno.test("run tells its progress", () =>
  inFolder(async (folder) => {
    const seen: StudyProgress<{ studentDim: number; seed: number }>[] = [];
    await scriptedStudy(folder, 2).run({ failures: "return", onProgress: (progress) => seen.push(progress) });
    const none = { failed: 0, pruned: 0, current: null, running: [] };
    assert.deepEqual(seen[0], { done: 0, total: 3, ...none, secondsLeft: null });
    assert.deepEqual(seen[1].current, {
      parameters: { studentDim: 4, seed: 1 },
      epoch: 0,
      epochs: 3,
      samplesPerSecond: null,
    });
    assert.deepEqual(seen[1].running, [seen[1].current]);
    assert.deepEqual(seen[2].current?.samplesPerSecond, 1280);
    assert.ok(seen[2].secondsLeft! > 0);
    assert.deepEqual(seen.at(-1), { done: 2, total: 3, ...none, failed: 1, secondsLeft: 0 });
    // Costs are known from the start of a later run.
    const later: (number | null)[] = [];
    const study = scriptedStudy(folder, 3);
    await study.run({ failures: "return", trialDeadlineMs: 1500, onProgress: (p) => later.push(p.secondsLeft) });
    assert.ok(later[0]! > 0);
  }));

Deno.test("trials of an earlier definition are kept as strangers, and come back with it", () =>
  inFolder(async (folder) => {
    const define = (weight: number) => {
      const trial = ({ studentDim }: { studentDim: number }) => tinyTrial({ studentDim, weight });
      const options = { name: "scripted", space: { studentDim: [4], seed: seeds(1) }, trial } as const;
      return createStudy(options, testEnvironment(folder, { process: "scripted_trial" }));
    };
    const [first] = await define(0.5).run();
    const changed = define(0.6);
    assert.deepEqual(await changed.rows(), []);
    const [second] = await changed.run();
    assert.notEqual(first.key, second.key);
    const strangers = await changed.strangers();
    assert.deepEqual(strangers.map(({ key, finished, parameters }) => ({ key, finished, parameters })), [
      { key: first.key, finished: true, parameters: { studentDim: 4, seed: 1 } },
    ]);
    assert.deepEqual(await define(0.5).rows(), [first]);
  }));

Deno.test("a study that was never run has no rows and makes no folder", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 1);
    assert.deepEqual([await study.rows(), await study.strangers(), await study.machines()], [[], [], []]);
    assert.deepEqual(readdirSync(folder), []);
  }));

Deno.test("rows name a machine whose facts are kept", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 1);
    await study.run();
    assert.deepEqual(await study.machines(), [machine]);
  }));

Deno.test("threads are the trial's own, or the run's", () =>
  inFolder(async (folder) => {
    const trial = ({ seed }: { seed: number }) => ({ ...tinyTrial(), ...(seed === 4 && { threads: 7 }) });
    const options = {
      name: "threads",
      space: { seed: seeds(4) },
      where: ({ seed }: { seed: number }) => seed % 2 === 0,
    };
    const study = createStudy({ ...options, trial }, testEnvironment(folder, { process: "scripted_trial" }));
    const { failures } = await study.run({ threads: 3, failures: "return" });
    const told = failures.map(({ stderrTail }) => /with (\d) threads/.exec(stderrTail)?.[1]);
    assert.deepEqual(told, ["3", "7"]);
  }));

Deno.test("what onProgress throws stops the run, and the trial is run again", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 1);
    const failing = study.run({
      onProgress: ({ current }) => {
        if (current?.epoch === 2) throw new Error("the display is gone");
      },
    });
    await assert.rejects(failing, /the display is gone/);
    assert.deepEqual((await study.rows()).failures, []);
    const rows = await study.run();
    assert.deepEqual(rows.map(({ attempts }) => attempts), [2, 1]);
  }));

Deno.test("run refuses wrong options before anything is started", () =>
  inFolder(async (folder) => {
    const study = scriptedStudy(folder, 1);
    // deno-lint-ignore no-explicit-any
    const cases: [any, RegExp][] = [
      [{ threads: -1 }, /expected threads to be an integer of at least 0, got -1/],
      [{ threads: 1.5 }, /got 1.5/],
      [{ retry: "always" }, /expected retry to be "recoverable", "all" or "none", got "always"/],
      [{ failures: "ignore" }, /expected failures/],
      [{ trialDeadlineMs: 0 }, /expected trialDeadlineMs/],
      [{ processes: "one" }, /expected processes to be "shared" or "fresh", got "one"/],
      [{ memoryBudgetBytes: 0 }, /expected memoryBudgetBytes to be above 0, got 0/],
      [{ trials: 0 }, /expected trials to be an integer from 1 to 256 or "auto", got 0/],
      [{ changed: "mix" }, /expected changed to be "refuse" or "restart", got "mix"/],
      [{ trials: 2, executor: {} }, /expected no trials beside an executor, which has its own/],
      [{ workers: 4 }, /got option "workers"/],
    ];
    for (const [options, message] of cases) await assert.rejects(study.run(options), { message });
    assert.deepEqual(readdirSync(folder), []);
  }));
