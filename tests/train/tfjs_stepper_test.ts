import assert from "node:assert/strict";
import { fillExact } from "lib/bench/exact_values.ts";
import { log, mul, neg } from "lib/graph/mod.ts";
import { linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
import { tfjsBackendName } from "lib/runtime/mod.ts";
import {
  adam,
  createStepper,
  type EpochSummary,
  type StepperOptions,
  tfjsStepper,
  traceProgram,
  trainProgram,
} from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { tensorCount, TFJS_BACKENDS } from "tests/runtime/tfjs/backends.ts";
import { abortAfter, reproducible, smallData, smallProgram, smallSettings, withFolder } from "./fixtures.ts";

const options: StepperOptions = { batchSize: 8, optimizer: adam({ learningRate: 1e-2 }), seed: 1, threads: 1 };

for (const backend of TFJS_BACKENDS) {
  Deno.test(`a stepper on ${backend} leaves no tensor behind, step after step`, async () => {
    const before = tensorCount(backend);
    const stepper = await tfjsStepper(smallProgram().loss, { ...options, backend });
    const counts: number[] = [];
    for (let step = 1; step <= 4; step++) {
      fillExact(stepper.batch.x, { stream: step });
      await stepper.step({ step, learningRate: 1e-2 });
      counts.push(tensorCount(backend));
    }
    assert.deepEqual(counts, new Array(4).fill(counts[0]), "tensors after each step");
    await stepper.release();
    assert.equal(tensorCount(backend), before);
  });

  Deno.test(`state moves from ${backend} to the CPU engine and back`, async () => {
    const { loss } = smallProgram();
    const [ours, cpu] = [await tfjsStepper(loss, { ...options, backend }), await createStepper("cpu", loss, options)];
    try {
      for (let step = 1; step <= 6; step++) {
        const [from, to] = step % 2 ? [ours, cpu] : [cpu, ours];
        await to.writeState(await from.readState());
        for (const { batch } of [ours, cpu]) fillExact(batch.x, { stream: step });
        const [a, b] = [await ours.step({ step, learningRate: 1e-2 }), await cpu.step({ step, learningRate: 1e-2 })];
        assertAllClose([a], [b], { rtol: 1e-6, label: `loss of step ${step}` });
        const expected = await cpu.readParameters();
        for (const [name, { data }] of Object.entries(await ours.readParameters())) {
          assertAllClose(data as Float32Array, expected[name].data as Float32Array, {
            rtol: 1e-3,
            atol: 1e-5,
            label: name,
          });
        }
      }
    } finally {
      await ours.release();
      await cpu.release();
    }
  });

  Deno.test(`a loss that is not finite stops ${backend} and changes nothing`, async () => {
    const bad = model("bad", { inputs: { x: tensor("float32", ["batch", 2]) } }, (scope, { x }) => {
      return { output: log(neg(mul(linear(scope.child("head"), x, 2), linear(scope.child("head2"), x, 2)))) };
    });
    const program = traceProgram({ model: bad, loss: ({ output }, { x }) => meanSquaredError(output, x) });
    const stepper = await tfjsStepper(program.loss, { ...options, backend });
    try {
      fillExact(stepper.batch.x, { stream: 3 });
      const before = [...stepper.state.parameters[0].parameter];
      await assert.rejects(
        stepper.step({ step: 1, learningRate: 0.5 }),
        /^RangeError: Training diverged: the loss is NaN at step 1 with learning rate 0.5/,
      );
      assert.deepEqual([...stepper.state.parameters[0].parameter], before);
    } finally {
      await stepper.release();
    }
  });
}

Deno.test(`engine "tfjs" (${tfjsBackendName()}) trains as the CPU does, and an interrupted run resumes to the same bits`, async () => {
  const [program, data] = [smallProgram(), smallData()];
  const settings = smallSettings({ engine: "tfjs" });
  const whole = await trainProgram(program, data, { settings }).result;
  const cpu = await trainProgram(program, data, { settings: { ...settings, engine: "cpu" } }).result;
  const losses = ({ history }: { history: readonly EpochSummary[] }) => history.map(({ trainLoss }) => trainLoss);
  assertAllClose(losses(whole), losses(cpu), { rtol: 1e-4, label: "training losses" });
  await withFolder(async (checkpointDir) => {
    const first = await trainProgram(program, data, { settings, checkpointDir, signal: abortAfter(7) }).result;
    assert.equal(first.stopped, "aborted");
    assert.deepEqual(
      reproducible(await trainProgram(program, data, { settings, checkpointDir }).result),
      reproducible(whole),
    );
  });
});
