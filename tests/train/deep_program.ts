// A deep residual model for tests of gradient checkpointing, and steps of it.

import { fillExact } from "lib/bench/exact_values.ts";
import { add, gelu } from "lib/graph/mod.ts";
import { layerNorm, linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
import { adam, type Stepper, type StepperOptions, traceProgram, type TrainingProgram } from "lib/train/mod.ts";

export const deepOptions: StepperOptions = {
  batchSize: 8,
  optimizer: adam({ learningRate: 1e-2 }),
  seed: 1,
  threads: 1,
};

/** A stack of `x + W2 gelu(W1 norm(x))` that reproduces its input. */
export function deepProgram({ layers, width }: { layers: number; width: number }): TrainingProgram {
  const deep = model("deep", { inputs: { x: tensor("float32", ["batch", width]) } }, (scope, { x }) => {
    let hidden = x;
    for (let i = 0; i < layers; i++) {
      const layer = scope.child(`layer${i}`);
      const inner = gelu(linear(layer.child("up"), layerNorm(layer.child("norm"), hidden), 2 * width));
      hidden = add(hidden, linear(layer.child("down"), inner, width));
    }
    return { output: hidden };
  });
  return traceProgram({ model: deep, loss: ({ output }, { x }) => meanSquaredError(output, x) });
}

/** Losses of a few steps and the state after them, as plain numbers. */
export async function deepSteps(stepper: Stepper, count: number) {
  const losses: number[] = [];
  for (let step = 1; step <= count; step++) {
    fillExact(stepper.batch.x, { stream: step });
    losses.push(await stepper.step({ step, learningRate: 1e-2 }));
  }
  const state = Object.entries(await stepper.readState()).map(([name, { data }]) => [name, [...data as Float32Array]]);
  return { losses, state: Object.fromEntries(state) };
}
