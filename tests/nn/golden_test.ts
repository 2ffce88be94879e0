// Models of PyTorch and transformers against the same models written here: see tests/golden/graph/make_models.py.

import assert from "node:assert/strict";
import { readSafetensors } from "lib/data/mod.ts";
import { bindDimensions, elementCount, gradients, type Graph, graph, interpret } from "lib/graph/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { compile } from "lib/runtime/mod.ts";
import { adam, type CpuStepper, cpuStepper, traceProgram } from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { GOLDEN_MODELS, lfm2 } from "./golden_models.ts";

type Values = Float32Array | Float64Array;

/** A golden file: its tensors, and rows of those that have one a step. */
async function golden(name: string) {
  const { tensors, metadata } = await readSafetensors(projectPath("tests", "golden", "graph", `${name}.safetensors`));
  const all = (key: string) => tensors[key].data as Values;
  const batchNames = Object.keys(tensors).filter((key) => key.startsWith("batch/")).map((key) => key.slice(6));
  return {
    rows: Number(metadata.rows),
    names: JSON.parse(metadata.names) as string[],
    steps: tensors["step/loss"].data.length,
    batchNames,
    all,
    at(key: string, step: number): Values {
      const size = elementCount(tensors[key].shape.slice(1));
      return all(key).subarray(step * size, (step + 1) * size) as Values;
    },
  };
}

/** A flat vector cut into the parameters of a graph, by name. */
function byName(flat: Values, names: readonly string[], { parameters }: Graph): Record<string, Values> {
  const shapes = new Map(parameters.map(({ shape, source }) => [source.name, shape as number[]]));
  assert.deepEqual([...shapes.keys()].sort(), [...names].sort());
  let offset = 0;
  const parts = names.map((name) => {
    const size = elementCount(shapes.get(name)!);
    const part = flat.subarray(offset, offset + size) as Values;
    offset += size;
    return [name, part] as const;
  });
  assert.equal(offset, flat.length);
  return Object.fromEntries(parts);
}

const norm = (values: Values) => Math.sqrt((values as Float64Array).reduce((sum, value) => sum + value * value, 0));

function relativeError(actual: Values, expected: Values): number {
  return norm(Float64Array.from(expected, (value, i) => actual[i] - value)) / norm(expected);
}

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

  Deno.test(`${name}: each of 20 steps is PyTorch's, from PyTorch's state`, async () => {
    const reference = await golden(name);
    const program = traceProgram(GOLDEN_MODELS[name]);
    const optimizer = adam({ learningRate: 1e-2, epsilon: 1e-4 });
    const stepper = await cpuStepper(program.loss, { batchSize: reference.rows, optimizer, seed: 1, threads: 1 });
    const flat = (region: "parameter" | "gradient") => {
      const rows = new Map(stepper.state.parameters.map((row) => [row.name, row[region]]));
      return Float32Array.from(reference.names.flatMap((key) => [...rows.get(key)!]));
    };
    try {
      for (let step = 0; step < reference.steps; step++) {
        setState(stepper, { reference, program: program.loss, step });
        for (const key of reference.batchNames) stepper.batch[key].set(reference.at(`batch/${key}`, step));
        const loss = await stepper.step({ step: step + 1, learningRate: optimizer.learningRate });
        assertAllClose([loss], [reference.all("step/loss")[step]], { rtol: 2e-6, label: `loss of step ${step + 1}` });
        const gradientError = relativeError(flat("gradient"), reference.at("step/gradient", step));
        assert.ok(gradientError < 1e-5, `step ${step + 1}: gradients differ by ${gradientError} of their norm`);
        const before = reference.at("step/parameter", step);
        const moved = (after: Values) => Float64Array.from(after, (value, i) => value - before[i]);
        const updateError = relativeError(moved(flat("parameter")), moved(reference.at("step/parameter", step + 1)));
        assert.ok(updateError < 1e-4, `step ${step + 1}: the update differs by ${updateError} of its norm`);
      }
    } finally {
      await stepper.release();
    }
  });
}

function setState(
  { state }: CpuStepper,
  { reference, program, step }: { reference: Awaited<ReturnType<typeof golden>>; program: Graph; step: number },
): void {
  for (const region of ["parameter", "firstMoment", "secondMoment"] as const) {
    const values = byName(reference.at(`step/${region}`, step), reference.names, program);
    for (const { name, parameter, carried } of state.parameters) {
      const target = region === "parameter" ? parameter : carried[region] as Float32Array;
      target.set(values[name]);
    }
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
