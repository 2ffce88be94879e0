import assert from "node:assert/strict";
import { readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { projectPath, startChild } from "lib/process/mod.ts";
import { adam, loadWeights, readSidecar, trainProgram, type TrainSettings } from "lib/train/mod.ts";
import { abortAfter, reproducible, smallData, smallProgram, smallSettings, withFolder } from "./fixtures.ts";

const start = (
  settings: TrainSettings,
  options: { checkpointDir?: string; resume?: boolean; signal?: AbortSignal; checkpointEverySeconds?: number } = {},
) => trainProgram(smallProgram(), smallData(), { settings, ...options }).result;

/** Everything that a schedule, an optimizer and early stopping carry from step to step. */
const settings = smallSettings({
  epochs: 6,
  schedule: { kind: "cosine", warmupSteps: 3, finalFactor: 0.1 },
  earlyStopping: { patience: 5 },
});

for (const steps of [0, 1, 7, 10, 29]) {
  Deno.test(`a run aborted after ${steps} steps goes on to the same bits`, async () => {
    const whole = await start(settings);
    await withFolder(async (folder) => {
      const aborted = await start(settings, { checkpointDir: folder, signal: abortAfter(steps) });
      assert.deepEqual([aborted.stopped, aborted.steps], ["aborted", steps]);
      assert.equal(aborted.history.length, Math.floor(steps / 5));
      const resumed = await start(settings, { checkpointDir: folder });
      assert.deepEqual(reproducible(resumed), reproducible(whole));
      assert.deepEqual(await loadWeights(folder), resumed.weights);
    });
  });
}

Deno.test("a run aborted at every third step goes on to the same bits", async () => {
  const whole = await start(settings);
  await withFolder(async (folder) => {
    let result = await start(settings, { checkpointDir: folder, signal: abortAfter(3) });
    let rounds = 1;
    for (; result.stopped === "aborted"; rounds++) {
      result = await start(settings, { checkpointDir: folder, signal: abortAfter(3) });
    }
    assert.ok(rounds >= 10, `expected ten interruptions, got ${rounds}`);
    assert.deepEqual(reproducible(result), reproducible(whole));
  });
});

Deno.test("a process killed with SIGKILL goes on to the same bits", async () => {
  const epochs = 40;
  const whole = await start(smallSettings({ epochs }));
  await withFolder(async (folder) => {
    const module = projectPath("tests", "train", "children", "train_until_killed.ts");
    const firstEpochs: number[] = [];
    for (const last of [2, 9, 30]) {
      const seen: number[] = [];
      const args = [folder, String(epochs), String(last)];
      const onMessage = (epoch: unknown) => void seen.push(epoch as number);
      const { signal, stderrTail } = await startChild({ module, args, deadlineMs: 120_000, onMessage }).result;
      assert.equal(signal, "SIGKILL", `the child ended by itself: ${stderrTail}`);
      assert.equal(seen.at(-1), last);
      firstEpochs.push(seen[0]);
    }
    assert.ok(firstEpochs[0] === 1 && firstEpochs[1] > 1 && firstEpochs[2] > 8, `began at epochs ${firstEpochs}`);
    assert.equal((await readSidecar(folder))?.status, "running");
    const resumed = await start(smallSettings({ epochs }), { checkpointDir: folder });
    assert.deepEqual(reproducible(resumed), reproducible(whole));
  });
});

Deno.test("a finished run is not run again: its result comes from the checkpoint", async () => {
  await withFolder(async (folder) => {
    const first = await start(settings, { checkpointDir: folder });
    const files = (await readdir(folder)).sort();
    const kinds = files.map((name) => name.replace(/-.*\./, "."));
    assert.deepEqual(kinds, ["checkpoint.json", "program.json", "weights.safetensors"]);
    const again = await start(settings, { checkpointDir: folder, signal: abortAfter(0) });
    assert.deepEqual(again, first);
  });
});

Deno.test("the checkpoint of another run is refused, and left as it is", async () => {
  await withFolder(async (folder) => {
    await start(settings, { checkpointDir: folder, signal: abortAfter(7) });
    const before = await readFile(join(folder, "checkpoint.json"), "utf8");
    const message = /Cannot resume .*: its checkpoint is of another run \(program, data or settings differ\)/;
    const others: Partial<TrainSettings>[] = [{ seed: 2 }, { epochs: 7 }, { optimizer: adam({ learningRate: 1e-3 }) }];
    for (const change of others) {
      await assert.rejects(start({ ...settings, ...change }, { checkpointDir: folder }), message);
    }
    const options = { settings, checkpointDir: folder };
    await assert.rejects(trainProgram(smallProgram(), smallData({ seed: 2 }), options).result, message);
    await assert.rejects(trainProgram(smallProgram({ width: 5 }), smallData({ width: 5 }), options).result, message);
    assert.equal(await readFile(join(folder, "checkpoint.json"), "utf8"), before);
  });
});

Deno.test("resume: false starts anew over another run's checkpoint, which stands until the first of its own", async () => {
  await withFolder(async (folder) => {
    await start(settings, { checkpointDir: folder, signal: abortAfter(7) });
    const other = smallSettings({ epochs: 2, seed: 2 });
    const result = await start(other, { checkpointDir: folder, resume: false });
    assert.deepEqual(reproducible(result), reproducible(await start(other)));
    assert.deepEqual(await loadWeights(folder), result.weights);
  });
});

Deno.test("files of two runs at the same step have different names, so that a killed save damages neither", async () => {
  await withFolder(async (folder) => {
    const files: string[] = [];
    for (const seed of [1, 2]) {
      await start({ ...settings, seed }, { checkpointDir: folder, signal: abortAfter(7), resume: false });
      const { state, weights } = (await readSidecar(folder))!;
      files.push(state!.name, weights!.name);
    }
    assert.equal(new Set(files).size, 4);
  });
});

Deno.test("a checkpoint folder can be moved", async () => {
  const whole = await start(settings);
  await withFolder(async (folder) => {
    await start(settings, { checkpointDir: join(folder, "a"), signal: abortAfter(12) });
    await rename(join(folder, "a"), join(folder, "b"));
    assert.deepEqual(reproducible(await start(settings, { checkpointDir: join(folder, "b") })), reproducible(whole));
  });
});
