// Parity with PyTorch: see tests/golden/train/make_*.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fillExact, setExactWeights } from "lib/bench/exact_values.ts";
import { gatherRows, loadDataset, readSafetensors } from "lib/data/mod.ts";
import { gelu, tanh } from "lib/graph/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { alignmentLoss, layerNorm, linear, meanSquaredError, type Model, model, tensor } from "lib/nn/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import {
  adam,
  adamW,
  type CpuStepper,
  cpuStepper,
  type Loss,
  type OptimizerSpec,
  type ParameterState,
  type StepperOptions,
  tfjsStepper,
  traceProgram,
} from "lib/train/mod.ts";
import type { Graph } from "lib/graph/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { TFJS_BACKENDS } from "tests/runtime/tfjs/backends.ts";

/** The engines whose state is open to a test; the WebGPU engine's tests are in a file of their own. */
const STEPPERS: readonly { engine: string; make: (loss: Graph, options: StepperOptions) => Promise<CpuStepper> }[] = [
  { engine: "cpu", make: cpuStepper },
  ...TFJS_BACKENDS.map((backend) => ({
    engine: backend,
    make: (loss: Graph, options: StepperOptions) => tfjsStepper(loss, { ...options, backend }),
  })),
];

const golden = (name: string) => projectPath("tests", "golden", "train", name);

const mse: Loss = ({ output }, { x }) => meanSquaredError(output, x);

/** As `Mixed` of make_steps.py. */
const mixedModel = model("mixed", { inputs: { x: tensor("float32", ["batch", 4]) } }, (scope, { x }) => {
  const hidden = gelu(layerNorm(scope.child("norm"), linear(scope.child("first"), x, 6)));
  return { output: linear(scope.child("third"), tanh(linear(scope.child("second"), hidden, 3)), 4) };
});

const REGIONS = ["parameter", "firstMoment", "secondMoment", "gradient"] as const;
type Region = typeof REGIONS[number];

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** The values of a region of one parameter. */
function regionOf({ parameter, gradient, carried }: ParameterState, region: Region): Float32Array {
  return region === "parameter" ? parameter : region === "gradient" ? gradient : carried[region] as Float32Array;
}

const difference = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - b[i]);

/** All parameters' values of a region, one after the other. */
function flat({ state }: CpuStepper, region: Region): Float32Array {
  return Float32Array.from(state.parameters.flatMap((row) => [...regionOf(row, region)]));
}

function setFlat({ state }: CpuStepper, region: Region, values: Float32Array): void {
  let offset = 0;
  for (const row of state.parameters) {
    const target = regionOf(row, region);
    target.set(values.subarray(offset, offset + target.length));
    offset += target.length;
  }
  assert.equal(offset, values.length);
}

async function assertSteps(
  name: string,
  make: typeof STEPPERS[number]["make"],
  { model, loss, optimizer }: { model: Model; loss: Loss; optimizer: OptimizerSpec },
): Promise<void> {
  const { tensors, metadata } = await readSafetensors(golden(`steps_${name}.safetensors`));
  const [steps, count] = tensors.gradient.shape;
  const row = (region: string, step: number) =>
    (tensors[region].data as Float32Array).subarray(step * count, (step + 1) * count);
  const program = traceProgram({ model, loss });
  const stepper = await make(program.loss, { batchSize: Number(metadata.rows), optimizer, seed: 1, threads: 1 });
  try {
    setExactWeights(stepper.state.parameters);
    assert.deepEqual(flat(stepper, "parameter"), row("parameter", 0));
    for (let step = 0; step < steps; step++) {
      for (const region of ["parameter", "firstMoment", "secondMoment"] as const) {
        setFlat(stepper, region, row(region, step));
      }
      fillExact(stepper.batch.x, { stream: 1000 + step });
      const value = await stepper.step({ step: step + 1, learningRate: optimizer.learningRate });
      const label = `${name}, step ${step + 1}`;
      assertAllClose([value], [(tensors.loss.data as Float32Array)[step]], { rtol: 1e-6, label: `${label}: loss` });
      const gradient = row("gradient", step);
      const gradientError = norm(difference(flat(stepper, "gradient"), gradient)) / norm(gradient);
      assert.ok(gradientError < 1e-5, `${label}: gradients differ by ${gradientError} of their norm`);
      const update = difference(row("parameter", step + 1), row("parameter", step));
      const ours = difference(flat(stepper, "parameter"), row("parameter", step));
      const updateError = norm(difference(ours, update)) / norm(update);
      assert.ok(updateError < 1e-4, `${label}: the update differs by ${updateError} of its norm`);
    }
  } finally {
    await stepper.release();
  }
}

const student = lnspStudent({ inputDim: 4, studentDim: 6, latentDim: 3 });

for (const { engine, make } of STEPPERS) {
  Deno.test(`${engine}: each of 200 Adam steps is PyTorch's, from PyTorch's state`, async () => {
    await assertSteps("adam_mse", make, { model: student, loss: mse, optimizer: adam({ learningRate: 1e-2 }) });
  });

  Deno.test(`${engine}: each AdamW step on the alignment loss is PyTorch's`, async () => {
    await assertSteps("adamw_alignment", make, {
      model: student,
      loss: ({ output }, { x }) => alignmentLoss(output, x, 0.3),
      optimizer: adamW({ learningRate: 1e-2, weightDecay: 0.1 }),
    });
  });

  Deno.test(`${engine}: each step through LayerNorm, GELU and tanh is PyTorch's`, async () => {
    await assertSteps("adam_mixed", make, { model: mixedModel, loss: mse, optimizer: adam({ learningRate: 1e-2 }) });
  });

  // Ten steps of this size take plain JavaScript a quarter of a minute.
  if (engine === "tfjs") continue;

  Deno.test(`${engine}: the first ten losses of a run of its own are PyTorch's`, async () => {
    const { losses } = JSON.parse(readFileSync(golden("losses.json"), "utf8")) as { losses: number[] };
    const { columns, splits } = await loadDataset("wordnet-20k");
    const program = traceProgram({ model: lnspStudent({ studentDim: 256 }), loss: mse });
    const optimizer = adam({ learningRate: 1e-3 });
    const stepper = await make(program.loss, { batchSize: 256, optimizer, seed: 1, threads: 2 });
    try {
      setExactWeights(stepper.state.parameters);
      const ours: number[] = [];
      for (let step = 0; step < losses.length; step++) {
        gatherRows(columns.embedding, splits.train.subarray(step * 256, (step + 1) * 256), stepper.batch.x);
        ours.push(await stepper.step({ step: step + 1, learningRate: 1e-3 }));
      }
      assertAllClose(ours, losses, { rtol: 1e-5, label: "losses" });
    } finally {
      await stepper.release();
    }
  });
}
