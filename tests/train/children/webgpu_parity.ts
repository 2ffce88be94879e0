// Run as a child with WebGPU: each step of a golden file from PyTorch's own state. Prints the largest errors seen.

import assert from "node:assert/strict";
import process from "node:process";
import { fillExact } from "lib/bench/exact_values.ts";
import { readSafetensors } from "lib/data/mod.ts";
import { bindDimensions, elementCount, graph } from "lib/graph/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { type ArrayValue, compile } from "lib/runtime/mod.ts";
import { webgpuStepper } from "lib/train/mod.ts";
import { STATE_REGIONS, stateName, stepGraph } from "lib/train/webgpu_step_graph.ts";
import { GOLDEN_STEPS } from "../golden_programs.ts";

// The design's tolerances, as for the CPU. WebGPU promises fewer correct bits for division and square root than a CPU gives; the
// errors seen stay far below these all the same (SwiftShader: 2e-7, 9e-7, 5e-6).
const LOSS_TOLERANCE = 1e-6;
const GRADIENT_TOLERANCE = 1e-5;
const UPDATE_TOLERANCE = 1e-4;

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const difference = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - b[i]);
const relativeError = (got: Float32Array, expected: Float32Array) => norm(difference(got, expected)) / norm(expected);

async function check(name: string): Promise<void> {
  const { program, optimizer } = GOLDEN_STEPS[name];
  const { tensors, metadata } = await readSafetensors(
    projectPath("tests", "golden", "train", `steps_${name}.safetensors`),
  );
  const [steps, count] = tensors.gradient.shape;
  const row = (region: string, step: number) =>
    (tensors[region].data as Float32Array).subarray(step * count, (step + 1) * count);
  const batchSize = Number(metadata.rows);
  const stepper = await webgpuStepper(program.loss, { batchSize, optimizer, seed: 1 });
  // The gradients that the step computes and does not give away.
  const built = stepGraph(bindDimensions(program.loss, { batch: batchSize }), { optimizer, groupValues: Infinity });
  const gradients = await compile(graph("gradients", { gradient: built.gradients[0] }), { provider: "webgpu" });
  const shapes = Object.entries(await stepper.readState());
  const largest = { loss: 0, gradient: 0, update: 0 };
  for (let step = 0; step < steps; step++) {
    const state = Object.fromEntries(STATE_REGIONS.map((region) => [region, split(shapes, region, row(region, step))]));
    await stepper.writeState(Object.assign({}, ...Object.values(state)));
    fillExact(stepper.batch.x, { stream: 1000 + step });
    const x = { dtype: "float32", shape: [batchSize, 4], data: stepper.batch.x } as const;
    const parameter = { dtype: "float32", shape: [count], data: row("parameter", step).slice() } as const;
    const { gradient } = await gradients.run({ x, [stateName("parameter", 0)]: parameter });
    const loss = await stepper.step({ step: step + 1, learningRate: optimizer.learningRate });
    const now = joined(shapes, await stepper.readParameters());
    const expected = (tensors.loss.data as Float32Array)[step];
    const errors = {
      loss: Math.abs(loss - expected) / Math.abs(expected),
      gradient: relativeError(gradient.data as Float32Array, row("gradient", step)),
      update: relativeError(
        difference(now, row("parameter", step)),
        difference(row("parameter", step + 1), row("parameter", step)),
      ),
    };
    const label = `${name}, step ${step + 1}`;
    assert.ok(errors.loss <= LOSS_TOLERANCE, `${label}: the loss differs by ${errors.loss} of itself`);
    assert.ok(errors.gradient <= GRADIENT_TOLERANCE, `${label}: gradients differ by ${errors.gradient} of their norm`);
    assert.ok(errors.update <= UPDATE_TOLERANCE, `${label}: the update differs by ${errors.update} of its norm`);
    for (const key of ["loss", "gradient", "update"] as const) largest[key] = Math.max(largest[key], errors[key]);
  }
  console.log(`${name}, ${steps} steps, largest errors: ${JSON.stringify(largest)}`);
  await gradients.release();
  await stepper.release();
}

type Named = readonly [string, ArrayValue];

/** Cuts golden values of a region into the stepper's parameters. */
function split(shapes: readonly Named[], region: string, values: Float32Array): Record<string, ArrayValue> {
  let start = 0;
  const parts = shapes.filter(([name]) => name.startsWith(`${region}/`)).map(([name, { shape }]) => {
    const data = values.slice(start, start += elementCount(shape));
    return [name, { dtype: "float32", shape, data }] as const;
  });
  assert.equal(start, values.length);
  return Object.fromEntries(parts);
}

function joined(shapes: readonly Named[], parameters: Readonly<Record<string, ArrayValue>>): Float32Array {
  const names = shapes.map(([name]) => name).filter((name) => name.startsWith("parameter/"));
  return Float32Array.from(names.flatMap((name) => [...(parameters[name.slice(10)].data as Float32Array)]));
}

for (const name of process.argv.slice(2)) await check(name);
