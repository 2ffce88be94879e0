// Gradient checkpointing as a setting of a run: the same steps on every engine, for less memory on a deep model.

import assert from "node:assert/strict";
import { bindDimensions, explain } from "lib/graph/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import {
  createStepper,
  fixedTrainingBytes,
  measureTraining,
  predictTrainingBytes,
  trainProgram,
} from "lib/train/mod.ts";
import { stepGraph } from "lib/train/webgpu_step_graph.ts";
import { webgpuTest } from "tests/webgpu_environment.ts";
import { smallData, smallProgram, smallSettings } from "./fixtures.ts";
import { deepOptions, deepProgram, deepSteps } from "./deep_program.ts";

for (const engine of ["cpu", "tfjs"] as const) {
  Deno.test(`steps on ${engine} keep their bits when segments are computed twice`, async () => {
    const { loss } = deepProgram({ layers: 6, width: 8 });
    const run = async (segments?: number) => {
      const stepper = await createStepper(engine, loss, { ...deepOptions, segments });
      try {
        return await deepSteps(stepper, 4);
      } finally {
        await stepper.release();
      }
    };
    const plain = await run();
    assert.deepEqual(await run(1), plain);
    for (const segments of [2, 3, 6]) assert.deepEqual(await run(segments), plain, `${segments} segments`);
  });
}

webgpuTest("steps on WebGPU keep their bits when segments are computed twice", {
  module: projectPath("tests", "train", "children", "webgpu_steps.ts"),
  args: ["recomputesSegments"],
});

Deno.test("a run with segments gives the losses and weights of one without", async () => {
  const run = (segments?: number) =>
    trainProgram(smallProgram(), smallData(), { settings: smallSettings({ segments }) }).result;
  const [plain, recomputed] = [await run(), await run(3)];
  assert.deepEqual(recomputed.weights, plain.weights);
  const losses = ({ history }: typeof plain) => history.map(({ trainLoss }) => trainLoss);
  assert.deepEqual(losses(recomputed), losses(plain));
});

Deno.test("the whole step of a GPU holds less at one time with segments", () => {
  const fixed = bindDimensions(deepProgram({ layers: 16, width: 32 }).loss, { batch: 4096 });
  const peak = (segments: number) =>
    explain(stepGraph(fixed, { optimizer: deepOptions.optimizer, groupValues: Infinity, segments }).graph)
      .peakActivationBytes;
  assert.ok(peak(4) < 0.6 * peak(1), `${peak(4)} of ${peak(1)}`);
});

Deno.test("training a deep model in four segments takes less memory, predicted and measured", async () => {
  const program = deepProgram({ layers: 16, width: 32 });
  const sizes = { batchSize: 8192, validationRows: 100 };
  const fixedBytes = await fixedTrainingBytes();
  const bytes = async (segments: number) => {
    const { growthBytes, weightsSha256 } = await measureTraining(program, { ...sizes, segments, threads: 1 });
    const measured = growthBytes - fixedBytes;
    const predicted = predictTrainingBytes(program, sizes.batchSize, { ...sizes, segments });
    console.log(`${segments} segments: predicted ${mib(predicted)}, measured ${mib(measured)}`);
    return { predicted, measured, weightsSha256 };
  };
  const [plain, four] = [await bytes(1), await bytes(4)];
  assert.equal(four.weightsSha256, plain.weightsSha256, "the weights after nine steps are the same bits");
  assert.ok(four.predicted < 0.6 * plain.predicted, `${mib(four.predicted)} of ${mib(plain.predicted)}`);
  assert.ok(four.measured < 0.6 * plain.measured, `${mib(four.measured)} of ${mib(plain.measured)}`);
  // The arena of ONNX Runtime grows by powers of two: here it holds up to twice what is live, and falls with it.
  const saved = { predicted: plain.predicted - four.predicted, measured: plain.measured - four.measured };
  assert.ok(saved.measured > 0.7 * saved.predicted, `saved ${mib(saved.measured)}, predicted ${mib(saved.predicted)}`);
});

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
