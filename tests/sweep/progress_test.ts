import assert from "node:assert/strict";
import { defineStudy, type Trial } from "lib/sweep/mod.ts";
import { CostModel } from "lib/sweep/progress.ts";
import { assertAllClose } from "tests/assertions.ts";
import { tinyTrial } from "./studies.ts";

function trialOf(studentDim: number, maxSteps: number | null = null): Trial {
  const trial = () => ({ ...tinyTrial({ studentDim, epochs: 4 }), maxSteps });
  return defineStudy({ name: "costs", space: { only: [1] }, trial }).trials[0];
}

/** An epoch of ten steps, one second each. */
const epoch = {
  epoch: 1,
  steps: 10,
  trainLoss: 1,
  validation: { loss: 1 },
  learningRate: 1,
  seconds: 10,
  samplesPerSecond: 32,
};

Deno.test("CostModel weighs what remains by parameters and steps", () => {
  const small = trialOf(8);
  const large = trialOf(80);
  const ratio = large.parameterCount / small.parameterCount;
  const costs = new CostModel();
  assert.equal(costs.secondsLeft(small, 0), null);
  costs.addStart(3);
  costs.addEpoch(small, epoch);
  assertAllClose([costs.secondsLeft(small, 1)!, costs.secondsLeft(small, 0)!], [30, 3 + 40]);
  assertAllClose([costs.secondsLeft(large, 0)!, costs.secondsLeft(large, 3)!], [3 + 40 * ratio, 10 * ratio]);
  for (let i = 0; i < 3; i++) costs.addEpoch(small, epoch);
  costs.addFinished({ history: [epoch, epoch, epoch, epoch], seconds: 45 });
  assertAllClose([costs.secondsLeft(large, 0)!], [5 + 40 * ratio]);
  assert.equal(costs.secondsLeft(small, 4), 0);
});

Deno.test("CostModel counts steps that maxSteps cuts", () => {
  const cut = trialOf(8, 15);
  const costs = new CostModel();
  costs.addEpoch(cut, epoch);
  costs.addEpoch(cut, { ...epoch, steps: 5, seconds: 5 });
  assertAllClose([costs.secondsLeft(cut, 0)!, costs.secondsLeft(cut, 1)!, costs.secondsLeft(trialOf(8), 0)!], [
    15,
    5,
    40,
  ]);
});
