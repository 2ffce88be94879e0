import assert from "node:assert/strict";
import { add, mul, parameter } from "lib/graph/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
import { fillExact } from "lib/bench/exact_values.ts";
import { adam, adamW, type CpuStepper, cpuStepper, type StepperOptions, traceProgram } from "lib/train/mod.ts";
import { inPlaceStepper, ON_CPU } from "lib/train/cpu_stepper.ts";
import { allocateState } from "lib/train/state.ts";
import { smallProgram } from "./fixtures.ts";

const MIB = 2 ** 20;
const optimizer = adam({ learningRate: 1e-2 });
const options: StepperOptions = { batchSize: 8, optimizer, seed: 1, threads: 1 };

async function withStepper<T>(
  program: ReturnType<typeof smallProgram>,
  changes: Partial<StepperOptions>,
  use: (stepper: CpuStepper) => Promise<T>,
): Promise<T> {
  const stepper = await cpuStepper(program.loss, { ...options, ...changes });
  try {
    return await use(stepper);
  } finally {
    await stepper.release();
  }
}

/** Losses and final parameters of a few steps. */
async function takeSteps(stepper: CpuStepper, count: number) {
  const losses: number[] = [];
  for (let step = 1; step <= count; step++) {
    fillExact(stepper.batch.x, { stream: step });
    losses.push(await stepper.step({ step, learningRate: 1e-2 }));
  }
  const values = stepper.state.parameters.map(({ parameter, carried: { firstMoment, secondMoment } }) =>
    [parameter, firstMoment, secondMoment].map((view) => [...view])
  );
  return { losses, values };
}

Deno.test("state split over several memories gives the same bits as in one", async () => {
  // 384-64-192-64-384 has 294 KB of parameters in matrices of 98 and 49 KB: more than one of them, not all, fit in 1 MiB.
  const program = traceProgram({
    model: lnspStudent({ studentDim: 64 }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
  });
  const whole = await withStepper(program, {}, async (stepper) => {
    assert.equal(stepper.state.memories.length, 1);
    return await takeSteps(stepper, 5);
  });
  const split = await withStepper(program, { memoryLimitBytes: MIB }, async (stepper) => {
    const { memories } = stepper.state;
    assert.ok(memories.length > 1, `expected several memories, got ${memories.length}`);
    assert.ok(memories.every(({ memory }) => memory.buffer.byteLength <= MIB));
    return await takeSteps(stepper, 5);
  });
  assert.deepEqual(split, whole);
});

Deno.test("load copies rows of the stepper's columns, and refuses what is no batch of them", async () => {
  const data = Float32Array.from({ length: 60 }, (_, i) => i / 64);
  const columns = { x: { dtype: "float32", shape: [10, 6], data } } as const;
  const rows = Uint32Array.of(9, 0, 3, 3, 1, 2, 4, 5);
  await withStepper(smallProgram(), { columns }, (stepper) => {
    stepper.load({ rows, step: 1 });
    assert.deepEqual([...stepper.batch.x], [...rows].flatMap((row) => [...data.subarray(row * 6, row * 6 + 6)]));
    assert.throws(() => stepper.load({ rows: rows.subarray(1), step: 1 }), /^RangeError: .* expected 8 rows, got 7$/);
    assert.throws(
      () => stepper.load({ rows: rows.map((row) => row + 1), step: 1 }),
      /expected indices below 10, got 10/,
    );
    return Promise.resolve();
  });
  await withStepper(smallProgram(), {}, (stepper) => {
    assert.throws(() => stepper.load({ rows, step: 1 }), /^TypeError: .* expected a column for "x", got none$/);
    return Promise.resolve();
  });
});

Deno.test("allocateState gives a parameter beyond the limit a memory of its own, and refuses more than 4 GiB", () => {
  const sized = (name: string, size: number) =>
    parameter(name, [size], { initializer: { kind: "constant", value: 0 } });
  const { memories, parameters } = allocateState([sized("a", 10), sized("b", 100_000), sized("c", 10)], {
    optimizer,
    limitBytes: MIB,
  });
  assert.equal(memories.length, 3);
  assert.deepEqual(parameters.map(({ parameter }) => parameter.length), [10, 100_000, 10]);
  assert.equal(new Set(parameters.map(({ parameter }) => parameter.buffer)).size, 3);
  assert.throws(
    () => allocateState([sized("embedding", 2 ** 28 + 1)], { optimizer }),
    /Cannot train embedding: expected at most 4294967296 bytes of state, got 4294967552/,
  );
});

Deno.test("allocateState keeps the regions of all parameters apart and aligned", () => {
  const shapes = [[3, 5], [7], [1], [16]];
  const { parameters } = allocateState(
    shapes.map((shape, i) => parameter(`p${i}`, shape, { initializer: { kind: "constant", value: 0 } })),
    { optimizer },
  );
  const views = parameters.flatMap((
    row,
  ) => [row.parameter, row.carried.firstMoment, row.carried.secondMoment, row.gradient]);
  views.forEach((view, i) => view.fill(i + 1));
  views.forEach((view, i) => assert.ok(view.every((value) => value === i + 1) && view.byteOffset % 64 === 0));
});

Deno.test("frozen parameters are used and stay as they are", async () => {
  const half = model("half", { inputs: { x: tensor("float32", ["batch", 6]) } }, (scope, { x }) => {
    const initializer = { kind: "uniform", low: -1, high: 1 } as const;
    const scale = scope.parameter("scale", [6], { initializer, trainable: false });
    return { output: add(mul(linear(scope.child("head"), x, 6), scale), 1) };
  });
  const program = traceProgram({ model: half, loss: ({ output }, { x }) => meanSquaredError(output, x) });
  await withStepper(program, { optimizer: adamW({ learningRate: 1e-2, weightDecay: 0.5 }) }, async (stepper) => {
    assert.deepEqual(Object.keys(stepper.weights).sort(), ["head.bias", "head.weight", "scale"]);
    assert.deepEqual(stepper.state.parameters.map(({ name }) => name), ["head.weight", "head.bias"]);
    const before = Object.fromEntries(
      Object.entries(stepper.weights).map(([name, { data }]) => [name, [...(data as Float32Array)]]),
    );
    await takeSteps(stepper, 3);
    const after = (name: string) => [...(stepper.weights[name].data as Float32Array)];
    assert.deepEqual(after("scale"), before.scale);
    assert.notDeepEqual(after("head.weight"), before["head.weight"]);
    // The loss does depend on the frozen values.
    const [loss] = (await takeSteps(stepper, 1)).losses;
    (stepper.weights.scale.data as Float32Array).fill(0);
    assert.notEqual((await takeSteps(stepper, 1)).losses[0], loss);
  });
});

Deno.test("a model without trainable parameters is refused", async () => {
  const frozen = model("frozen", { inputs: { x: tensor("float32", ["batch", 2]) } }, (scope, { x }) => {
    const initializer = { kind: "constant", value: 2 } as const;
    return { output: mul(x, scope.parameter("scale", [2], { initializer, trainable: false })) };
  });
  const program = traceProgram({ model: frozen, loss: ({ output }, { x }) => meanSquaredError(output, x) });
  await assert.rejects(cpuStepper(program.loss, options), /Cannot train frozen-loss: it has no trainable parameter/);
});

for (const [name, value] of [["NaN", NaN], ["Infinity", Infinity]] as const) {
  Deno.test(`a step whose loss is not finite for ${name} changes nothing and says which step it was`, async () => {
    await withStepper(smallProgram(), {}, async (stepper) => {
      const { values } = await takeSteps(stepper, 2);
      stepper.batch.x.fill(value);
      await assert.rejects(
        stepper.step({ step: 3, learningRate: 0.25 }),
        /^RangeError: Training diverged: the loss is (NaN|Infinity) at step 3 with learning rate 0.25$/,
      );
      const now = stepper.state.parameters.map(({ parameter, carried: { firstMoment, secondMoment } }) =>
        [parameter, firstMoment, secondMoment].map((view) => [...view])
      );
      assert.deepEqual(now, values);
    });
  });
}

Deno.test("a batch that diverges while gradients are accumulated leaves none of them", async () => {
  const oneStep = (diverges: boolean) =>
    withStepper(smallProgram(), { accumulationSteps: 3 }, async (stepper) => {
      if (diverges) {
        fillExact(stepper.batch.x, { stream: 9 });
        await stepper.accumulate();
        stepper.batch.x.fill(NaN);
        await assert.rejects(stepper.accumulate(), /^RangeError: Training diverged/);
      }
      fillExact(stepper.batch.x, { stream: 1 });
      await stepper.accumulate();
      return await takeSteps(stepper, 1);
    });
  assert.deepEqual(await oneStep(true), await oneStep(false));
});

Deno.test("a stepper that cannot start frees what was compiled for it", async () => {
  let released = 0;
  const starting = inPlaceStepper(smallProgram().loss, {
    ...options,
    initial: { none: { dtype: "float32", shape: [1], data: new Float32Array(1) } },
  }, {
    compileGradients: async (graph, compiling) => {
      const session = await ON_CPU.compileGradients(graph, compiling);
      const release = session.release.bind(session);
      return Object.assign(session, {
        release: () => {
          released++;
          return release();
        },
      });
    },
  });
  await assert.rejects(starting, /expected initial values of parameters, got none/);
  assert.equal(released, 1);
});

Deno.test("the same seed gives the same bits, another seed other ones", async () => {
  const run = (seed: number) => withStepper(smallProgram(), { seed }, (stepper) => takeSteps(stepper, 3));
  assert.deepEqual(await run(1), await run(1));
  assert.notDeepEqual((await run(2)).losses, (await run(1)).losses);
});
