import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import { gradients, type Graph, graph, input, interpret, reduceSum } from "../../lib/graph/mod.ts";
import { dropout, model, tensor, TRAINING_STEP } from "../../lib/nn/mod.ts";
import { compile } from "../../lib/runtime/mod.ts";

const [ROWS, WIDTH] = [512, 64];
const RATE = 0.1;
/** The rate as it is taken: a multiple of 1/4096. */
const DROPPED = 410 / 4096;

function program(
  { rate = RATE, seed = 1, layer = "drop", shape = ["batch", WIDTH] as (string | number)[] } = {},
): Graph {
  const step = input(TRAINING_STEP, "float32", []);
  return model("m", { inputs: { x: tensor("float32", shape) } }, (scope, { x }, options) => ({
    y: dropout(scope.child(layer), x, { rate, seed, ...options }),
  })).trace({ training: true, step });
}

/** Masks of some steps, 1 where an element was dropped, as ONNX Runtime computes them. */
async function masks(graph: Graph, steps: readonly number[], shape: readonly number[] = [ROWS, WIDTH]) {
  const session = await compile(graph, { threads: 1 });
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1);
  try {
    const found: Uint8Array[] = [];
    for (const step of steps) {
      const { y } = await session.run({
        x: { dtype: "float32", shape, data },
        [TRAINING_STEP]: { dtype: "float32", shape: [], data: Float32Array.of(step) },
      });
      found.push(Uint8Array.from(y.data as Float32Array, (value) => Number(value === 0)));
    }
    return found;
  } finally {
    await session.release();
  }
}

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** Correlation of two masks, in standard deviations of that of independent ones. */
function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - DROPPED) * (b[i] - DROPPED);
  return sum / (DROPPED * (1 - DROPPED)) / Math.sqrt(a.length);
}

Deno.test("dropout drops at its rate and scales the rest", () => {
  const feeds = {
    x: { data: new Float32Array(ROWS * WIDTH).fill(3), shape: [ROWS, WIDTH] },
    [TRAINING_STEP]: { data: [7] },
  };
  const { y } = interpret(program(), feeds);
  const kept = y.data.filter((value) => value !== 0);
  assertAllClose(kept, new Float64Array(kept.length).fill(3 / (1 - DROPPED)));
  const deviation = Math.sqrt(DROPPED * (1 - DROPPED) / y.data.length);
  assert.ok(Math.abs(1 - kept.length / y.data.length - DROPPED) < 4 * deviation);
});

Deno.test("dropout gives ONNX Runtime and the float64 interpreter the same mask, at large steps too", async () => {
  const steps = [1, 2, 4095, 4096, 1_000_003, 2 ** 24 - 1];
  const found = await masks(program(), steps);
  const data = new Float32Array(ROWS * WIDTH).fill(1);
  steps.forEach((step, i) => {
    const { y } = interpret(program(), { x: { data, shape: [ROWS, WIDTH] }, [TRAINING_STEP]: { data: [step] } });
    assert.deepEqual(Uint8Array.from(y.data, (value) => Number(value === 0)), found[i]);
  });
});

Deno.test("masks of steps, seeds, layers, rows and columns are independent", async () => {
  const steps = Array.from({ length: 20 }, (_, i) => i + 1);
  const found = await masks(program(), steps);
  const [otherSeed] = await masks(program({ seed: 2 }), [1]);
  const [otherLayer] = await masks(program({ layer: "drop2" }), [1]);
  for (const other of [found[1], otherSeed, otherLayer]) assert.ok(Math.abs(correlation(found[0], other)) < 4.5);
  const line = (mask: Uint8Array, axis: 0 | 1, i: number) =>
    axis === 0 ? mask.subarray(i * WIDTH, (i + 1) * WIDTH) : mask.filter((_, k) => k % WIDTH === i);
  for (const axis of [0, 1] as const) {
    const squares = found.flatMap((mask) => {
      const lines = Array.from({ length: 40 }, (_, i) => line(mask, axis, i));
      return lines.slice(1).map((other, i) => correlation(lines[i], other) ** 2);
    });
    // 780 squares of variables near standard normal: their mean is 1 with a standard error of 0.05 (0.09 with heavy tails).
    assert.ok(Math.abs(mean(squares) - 1) < 0.4, `neighbours along axis ${axis}: ${mean(squares)}`);
    // The number dropped in a row (or column) is binomial, neither too even nor too uneven.
    const size = axis === 0 ? WIDTH : ROWS;
    const spread = mean(
      found.flatMap((mask) =>
        Array.from(
          { length: 40 },
          (_, i) => ((mean(line(mask, axis, i)) - DROPPED) ** 2) * size / (DROPPED * (1 - DROPPED)),
        )
      ),
    );
    assert.ok(Math.abs(spread - 1) < 0.3, `counts along axis ${axis}: ${spread}`);
  }
});

Deno.test("the mask of a row does not depend on the batch's size, and a named batch has the mask of a fixed one", async () => {
  const [named] = await masks(program(), [3]);
  const [fixed] = await masks(program({ shape: [ROWS, WIDTH] }), [3]);
  assert.deepEqual(fixed, named);
  const [fewer] = await masks(program(), [3], [5, WIDTH]);
  assert.deepEqual(fewer, named.subarray(0, 5 * WIDTH));
});

Deno.test("dropout masks each row of more dimensions on its own, and vectors too", async () => {
  const [deep] = await masks(program({ shape: ["batch", 8, WIDTH] }), [3], [ROWS / 8, 8, WIDTH]);
  assert.deepEqual(deep, (await masks(program(), [3]))[0]);
  const [vector] = await masks(program({ shape: [ROWS] }), [3], [ROWS]);
  assert.ok(mean(vector) > 0.03 && mean(vector) < 0.2, `${mean(vector)}`);
});

Deno.test("dropout's gradient passes through the mask of its step", () => {
  const x = input("x", "float32", [4, 8]);
  const step = input(TRAINING_STEP, "float32", []);
  const dropped = model("m", { inputs: { x: tensor("float32", [4, 8]) } }, (scope, { x }, options) => ({
    y: dropout(scope, x, { rate: 0.5, seed: 3, ...options }),
  })).apply({ x }, { training: true, step }).y;
  const [dx] = gradients(reduceSum(dropped), [x]);
  const feeds = { x: { data: new Float64Array(32).fill(1) }, [TRAINING_STEP]: { data: [5] } };
  const { y, g } = interpret(graph("g", { y: dropped, g: dx }), feeds);
  assert.deepEqual(g.data, y.data);
  assert.ok(y.data.includes(0) && y.data.includes(2));
});

Deno.test("dropout is absent without training and at rate 0, and refuses bad options", () => {
  const plain = (rate: number, training: boolean) =>
    model("m", { inputs: { x: tensor("float32", ["batch", 4]) } }, (scope, { x }, { step }) => ({
      y: dropout(scope.child("d"), x, { rate, seed: 1, training, step }),
    })).trace();
  for (const { outputs: { y }, inputs: { x } } of [plain(0.5, false), plain(0, true)]) assert.equal(y, x);
  assert.throws(() => plain(1, true), /expected a rate in \[0, 1\), got 1/);
  assert.throws(() => plain(NaN, true), /got NaN/);
  assert.throws(() => plain(0.5, true), /Cannot drop out d: expected the step number while training, got none/);
  assert.throws(() => program({ seed: 0.5 }), /expected an integer seed of at least 0, got 0.5/);
  assert.throws(
    () => program({ shape: ["batch", "sequence", "width"] }),
    /expected its last dimension to be fixed/,
  );
});
