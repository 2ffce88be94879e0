import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, projectPath, startChild } from "lib/process/mod.ts";
import { seeds, type StudyProgress } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { adam, loadWeights, readSidecar } from "lib/train/mod.ts";
import { endlessStudy, inFolder, LONG_EPOCHS, longStudy, SHORT_EPOCHS, testEnvironment, tinyTrial } from "./studies.ts";

const trialFolder = (folder: string, study: { name: string; trials: readonly { key: string }[] }, index = 0) =>
  join(folder, study.name, study.trials[index].key);

/** The weights of a trial as text: equal texts are equal bits. */
async function weightsOf(folder: string): Promise<string> {
  const weights = await loadWeights(folder);
  const bits = Object.entries(weights).map(([name, { data }]) => [name, new Uint32Array(data.buffer).join()]);
  return JSON.stringify(Object.fromEntries(bits.sort()));
}

/** Weights and validation losses of the long study's first trial when nothing interrupts it. */
const uninterrupted = once(async () => {
  let result = { weights: "", losses: [] as number[] };
  await inFolder(async (folder) => {
    const study = longStudy(folder);
    const [row] = await study.run();
    result = { weights: await weightsOf(trialFolder(folder, study)), losses: validationLosses(row) };
  });
  return result;
});

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}

function validationLosses({ history }: { history: { validation: { loss: number } }[] }): number[] {
  return history.map(({ validation }) => validation.loss);
}

/** Starts a process that runs the long study; settles once `until` holds of its progress. */
function startRun(
  folder: string,
  { process = "", until }: { process?: string; until: (progress: StudyProgress) => boolean },
): Promise<Child> {
  return new Promise((resolve, reject) => {
    const child = startChild({
      module: projectPath("tests", "sweep", "processes", "runs_study.ts"),
      args: [folder, process],
      onMessage: (message) => until(message as StudyProgress) && resolve(child),
    });
    child.result.then(({ stderrTail }) => reject(new Error(`the run ended too early: ${stderrTail}`)), reject);
  });
}

Deno.test("run trains in processes of their own, and a second run trains nothing", () =>
  inFolder(async (folder) => {
    const options = { name: "real", space: { studentDim: [4, 16], seed: seeds(2) }, trial: tinyTrial } as const;
    const study = createStudy(options, testEnvironment(folder));
    const rows = await study.run();
    assert.deepEqual(rows.map(({ studentDim, seed }) => [studentDim, seed]), [[4, 1], [4, 2], [16, 1], [16, 2]]);
    for (const [i, row] of rows.entries()) {
      assert.equal(row.parameterCount, 2 * row.studentDim * 13 + 12);
      assert.deepEqual([row.history.length, row.steps, row.stopped, row.attempts], [3, 30, "epochs", 1]);
      assert.deepEqual(row.validation, row.history[row.bestEpoch - 1].validation);
      assert.ok(row.validation.loss === Math.min(...row.history.map(({ validation }) => validation.loss)));
      assert.ok(row.baselineRssBytes > 2 ** 24 && row.peakRssBytes >= row.baselineRssBytes);
      assert.ok(row.trainSeconds > 0 && row.seconds > row.trainSeconds);
      assert.equal(Object.keys(await loadWeights(trialFolder(folder, study, i))).length, 8);
    }
    assert.notEqual(await weightsOf(trialFolder(folder, study, 0)), await weightsOf(trialFolder(folder, study, 1)));
    assert.deepEqual(await study.run(), rows);
  }));

Deno.test("peak memory grows with the model", () =>
  inFolder(async (folder) => {
    const trial = ({ studentDim }: { studentDim: number }) => ({ ...tinyTrial({ studentDim }), maxSteps: 2 });
    const study = createStudy({ name: "memory", space: { studentDim: [8, 262144] }, trial }, testEnvironment(folder));
    const [small, large] = await study.run();
    const taken = (row: typeof small) => row.peakRssBytes - row.baselineRssBytes;
    // Parameters, gradients and two moments in float32, and a copy of the best parameters.
    assert.ok(taken(large) > large.parameterCount * 4 * 5, `${taken(large)} for ${large.parameterCount}`);
    assert.ok(taken(small) < 100 * 2 ** 20, `${taken(small)}`);
  }));

Deno.test("a study that was aborted goes on where it was, to the same bits", () =>
  inFolder(async (folder) => {
    const study = longStudy(folder);
    const controller = new AbortController();
    const reason = new Error("enough for today");
    const stopped = study.run({
      signal: controller.signal,
      onProgress: ({ current }) => current?.epoch === 20 && controller.abort(reason),
    });
    await assert.rejects(stopped, reason);
    assert.deepEqual([...await study.rows()], []);
    const sidecar = await readSidecar(trialFolder(folder, study));
    assert.ok(
      sidecar?.status === "running" && sidecar.epoch >= 20 && sidecar.epoch < LONG_EPOCHS,
      String(sidecar?.epoch),
    );
    const seen: number[] = [];
    const rows = await study.run({ onProgress: ({ current }) => current && seen.push(current.epoch) });
    assert.ok(seen[1] > 20, `went on from epoch ${seen[1]}`);
    assert.deepEqual(rows.map(({ attempts, history }) => [attempts, history.length]), [[2, LONG_EPOCHS], [
      1,
      SHORT_EPOCHS,
    ]]);
    const { weights, losses } = await uninterrupted();
    assert.equal(await weightsOf(trialFolder(folder, study)), weights);
    assert.deepEqual(validationLosses(rows[0]), losses);
  }));

for (const signal of ["SIGKILL", "SIGINT"] as const) {
  Deno.test(`a run that is ended by ${signal} loses nothing, and its lock goes with it`, () =>
    inFolder(async (folder) => {
      const study = longStudy(folder);
      const child = await startRun(folder, { until: ({ current }) => (current?.epoch ?? 0) >= 20 });
      Deno.kill(child.pid, signal);
      const rows = await study.run(); // the first trial's process may still be ending
      assert.deepEqual(rows.map(({ attempts }) => attempts), [2, 1]);
      assert.ok(rows[0].seconds > rows[0].trainSeconds);
      assert.equal(await weightsOf(trialFolder(folder, study)), (await uninterrupted()).weights);
    }));
}

Deno.test("a second run of a study names the process of the first", () =>
  inFolder(async (folder) => {
    const child = await startRun(folder, {
      process: "scripted_trial",
      until: ({ current }) => current?.parameters.seed === 3 && current.epoch === 1, // it hangs now
    });
    const study = longStudy(folder, "scripted_trial");
    await assert.rejects(study.run(), (error: Error) => {
      assert.match(
        error.message,
        new RegExp(`^Cannot run study "long": process ${child.pid} has been running it since \\d{4}-.*; wait for it`),
      );
      return true;
    });
    assert.equal((await study.rows()).length, 1); // reading is possible meanwhile
    Deno.kill(child.pid, "SIGKILL");
    const { failures } = await study.run({ failures: "return", trialDeadlineMs: 1500 });
    assert.deepEqual(failures.map(({ parameters, attempts }) => [parameters.seed, attempts]), [[2, 2], [3, 2], [4, 1]]);
  }));

Deno.test("two runs of a study in one process: the second is refused", () =>
  inFolder(async (folder) => {
    const study = endlessStudy(folder);
    const controller = new AbortController();
    const first = study.run({ signal: controller.signal });
    await assert.rejects(study.run(), /Cannot run study "long": this process is already running it/);
    controller.abort();
    await assert.rejects(first, { name: "AbortError" });
    await assert.rejects(study.run({ signal: controller.signal }), { name: "AbortError" });
  }));

Deno.test("a loss that is not finite is a failure with step and learning rate", () =>
  inFolder(async (folder) => {
    const trial = ({ rate }: { rate: number }) => ({ ...tinyTrial(), optimizer: adam({ learningRate: rate }) });
    const study = createStudy({ name: "nan", space: { rate: [1e30, 0.01] }, trial }, testEnvironment(folder));
    const rows = await study.run({ failures: "return" });
    assert.deepEqual(rows.map(({ rate }) => rate), [0.01]);
    const [{ kind, message, parameters }] = rows.failures;
    assert.deepEqual([kind, parameters], ["diverged", { rate: 1e30 }]);
    assert.match(message, /^Training diverged: the loss is .* at step \d+ with learning rate 1e\+30$/);
    const again = await study.run({ failures: "return" });
    assert.equal(again.failures[0].attempts, 1);
  }));

Deno.test("what a trial's process throws is told in its words", () =>
  inFolder(async (folder) => {
    const trial = ({ hash }: { hash: string }) => ({ ...tinyTrial(), data: { ...tinyTrial().data, hash } });
    const study = createStudy({ name: "throws", space: { hash: ["0".repeat(64)] }, trial }, testEnvironment(folder));
    const { failures: [{ kind, message, stderrTail }] } = await study.run({ failures: "return" });
    assert.equal(kind, "threw");
    assert.match(message, /^Cannot resolve reference to random-400x8-seed1: expected data with hash 0000/);
    assert.match(stderrTail, /RangeError: Cannot resolve reference[^]*at /);
  }));

Deno.test("a damaged checkpoint is a failure that names the file", () =>
  inFolder(async (folder) => {
    const study = endlessStudy(folder);
    const controller = new AbortController();
    const onProgress = ({ current }: StudyProgress) => current?.epoch === 5 && controller.abort();
    await assert.rejects(study.run({ signal: controller.signal, onProgress }), { name: "AbortError" });
    const path = trialFolder(folder, study);
    const file = readdirSync(path).find((name) => name.startsWith("state-"))!;
    writeFileSync(join(path, file), readFileSync(join(path, file)).subarray(0, 100));
    const { failures: [{ kind, message }] } = await study.run({ failures: "return" });
    assert.equal(kind, "threw");
    assert.ok(message.includes(file) && message.includes("truncated"), message);
    assert.match(message, /; remove .*\/long\/[0-9a-f]{64} to start the trial anew$/);
    assert.ok(existsSync(join(path, file)));
  }));
