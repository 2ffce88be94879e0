// Parity of the forecaster with a million parameters with PyTorch, per step: see tests/golden/models/make_forecaster.py.

import assert from "node:assert/strict";
import { forecaster, forecasterSettings, forecasterTrial } from "lib/models/forecaster.ts";
import { adam, cpuStepper, traceProgram } from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import {
  differences,
  factsOf,
  forecasterGolden,
  inOrder,
  setBatch,
  setState,
  sketchDirections,
} from "./forecaster_golden.ts";

const golden = forecasterGolden();
const { rows: batchSize, learningRate, names } = golden;

function stepperOf() {
  const { loss } = traceProgram(forecasterTrial(golden.config));
  return cpuStepper(loss, { batchSize, optimizer: adam({ learningRate }), seed: 1, threads: 1 });
}

Deno.test("the golden file is of the size that is called 1m, name by name", () => {
  const { features, context, horizon } = golden.config;
  const settings = forecasterSettings("1m", { features, context, horizon });
  assert.deepEqual({ ...settings, ...golden.config }, settings);
  const { parameters } = forecaster(settings).trace();
  assert.deepEqual(parameters.map(({ source }) => source.name).sort(), [...names].sort());
});

Deno.test("each step of the forecaster with a million parameters is PyTorch's, from the same state", async () => {
  const stepper = await stepperOf();
  try {
    const parameters = inOrder(stepper, names);
    const directions = sketchDirections(golden.steps[0].gradient.sketches.length, golden.parameters);
    for (const [step, expected] of golden.steps.entries()) {
      setState(parameters, step);
      setBatch(stepper, step);
      const before = parameters.map(({ parameter }) => parameter.slice());
      const loss = await stepper.step({ step: step + 1, learningRate });
      assertAllClose([loss], [expected.loss], { rtol: 1e-6, label: `step ${step + 1}: loss` });
      const gradients = parameters.map(({ gradient }) => gradient);
      const updates = parameters.map(({ parameter }, i) => parameter.map((value, k) => value - before[i][k]));
      const gradient = differences(factsOf(gradients, directions), expected.gradient);
      const update = differences(factsOf(updates, directions), expected.update);
      assert.ok(gradient.whole < 1e-5, `step ${step + 1}: gradients differ by ${gradient.whole} of their norm`);
      assert.ok(gradient.parts < 1e-4, `step ${step + 1}: a parameter's gradient differs by ${gradient.parts}`);
      assert.ok(update.whole < 1e-4, `step ${step + 1}: updates differ by ${update.whole} of their norm`);
      assert.ok(update.parts < 1e-3, `step ${step + 1}: a parameter's update differs by ${update.parts}`);
    }
  } finally {
    await stepper.release();
  }
});

Deno.test("a gradient that is wrong in one value of a million is seen", async () => {
  const stepper = await stepperOf();
  try {
    const parameters = inOrder(stepper, names);
    const [{ gradient: expected }] = golden.steps;
    const directions = sketchDirections(expected.sketches.length, golden.parameters);
    setState(parameters, 0);
    setBatch(stepper, 0);
    await stepper.step({ step: 1, learningRate });
    const gradients = parameters.map(({ gradient }) => gradient.slice());
    gradients[1][12_345] += 1e-3 * Math.hypot(...expected.norms);
    assert.ok(differences(factsOf(gradients, directions), expected).whole > 1e-4);
  } finally {
    await stepper.release();
  }
});

Deno.test("the first losses of the forecaster's own run are PyTorch's", async () => {
  const stepper = await stepperOf();
  try {
    const parameters = inOrder(stepper, names);
    setState(parameters, 0);
    for (const { carried } of parameters) {
      for (const moment of [carried.firstMoment, carried.secondMoment]) moment.fill(0);
    }
    const losses: number[] = [];
    for (let step = 0; step < golden.losses.length; step++) {
      setBatch(stepper, step);
      losses.push(await stepper.step({ step: step + 1, learningRate }));
    }
    assertAllClose(losses, golden.losses, { rtol: 1e-5, label: "losses" });
  } finally {
    await stepper.release();
  }
});
