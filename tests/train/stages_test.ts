// The parts of a step, done one after the other, are the step: same losses, same bits.

import assert from "node:assert/strict";
import { fillExact } from "lib/bench/exact_values.ts";
import { adam, cpuStepper, trainingStages } from "lib/train/mod.ts";
import { smallProgram } from "./fixtures.ts";

const options = { batchSize: 8, optimizer: adam({ learningRate: 1e-2 }), seed: 1, threads: 1 };

for (const maxGradientNorm of [undefined, 1e-3]) {
  const clipped = maxGradientNorm === undefined ? "" : ", clipped";
  Deno.test(`forward, gradients and update are a step of cpuStepper${clipped}`, async () => {
    const { loss } = smallProgram();
    const stepper = await cpuStepper(loss, { ...options, maxGradientNorm });
    const stages = await trainingStages(loss, { ...options, maxGradientNorm });
    for (let step = 1; step <= 4; step++) {
      for (const [i, name] of Object.keys(stepper.batch).entries()) {
        fillExact(stepper.batch[name], { stream: 10 * step + i });
        stages.batch[name].set(stepper.batch[name]);
      }
      const expected = await stepper.step({ step, learningRate: 1e-2 });
      const alone = await stages.forward();
      assert.ok(Math.abs(alone - expected) <= 1e-6 * Math.abs(expected), `${alone} and ${expected}`);
      assert.equal(await stages.gradients(), expected, `step ${step}`);
      stages.update();
    }
    await stepper.release();
    await stages.release();
  });
}
