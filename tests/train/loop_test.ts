import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
import {
  adam,
  adam8bit,
  loadWeights,
  type Loss,
  sgd,
  traceProgram,
  train,
  type TrainingData,
  trainProgram,
} from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import {
  abortAfter,
  reproducible,
  smallData,
  smallProgram,
  smallSettings,
  targetData,
  targetProgram,
  withFolder,
} from "./fixtures.ts";

const start = (changes: Parameters<typeof smallSettings>[0] = {}, data: TrainingData = smallData()) =>
  trainProgram(smallProgram(), data, { settings: smallSettings(changes) });

/** One step of 0.01 an epoch towards 100: p stands at 0.01 times the epoch. */
const walk = (validation: number[], changes: Parameters<typeof smallSettings>[0]) =>
  trainProgram(targetProgram(), targetData([100, 100], validation), {
    settings: smallSettings({ batchSize: 2, epochs: 30, ...changes }),
  }).result;

Deno.test("training lowers the loss and keeps the weights of the best epoch", async () => {
  const { history, bestEpoch, stopped, steps, parameterCount, weights, checkpoint } = await start({ epochs: 8 }).result;
  assert.deepEqual([stopped, steps, parameterCount, checkpoint], ["epochs", 40, 56 + 27 + 32 + 54, null]);
  assert.deepEqual(history.map(({ epoch }) => epoch), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.ok(history[7].trainLoss < history[0].trainLoss);
  const losses = history.map(({ validation }) => validation.loss);
  assert.equal(bestEpoch, losses.indexOf(Math.min(...losses)) + 1);
  assert.deepEqual(Object.keys(history[0].validation), ["loss", "cosine"]);
  assert.deepEqual(weights["compression.weight"].shape, [3, 8]);
});

Deno.test("training stops early once the validation loss has not fallen for `patience` epochs", async () => {
  // (p - 0.05)^2 is least after the fifth step.
  for (const patience of [1, 3]) {
    const { history, bestEpoch, stopped, weights } = await walk([0.05], { earlyStopping: { patience } });
    assert.deepEqual([stopped, bestEpoch, history.length], ["earlyStopping", 5, 5 + patience]);
    assertAllClose(weights.p.data as Float32Array, [0.05], { rtol: 1e-5 });
  }
  const { stopped, bestEpoch, history } = await walk([0.05], {});
  assert.deepEqual([stopped, bestEpoch, history.length], ["epochs", 5, 30]);
});

Deno.test("early stopping counts a slow fall as soon as it amounts to more than minDelta", async () => {
  // (p - 1)^2 falls by about 0.02 an epoch: 0.0597 over three, 0.0585 over the next three.
  const stopsAfter = async (minDelta: number) => {
    const { history, stopped } = await walk([1], { earlyStopping: { patience: 3, minDelta }, epochs: 9 });
    return [stopped, history.length];
  };
  assert.deepEqual(await stopsAfter(0.05), ["epochs", 9]);
  assert.deepEqual(await stopsAfter(0.07), ["earlyStopping", 4]);
});

Deno.test("maxSteps ends a run in mid-epoch, with a validation", async () => {
  const { history, stopped, steps } = await start({ maxSteps: 7 }).result;
  assert.deepEqual([stopped, steps, history.map(({ steps }) => steps)], ["maxSteps", 7, [5, 2]]);
});

Deno.test("an epoch's summary tells the learning rate of its last step", async () => {
  const learningRates = async (schedule: { kind: "linear" | "cosine" }) =>
    (await start({ schedule, epochs: 2 }).result).history.map(({ learningRate }) => learningRate);
  assertAllClose(await learningRates({ kind: "linear" }), [1e-2 * 0.6, 1e-2 * 0.1], { rtol: 1e-12 });
});

Deno.test("the same seed gives the same bits, another seed other ones", async () => {
  const [first, again, other] = await Promise.all([1, 1, 2].map(async (seed) => await start({ seed }).result));
  assert.deepEqual(reproducible(again), reproducible(first));
  assert.notDeepEqual(other.history[0].trainLoss, first.history[0].trainLoss);
});

Deno.test("state split over several memories gives the same result", async () => {
  const settings = smallSettings();
  const split = trainProgram(smallProgram(), smallData(), { settings, memoryLimitBytes: 1024 });
  assert.deepEqual(reproducible(await split.result), reproducible(await start().result));
});

for (const value of [NaN, Infinity]) {
  Deno.test(`a loss that ${value} makes not finite stops the run, and its checkpoint stays`, () =>
    withFolder(async (folder) => {
      const data = smallData();
      const settings = smallSettings({ epochs: 50 });
      const run = trainProgram(smallProgram(), data, { settings, checkpointDir: folder, checkpointEverySeconds: 0 });
      const epochs: number[] = [];
      await assert.rejects(async () => {
        for await (const { epoch } of run) {
          epochs.push(epoch);
          if (epoch === 3) data.columns.x.data.fill(value);
        }
      }, /^RangeError: Training diverged: the loss is (NaN|Infinity) at step 1[67] with learning rate 0.01$/);
      assert.deepEqual(epochs, [1, 2, 3]);
      const { epoch } = JSON.parse(await readFile(join(folder, "checkpoint.json"), "utf8"));
      assert.equal(epoch, 3);
      const values = Object.values(await loadWeights(folder)).flatMap(({ data }) => [...data as Float32Array]);
      assert.ok(values.length === 169 && values.every(Number.isFinite));
    }));
}

Deno.test("a validation loss that is not finite stops the run with step and learning rate", async () => {
  const data = targetData([1, 1], [NaN]);
  const run = trainProgram(targetProgram(), data, { settings: smallSettings({ batchSize: 2 }) });
  await assert.rejects(
    run.result,
    /^RangeError: Training diverged: the validation loss is NaN after step 1 with learning rate 0.01$/,
  );
});

Deno.test("data that does not fit the model is refused before anything runs", async () => {
  await assert.rejects(
    start({}, smallData({ width: 7 })).result,
    /^TypeError: Cannot train lnsp-loss: expected x in rows of float32 \[6\], got float32 \[7\]/,
  );
  const { columns: { x }, ...rest } = smallData();
  await assert.rejects(start({}, { ...rest, columns: { y: x } }).result, /expected data for "x", got y/);
  await assert.rejects(
    start({ batchSize: 81 }).result,
    /^RangeError: Cannot train: expected at least 81 training rows, got 80/,
  );
  await assert.rejects(
    start({}, { ...smallData(), validation: new Uint32Array(0) }).result,
    /^RangeError: Cannot train: expected at least 1 validation row, got 0/,
  );
  await assert.rejects(
    start({}, { ...smallData(), train: Uint32Array.from({ length: 80 }, (_, i) => i + 50) }).result,
    {
      message: /expected indices below 100/,
    },
  );
});

Deno.test("bad settings reject the run", async () => {
  await assert.rejects(start({ epochs: 0 }).result, /^RangeError: Cannot train: epochs: /);
  await assert.rejects(start({ engine: "cuda" as "cpu" }).result, /engine: expected "cpu" or "webgpu"/);
});

Deno.test("a dataset with another hash than its reference is refused", async () => {
  const { reference } = smallData();
  const run = trainProgram(smallProgram(), { ...reference, hash: "0".repeat(64) }, { settings: smallSettings() });
  await assert.rejects(run.result, /expected data with hash 0000/);
});

Deno.test("train takes model, loss and a data reference, and is as trainProgram", async () => {
  const width = 6;
  const linearModel = model("linear", { inputs: { x: tensor("float32", ["batch", width]) } }, (scope, { x }) => ({
    output: linear(scope, x, width),
  }));
  const loss: Loss = ({ output }, { x }) => meanSquaredError(output, x);
  const settings = smallSettings();
  const { reference } = smallData();
  const front = await train({ model: linearModel, loss, data: reference, ...settings }).result;
  const program = traceProgram({ model: linearModel, loss });
  assert.deepEqual(
    reproducible(front),
    reproducible(await trainProgram(program, smallData(), { settings }).result),
  );
});

Deno.test("a run can be only awaited, only iterated, or both, also after it has ended", async () => {
  assert.equal((await start().result).history.length, 4);
  const iterated: number[] = [];
  for await (const { epoch } of start()) iterated.push(epoch);
  assert.deepEqual(iterated, [1, 2, 3, 4]);
  const run = start();
  const { history } = await run.result;
  const late = [];
  for await (const summary of run) late.push(summary);
  assert.deepEqual(late, history);
});

Deno.test("a failing run throws where it is iterated, and an abandoned one harms nobody", async () => {
  await assert.rejects(async () => {
    for await (const _ of start({ epochs: 0 })) assert.fail("no epoch was run");
  }, /epochs/);
  start({ epochs: 0 }); // neither awaited nor iterated: no unhandled rejection ends this process
  for await (const { epoch } of start()) if (epoch === 2) break;
  await new Promise((resolve) => setTimeout(resolve, 50));
});

Deno.test("an abort signal from a timer ends the run between two steps", async () => {
  const controller = new AbortController();
  const settings = smallSettings({ epochs: 1_000_000 });
  const run = trainProgram(smallProgram(), smallData(), { settings, signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  const { stopped, steps, history } = await run.result;
  assert.equal(stopped, "aborted");
  assert.equal(history.length, Math.floor(steps / 5));
});

Deno.test("an epoch's time is only that of its steps, and gives its samples a second", async () => {
  const { history } = await start().result;
  for (const { seconds, samplesPerSecond, steps } of history) {
    assert.ok(seconds > 0);
    assertAllClose([samplesPerSecond], [steps * 16 / seconds], { rtol: 1e-12 });
  }
});

Deno.test("adam's settings reach the step", async () => {
  const { history: slow } = await start({ optimizer: adam({ learningRate: 1e-6 }) }).result;
  const { history: fast } = await start({ optimizer: adam({ learningRate: 1e-2 }) }).result;
  const fall = (history: typeof slow) => history[0].validation.loss - history.at(-1)!.validation.loss;
  assert.ok(fall(fast) > 10 * Math.abs(fall(slow)));
});

Deno.test("two accumulated batches give the step of one batch of twice the size", async () => {
  const whole = await start({ batchSize: 16, epochs: 3, optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }) }).result;
  const halves = await start({
    batchSize: 8,
    accumulationSteps: 2,
    epochs: 3,
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  }).result;
  assert.equal(halves.steps, whole.steps);
  for (const [name, { data }] of Object.entries(whole.weights)) {
    assertAllClose(halves.weights[name].data as Float32Array, data as Float32Array, {
      rtol: 1e-4,
      atol: 1e-6,
      label: name,
    });
  }
  assertAllClose(halves.history.map(({ trainLoss }) => trainLoss), whole.history.map(({ trainLoss }) => trainLoss), {
    rtol: 1e-5,
  });
});

Deno.test("clipping bounds the update, and a bound above every norm changes nothing", async () => {
  const settings = { epochs: 2, optimizer: sgd({ learningRate: 1 }) };
  const [free, loose, tight] = await Promise.all([
    start(settings).result,
    start({ ...settings, maxGradientNorm: 1e6 }).result,
    start({ ...settings, maxGradientNorm: 1e-6 }).result,
  ]);
  assert.deepEqual(loose.weights, free.weights);
  assert.notDeepEqual(tight.weights, free.weights);
  // Ten steps of length 1e-6 hardly move the loss.
  assertAllClose([tight.history[1].trainLoss], [tight.history[0].trainLoss], { rtol: 1e-3 });
});

Deno.test("every optimizer resumes to the bit", async () => {
  for (const optimizer of [sgd({ learningRate: 0.1, momentum: 0.9 }), adam8bit({ learningRate: 1e-2 })]) {
    const settings = smallSettings({ optimizer, epochs: 4, accumulationSteps: 2, batchSize: 8, maxGradientNorm: 1 });
    const straight = await trainProgram(smallProgram(), smallData(), { settings }).result;
    const resumed = await withFolder(async (checkpointDir) => {
      const first = await trainProgram(smallProgram(), smallData(), { settings, checkpointDir, signal: abortAfter(7) })
        .result;
      assert.equal(first.stopped, "aborted");
      return await trainProgram(smallProgram(), smallData(), { settings, checkpointDir }).result;
    });
    assert.deepEqual(resumed.weights, straight.weights);
  }
});
