import assert from "node:assert/strict";
import { gather, mul, reduceMean, reduceSum, sub } from "lib/graph/mod.ts";
import { model, tensor } from "lib/nn/mod.ts";
import { adam, readSidecar, type StepSummary, traceProgram, type TrainingData, trainProgram } from "lib/train/mod.ts";
import { BatchOrder } from "lib/train/batch_order.ts";
import { abortAfter, reproducible, smallData, smallProgram, smallSettings, withFolder } from "./fixtures.ts";

Deno.test("the batches of a run are passes over all rows, each in its own order", () => {
  const rows = Uint32Array.from({ length: 10 }, (_, i) => i);
  const order = new BatchOrder(rows, { batchSize: 3, seed: 1, batchesPerPass: 3 });
  const pass = (number: number) => [0, 1, 2].map((i) => [...order.rowsOf(3 * number + i)]);
  assert.equal(new Set(pass(0).flat()).size, 9);
  assert.notDeepEqual(pass(0), pass(1));
  assert.deepEqual(pass(0), pass(0));
});

Deno.test("stepsPerEpoch ends epochs wherever in the rows, and passes go on", async () => {
  const steps: StepSummary[] = [];
  const settings = smallSettings({ epochs: 4, stepsPerEpoch: 7, maxSteps: 17 });
  const { history, stopped } = await trainProgram(smallProgram(), smallData(), {
    settings,
    onStep: (step) => void steps.push(step),
  }).result;
  assert.deepEqual([stopped, history.map((epoch) => epoch.steps)], ["maxSteps", [7, 7, 3]]);
  assert.deepEqual(steps.map(({ step }) => step), Array.from({ length: 17 }, (_, i) => i + 1));
  assert.deepEqual(steps.filter(({ endsEpoch }) => endsEpoch).map(({ step }) => step), [7, 14, 17]);
  assert.deepEqual(steps.map(({ learningRate }) => learningRate), new Array(17).fill(1e-2));
  const mean = steps.slice(0, 7).reduce((sum, { loss }) => sum + loss, 0) / 7;
  assert.ok(Math.abs(mean - history[0].trainLoss) < 1e-12);
  // 80 rows in batches of 16: five a pass, whatever the epochs are.
  for (const first of [0, 5, 10]) {
    const taken = steps.slice(first, first + 5).flatMap(({ batches }) => batches.flatMap((rows) => [...rows]));
    assert.equal(new Set(taken).size, 80);
  }
});

Deno.test("as many steps as a pass has give the bits of epochs that are passes", async () => {
  const run = async (stepsPerEpoch?: number) =>
    reproducible(
      await trainProgram(smallProgram(), smallData(), { settings: smallSettings({ stepsPerEpoch }) }).result,
    );
  assert.deepEqual(await run(5), await run());
});

Deno.test("checkpointEverySteps keeps checkpoints between epochs, from which a run goes on to the same bits", async () => {
  const settings = smallSettings({ epochs: 2, stepsPerEpoch: 9 });
  const whole = await trainProgram(smallProgram(), smallData(), { settings }).result;
  await withFolder(async (checkpointDir) => {
    const seen: number[] = [];
    const stop = new Error("stop");
    const run = trainProgram(smallProgram(), smallData(), {
      settings,
      checkpointDir,
      checkpointEverySteps: 4,
      onStep: ({ step }) => {
        seen.push(step);
        if (step === 7) throw stop; // as a crash would end it
      },
    });
    await assert.rejects(run.result, stop);
    assert.deepEqual([seen.length, (await readSidecar(checkpointDir))!.step], [7, 4]);
    const resumed = await trainProgram(smallProgram(), smallData(), { settings, checkpointDir }).result;
    assert.deepEqual(reproducible(resumed), reproducible(whole));
  });
});

/** The mean of what a table holds for the ids of a row's places. */
const SUMS = model("sums", { inputs: { ids: tensor("int32", ["batch", "sequence"]) } }, (scope, { ids }) => {
  const table = scope.parameter("table", [5, 2], { initializer: { kind: "normal", mean: 0, standardDeviation: 1 } });
  return { sum: reduceSum(gather(table, ids), { axes: [1, 2] }) };
});

/** Rows of one to six places. */
function sequences(): TrainingData {
  const lengths = Uint32Array.from({ length: 12 }, (_, i) => 1 + i % 6);
  const ids = new Float32Array(12 * 6);
  lengths.forEach((length, row) => {
    for (let i = 0; i < length; i++) ids[row * 6 + i] = 1 + (row + i) % 4;
  });
  const target = Float32Array.from(lengths);
  const rows = Uint32Array.from(lengths.keys());
  return {
    reference: { dataset: "sequences", columns: { ids: "ids", target: "target" }, hash: "sequences" },
    columns: {
      ids: { dtype: "float32", shape: [12, 6], data: ids },
      target: { dtype: "float32", shape: [12], data: target },
    },
    train: rows.subarray(0, 8),
    validation: rows.subarray(8),
    lengths: { dimension: "sequence", ofRow: lengths, longest: 6, multiple: 2 },
  };
}

const sumsProgram = () =>
  traceProgram({
    model: SUMS,
    targets: { target: tensor("float32", ["batch"]) },
    loss: ({ sum }, { target }) => reduceMean(mul(sub(sum, target), sub(sum, target))),
  });

Deno.test("rows of unlike lengths are trained at the length that each batch needs, and resumed", async () => {
  const settings = smallSettings({ batchSize: 2, epochs: 6 });
  const run = (options = {}) => trainProgram(sumsProgram(), sequences(), { settings, ...options }).result;
  const whole = await run();
  assert.ok(whole.history[5].trainLoss < whole.history[0].trainLoss);
  await withFolder(async (checkpointDir) => {
    await run({ checkpointDir, signal: abortAfter(6) });
    assert.deepEqual(reproducible(await run({ checkpointDir })), reproducible(whole));
  });
});

Deno.test("given values are what a run begins with; frozen ones stay, and are in no checkpoint", async () => {
  const initial = { table: { dtype: "float32" as const, shape: [5, 2], data: new Float32Array(10).fill(0.5) } };
  const settings = smallSettings({ batchSize: 8, epochs: 1, optimizer: adam({ learningRate: 1e-30 }) });
  const start = { initial, hash: "half" };
  const { weights } = await trainProgram(sumsProgram(), sequences(), { settings, start }).result;
  assert.deepEqual(weights.table.data, initial.table.data);
  await withFolder(async (checkpointDir) => {
    const long = { ...settings, epochs: 3 };
    await trainProgram(sumsProgram(), sequences(), { settings: long, start, checkpointDir, signal: abortAfter(1) })
      .result;
    const other = { ...start, hash: "other" };
    await assert.rejects(
      trainProgram(sumsProgram(), sequences(), { settings: long, start: other, checkpointDir }).result,
      /its checkpoint is of another run/,
    );
  });
});
