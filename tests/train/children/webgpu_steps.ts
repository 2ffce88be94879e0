// Run as a child with WebGPU: what a stepper must do beside the right numbers. Argument: which check.

import assert from "node:assert/strict";
import process from "node:process";
import { fillExact } from "lib/bench/exact_values.ts";
import { add, cast, graph, input, mul, reshape, sign } from "lib/graph/mod.ts";
import { dropout, linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
import { type ArrayValue, compileForDevice } from "lib/runtime/mod.ts";
import {
  adam,
  adamW,
  cpuStepper,
  type Stepper,
  type StepperOptions,
  traceProgram,
  trainProgram,
  webgpuStepper,
} from "lib/train/mod.ts";
import { fillBatch } from "lib/train/training_data.ts";
import { assertAllClose } from "tests/assertions.ts";
import { deepOptions, deepProgram, deepSteps } from "../deep_program.ts";
import { abortAfter, reproducible, smallData, smallProgram, smallSettings, withFolder } from "../fixtures.ts";

const optimizer = adam({ learningRate: 1e-2 });
const options: StepperOptions = { batchSize: 8, optimizer, seed: 1, threads: 1 };

async function withStepper<T>(
  program: ReturnType<typeof smallProgram>,
  changes: Partial<StepperOptions>,
  use: (stepper: Stepper) => Promise<T>,
): Promise<T> {
  const stepper = await webgpuStepper(program.loss, { ...options, ...changes });
  try {
    return await use(stepper);
  } finally {
    await stepper.release();
  }
}

const values = (arrays: Readonly<Record<string, ArrayValue>>) =>
  Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, [...(data as Float32Array)]]));

/** Losses of a few steps and the state after them. */
async function takeSteps(stepper: Stepper, count: number, first = 1) {
  const losses: number[] = [];
  for (let step = first; step < first + count; step++) {
    fillExact(stepper.batch.x, { stream: step });
    losses.push(await stepper.step({ step, learningRate: 1e-2 }));
  }
  return { losses, state: values(await stepper.readState()) };
}

async function startsAndGoesOnLikeTheCpu(): Promise<void> {
  const cpu = await cpuStepper(smallProgram().loss, options);
  await withStepper(smallProgram(), {}, async (stepper) => {
    assert.deepEqual(Object.keys(stepper.batch), ["x"]);
    const [ours, theirs] = [await stepper.readState(), await cpu.readState()];
    assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
    for (const [name, { shape }] of Object.entries(ours)) assert.deepEqual(shape, theirs[name].shape);
    assert.deepEqual(values(ours), values(theirs));
    const [a, b] = [await takeSteps(stepper, 5), await takeSteps(cpu, 5)];
    assertAllClose(a.losses, b.losses, { rtol: 1e-5, label: "losses" });
    // State moves between engines.
    await stepper.writeState(theirs);
    await cpu.writeState(await stepper.readState());
    assert.deepEqual(values(await cpu.readState()), values(await stepper.readState()));
  });
  await cpu.release();
}

async function putsStateBack(): Promise<void> {
  await withStepper(smallProgram(), {}, async (stepper) => {
    await takeSteps(stepper, 2);
    const state = await stepper.readState();
    const kept = values(state);
    const first = await takeSteps(stepper, 3, 3);
    assert.deepEqual(values(state), kept, "what was read is a copy");
    await stepper.writeState(state);
    assert.deepEqual(await takeSteps(stepper, 3, 3), first);
    const { ["firstMoment/compression.bias"]: _, ...lacking } = state;
    await assert.rejects(
      stepper.writeState(lacking),
      /^TypeError: Cannot write state: expected firstMoment\/compression.bias, got none$/,
    );
    const short = { dtype: "float32", shape: [2], data: new Float32Array(2) } as const;
    await assert.rejects(
      stepper.writeState({ ...state, "parameter/compression.bias": short }),
      /expected parameter\/compression.bias in float32 with 3 values, got float32 with 2 values/,
    );
  });
}

async function givesTheSameInOneGroupAndInMany(): Promise<void> {
  const run = (memoryLimitBytes?: number) =>
    withStepper(smallProgram(), { memoryLimitBytes }, (stepper) => takeSteps(stepper, 4));
  const whole = await run();
  for (const limit of [1, 200, 300]) assert.deepEqual(await run(limit), whole, `at most ${limit} bytes`);
}

/** A batch of rows of columns on the device is the same bits as one that was sent there. */
async function gathersWhatIsSent(): Promise<void> {
  const inputs = { x: tensor("float32", ["batch", 6]), y: tensor("float32", ["batch", 2, 3]) };
  const noisy = model("noisy", { inputs: { x: inputs.x } }, (scope, { x }, training) => {
    const kept = dropout(scope.child("drop"), x, { rate: 0.5, seed: 1, ...training });
    return { output: linear(scope.child("head"), kept, 6) };
  });
  const program = traceProgram({
    model: noisy,
    targets: { y: inputs.y, z: inputs.x },
    loss: ({ output }, { y, z }) =>
      add(meanSquaredError(output, z), meanSquaredError(reshape(output, ["batch", 2, 3]), y)),
  });
  const column = (stream: number, shape: number[]) => {
    const data = fillExact(new Float32Array(shape.reduce((a, b) => a * b)), { stream });
    return { dtype: "float32", shape, data } as const;
  };
  const x = column(1, [40, 6]);
  const columns = { x, y: column(2, [30, 2, 3]), z: x };
  const orders = [1, 2, 3, 4].map((step) => Uint32Array.from({ length: 8 }, (_, i) => (i * 7 + step * step) % 30));
  const run = (stepper: Stepper, load: (batch: { rows: Uint32Array; step: number }) => void) =>
    orders.reduce(async (losses, rows, i) => {
      const before = await losses;
      load({ rows, step: i + 1 });
      return [...before, await stepper.step({ step: i + 1, learningRate: 1e-2 })];
    }, Promise.resolve<number[]>([]));
  const sent = await withStepper(program, {}, async (stepper) => {
    assert.deepEqual(Object.keys(stepper.batch).sort(), ["trainingStep", "x", "y", "z"]);
    assert.throws(
      () => stepper.load({ rows: orders[0], step: 1 }),
      /Cannot load a batch: expected a column for "[xyz]"/,
    );
    const losses = await run(stepper, (batch) => fillBatch(stepper.batch, columns, batch));
    return { losses, state: values(await stepper.readState()) };
  });
  const gathered = await withStepper(program, { columns }, async (stepper) => {
    assert.deepEqual(Object.keys(stepper.batch), ["trainingStep"]);
    assert.throws(() => stepper.load({ rows: orders[0].subarray(1), step: 1 }), /expected 8 rows, got 7/);
    // Row 30 is in x, not in y.
    const outside = Uint32Array.from(orders[0]).fill(30, 7);
    assert.throws(() => stepper.load({ rows: outside, step: 1 }), /expected rows below 30, got 30/);
    const losses = await run(stepper, (batch) => stepper.load(batch));
    const state = await stepper.readState();
    await stepper.writeState(state);
    return { losses, state: values(state) };
  });
  assert.deepEqual(gathered, sent);
  assert.equal(new Set(sent.losses).size, orders.length);
}

async function keepsFrozenParameters(): Promise<void> {
  const half = model("half", { inputs: { x: tensor("float32", ["batch", 6]) } }, (scope, { x }) => {
    const initializer = { kind: "uniform", low: -1, high: 1 } as const;
    const scale = scope.parameter("scale", [6], { initializer, trainable: false });
    return { output: add(mul(linear(scope.child("head"), x, 6), scale), 1) };
  });
  const program = traceProgram({ model: half, loss: ({ output }, { x }) => meanSquaredError(output, x) });
  const changes = { optimizer: adamW({ learningRate: 1e-2, weightDecay: 0.5 }) };
  const cpu = await cpuStepper(program.loss, { ...options, ...changes });
  await withStepper(program, changes, async (stepper) => {
    const before = values(await stepper.readParameters());
    assert.deepEqual(Object.keys(before).sort(), ["head.bias", "head.weight", "scale"]);
    const { losses, state } = await takeSteps(stepper, 3);
    const after = values(await stepper.readParameters());
    assert.deepEqual(after.scale, before.scale);
    assert.notDeepEqual(after["head.weight"], before["head.weight"]);
    assert.ok(!("parameter/scale" in state));
    assertAllClose(losses, (await takeSteps(cpu, 3)).losses, { rtol: 1e-5, label: "losses with a frozen scale" });
  });
  await cpu.release();
}

async function leavesStateWhenTheLossIsNotFinite(): Promise<void> {
  for (const value of [NaN, Infinity]) {
    await withStepper(smallProgram(), {}, async (stepper) => {
      const { state } = await takeSteps(stepper, 2);
      stepper.batch.x.fill(value);
      await assert.rejects(
        stepper.step({ step: 3, learningRate: 0.25 }),
        /^RangeError: Training diverged: the loss is (NaN|-?Infinity) at step 3 with learning rate 0.25$/,
      );
      assert.deepEqual(values(await stepper.readState()), state);
      await takeSteps(stepper, 1, 3);
    });
  }
}

async function refusesWhatItCannotTrain(): Promise<void> {
  const inputs = { x: tensor("float32", ["batch", 2]) };
  const program = (apply: Parameters<typeof model>[2]) =>
    traceProgram({
      model: model("odd", { inputs }, apply),
      loss: ({ output }, { x }) => meanSquaredError(output, x),
    });
  const frozen = program((scope, { x }) => {
    const initializer = { kind: "constant", value: 2 } as const;
    return { output: mul(x, scope.parameter("scale", [2], { initializer, trainable: false })) };
  });
  await assert.rejects(webgpuStepper(frozen.loss, options), /Cannot train odd-loss: it has no trainable parameter/);
  const wide = traceProgram({
    model: model("wide", { inputs: { ids: tensor("int64", ["batch", 2]) } }, (scope, { ids }) => {
      return { output: linear(scope.child("head"), cast(ids, "float32"), 2) };
    }),
    loss: ({ output }) => meanSquaredError(output, mul(output, 0)),
  });
  await assert.rejects(
    webgpuStepper(wide.loss, options),
    /node Cast_\d+ \(Cast of int64 \[8, 2\], at .*webgpu_steps.ts:\d+:\d+\) has no WebGPU kernel/,
  );
  // ONNX Runtime has no WebGPU kernel for Sign.
  const signed = program((scope, { x }) => ({ output: sign(linear(scope.child("head"), x, 2)) }));
  const reached = traceProgram({
    model: model("signed", { inputs }, (scope, { x }) => {
      const y = linear(scope.child("head"), x, 2);
      return { output: add(y, sign(x)) };
    }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
  });
  await assert.rejects(webgpuStepper(signed.loss, options), /no gradient/);
  await assert.rejects(
    webgpuStepper(reached.loss, options),
    /^Error: Cannot compile signed-loss-whole-step on WebGPU: node Sign_\d+ \(Sign of float32 \[8, 2\], at file:\S*webgpu_steps.ts:\d+:\d+\) has no WebGPU kernel/,
  );
}

/** A batch of another size than the graph's names the input. */
async function refusesOtherSizes(): Promise<void> {
  const session = await compileForDevice(graph("g", { y: mul(input("x", "float32", [4, 3]), 2) }));
  const array = (rows: number) => ({ dtype: "float32" as const, shape: [rows, 3], data: new Float32Array(3 * rows) });
  assert.throws(
    () => session.bind({ x: array(6) }, { y: array(4) }),
    /^TypeError: Cannot run: expected x float32 \[4, 3\], got float32 \[6, 3\] with 18 values$/,
  );
  assert.throws(
    () => session.bind({ x: array(4) }, { y: array(6) }),
    /expected y float32 \[4, 3\], got float32 \[6, 3\]/,
  );
  await session.release();
}

/** An aborted run, resumed, ends with the bits of an uninterrupted one; the epochs' results stay near the CPU's. */
async function resumesToTheSameBits(): Promise<void> {
  // SwiftShader takes seconds to compile the kernel of larger matrices.
  const batchSize = 8;
  const schedule = { kind: "cosine", warmupSteps: 3, finalFactor: 0.1 } as const;
  const settings = smallSettings({ engine: "webgpu", batchSize, schedule });
  const start = (changes: Parameters<typeof trainProgram>[2]) =>
    trainProgram(smallProgram(), smallData(), changes).result;
  const whole = await start({ settings });
  const cpu = await start({ settings: { ...settings, engine: "cpu" } });
  const losses = ({ history }: typeof whole) => history.map(({ trainLoss }) => trainLoss);
  assertAllClose(losses(whole), losses(cpu), { rtol: 1e-4, label: "losses of the epochs" });
  for (const steps of [1, 17]) {
    await withFolder(async (checkpointDir) => {
      const aborted = await start({ settings, checkpointDir, signal: abortAfter(steps) });
      assert.deepEqual([aborted.stopped, aborted.steps], ["aborted", steps]);
      await assert.rejects(
        start({ settings: { ...settings, engine: "cpu" }, checkpointDir }),
        /its checkpoint is of another run/,
      );
      assert.deepEqual(reproducible(await start({ settings, checkpointDir })), reproducible(whole));
    });
  }
}

async function recomputesSegments(): Promise<void> {
  const { loss } = deepProgram({ layers: 3, width: 4 });
  const run = async (segments?: number) => {
    const stepper = await webgpuStepper(loss, { ...deepOptions, segments });
    const result = await deepSteps(stepper, 3);
    await stepper.release();
    return result;
  };
  assert.deepEqual(await run(3), await run());
}

async function saysThatThereIsNoGpu(): Promise<void> {
  await assert.rejects(
    webgpuStepper(smallProgram().loss, options),
    /^Error: Cannot compile .* on WebGPU: no GPU was found; is its driver installed/,
  );
}

const CHECKS: Record<string, () => Promise<void>> = {
  startsAndGoesOnLikeTheCpu,
  putsStateBack,
  givesTheSameInOneGroupAndInMany,
  keepsFrozenParameters,
  gathersWhatIsSent,
  leavesStateWhenTheLossIsNotFinite,
  refusesWhatItCannotTrain,
  resumesToTheSameBits,
  recomputesSegments,
  refusesOtherSizes,
  saysThatThereIsNoGpu,
};

for (const name of process.argv.slice(2)) await CHECKS[name]();
