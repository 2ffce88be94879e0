// Models of PyTorch and transformers against the same models written here: see tests/golden/graph/make_models.py.

import assert from "node:assert/strict";
import { bindDimensions, gradients, type Graph, graph, interpret } from "lib/graph/mod.ts";
import { compile } from "lib/runtime/mod.ts";
import { type CpuStepper, cpuStepper, type StepperOptions, tfjsStepper, traceProgram } from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { TFJS_BACKENDS } from "tests/runtime/tfjs/backends.ts";
import { GOLDEN_MODELS, lfm2 } from "./golden_models.ts";
import { assertGoldenSteps, byName, golden, GOLDEN_OPTIMIZER, relativeError } from "./golden_steps.ts";

/** The engines whose state is open to a test; WebGPU's golden steps are in tests/train/children/webgpu_golden.ts. */
const STEPPERS: readonly { engine: string; make: (loss: Graph, options: StepperOptions) => Promise<CpuStepper> }[] = [
  { engine: "cpu", make: cpuStepper },
  ...TFJS_BACKENDS.map((backend) => ({
    engine: backend,
    make: (loss: Graph, options: StepperOptions) => tfjsStepper(loss, { ...options, backend }),
  })),
];

/** Loss and gradients of a model as one graph with a fixed batch, and the first batch and parameters of its golden file. */
async function gradientCase(name: string) {
  const reference = await golden(name);
  const fixed = bindDimensions(traceProgram(GOLDEN_MODELS[name]).loss, { batch: reference.rows });
  const named = gradients(fixed.outputs.loss, fixed.parameters).map((gradient, i) =>
    [`d ${fixed.parameters[i].source.name}`, gradient] as const
  );
  const whole = graph(name, { loss: fixed.outputs.loss, ...Object.fromEntries(named) });
  const weights = byName(reference.at("step/parameter", 0), reference.names, whole);
  const batch = Object.fromEntries(reference.batchNames.map((key) => [key, reference.at(`batch/${key}`, 0)]));
  return { whole, feeds: { ...weights, ...batch }, reference };
}

for (const name of Object.keys(GOLDEN_MODELS)) {
  Deno.test(`${name}: the interpreter gives PyTorch's float64 loss and gradients`, async () => {
    const { whole, feeds, reference } = await gradientCase(name);
    const results = interpret(
      whole,
      Object.fromEntries(Object.entries(feeds).map(([key, data]) => [key, { data }])),
    );
    assertAllClose(results.loss.data, reference.all("loss"), { rtol: 1e-9, label: "loss" });
    for (const [key, expected] of Object.entries(byName(reference.all("gradient"), reference.names, whole))) {
      assertAllClose(results[`d ${key}`].data, expected, { rtol: 1e-7, atol: 1e-10, label: key });
    }
  });

  Deno.test(`${name}: ONNX Runtime gives PyTorch's loss and gradients`, async () => {
    const { whole, feeds, reference } = await gradientCase(name);
    const session = await compile(whole, { threads: 1 });
    try {
      const leaves = [
        ...Object.entries(whole.inputs),
        ...whole.parameters.map((leaf) => [leaf.source.name, leaf] as const),
      ];
      const results = await session.run(Object.fromEntries(
        leaves.map(([key, { shape }]) => [key, {
          dtype: "float32" as const,
          shape: shape as number[],
          data: Float32Array.from(feeds[key]),
        }]),
      ));
      assertAllClose(results.loss.data as Float32Array, reference.all("loss"), { rtol: 1e-6, label: "loss" });
      const expected = byName(reference.all("gradient"), reference.names, whole);
      const ours = reference.names.flatMap((key) => [...results[`d ${key}`].data as Float32Array]);
      const error = relativeError(Float32Array.from(ours), reference.all("gradient"));
      assert.ok(error < 1e-5, `gradients differ by ${error} of their norm`);
      const largest = Math.max(...reference.all("gradient").map(Math.abs));
      for (const [key, values] of Object.entries(expected)) {
        assertAllClose(results[`d ${key}`].data as Float32Array, values, {
          rtol: 1e-4,
          atol: 1e-5 * largest,
          label: key,
        });
      }
    } finally {
      await session.release();
    }
  });

  for (const { engine, make } of STEPPERS) {
    Deno.test(`${name}: each of 20 steps on ${engine} is PyTorch's, from PyTorch's state`, async () => {
      const { loss } = traceProgram(GOLDEN_MODELS[name]);
      const { rows: batchSize } = await golden(name);
      const stepper = await make(loss, { batchSize, optimizer: GOLDEN_OPTIMIZER, seed: 1, threads: 1 });
      const gradients = () =>
        Promise.resolve(Object.fromEntries(stepper.state.parameters.map(({ name, gradient }) => [name, gradient])));
      try {
        await assertGoldenSteps(name, { stepper, parameters: loss.parameters, gradients });
      } finally {
        await stepper.release();
      }
    });
  }
}

Deno.test("lfm2 with a named sequence gives the numbers of its fixed form, at any length", async () => {
  const reference = await golden("lfm2");
  const open = lfm2("sequence").trace();
  const weights = byName(reference.at("step/parameter", 0), reference.names, open);
  const ids = reference.at("batch/ids", 0);
  const feeds = Object.fromEntries(Object.entries(weights).map(([key, data]) => [key, { data }]));
  const fixed = interpret(lfm2(6).trace(), { ...feeds, ids: { data: ids, shape: [4, 6] } }).logits;
  const named = interpret(open, { ...feeds, ids: { data: ids, shape: [4, 6] } }).logits;
  assertAllClose(named.data, fixed.data, { rtol: 1e-12 });
  // Causal: the logits of a prefix are the prefix of the logits.
  const session = await compile(open, { threads: 1 });
  try {
    const parameters = open.parameters.map(({ source, shape }) =>
      [source.name, {
        dtype: "float32" as const,
        shape: shape as number[],
        data: weights[source.name] as Float32Array,
      }] as const
    );
    const prefix = Int32Array.from(ids.subarray(0, 4));
    const { logits } = await session.run({
      ...Object.fromEntries(parameters),
      ids: { dtype: "int32", shape: [1, 4], data: prefix },
    });
    assert.deepEqual([...logits.shape], [1, 4, 13]);
    assertAllClose(logits.data as Float32Array, fixed.data.subarray(0, 4 * 13), { rtol: 1e-4, atol: 1e-5 });
  } finally {
    await session.release();
  }
});
