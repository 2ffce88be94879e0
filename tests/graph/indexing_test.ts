import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import { random } from "../../lib/statistics/mod.ts";
import {
  and,
  argMax,
  clip,
  convolveDepthwise,
  cumSum,
  floor,
  gather,
  gatherElements,
  gradients,
  graph,
  input,
  interpret,
  mul,
  reduceSum,
  scatterElements,
  split,
  squeeze,
  unsqueeze,
} from "../../lib/graph/mod.ts";
import { compile } from "../../lib/runtime/mod.ts";

Deno.test("lookups refuse what does not fit, naming expected and got", () => {
  const x = input("x", "float32", ["batch", 4]);
  const ids = input("ids", "int64", ["batch", 2]);
  assert.throws(() => gather(x, x), /Cannot apply Gather: expected int64 or int32 indices, got float32 \[batch, 4\]/);
  assert.throws(() => gather(x, ids, 2), /Cannot apply Gather: expected an axis in \[-2, 1\], got 2/);
  assert.throws(() => gatherElements(x, ids, 0), /along axis 0: expected indices \[batch, 4\], got \[batch, 2\]/);
  assert.throws(
    () => scatterElements(x, ids, { updates: x }),
    /expected updates float32 \[batch, 2\], got float32 \[batch, 4\]/,
  );
  const table = input("table", "float32", [3, 1]);
  const { y } = { y: graph("g", { y: gather(table, input("i", "int64", [1])) }) };
  const at = (index: number) => interpret(y, { table: { data: [5, 6, 7] }, i: { data: [index] } }).y.data[0];
  assert.equal(at(-1), 7);
  assert.throws(() => at(3), /expected indices in \[-3, 2\], got 3/);
});

Deno.test("parts and running sums refuse what does not fit", () => {
  const x = input("x", "float32", ["batch", 4]);
  assert.throws(() => split(x, [1, 2], 1), /expected sizes of at least 1 that add up to 4, got \[1, 2\]/);
  assert.throws(() => split(x, [4, 0], 1), /got \[4, 0\]/);
  assert.throws(() => split(x, [1, 1], 0), /add up to batch/);
  assert.throws(() => squeeze(x, [1]), /Cannot squeeze axis 1 of x \[batch, 4\]: expected 1, got 4/);
  assert.throws(() => unsqueeze(x, [0, 0]), /expected distinct axes, got \[0, 0\]/);
  assert.throws(() => cumSum(x, { axis: 5 }), /Cannot apply CumSum: expected an axis/);
  assert.throws(() => argMax(x, -3), /Cannot apply ArgMax: expected an axis/);
  assert.throws(() => clip(x, 1, -1), /expected min <= max, got \[1, -1\]/);
  assert.throws(() => and(x, x), /Cannot apply And to x \[batch, 4\]: expected bool, got float32/);
});

Deno.test("operators without a gradient say so", () => {
  const x = input("x", "float32", [4]);
  assert.throws(() => gradients(reduceSum(floor(x)), [x]), /Floor has no gradient/);
});

Deno.test("a convolution keeps a named length when its padding does, and refuses what does not fit", () => {
  const x = input("x", "float32", ["batch", 4, "sequence"]);
  const weight = input("w", "float32", [4, 1, 3]);
  assert.deepEqual(convolveDepthwise(x, weight, [2, 0]).shape, ["batch", 4, "sequence"]);
  assert.throws(() => convolveDepthwise(x, weight, [0, 0]), /expected padding of 2 to keep "sequence"/);
  assert.throws(() => convolveDepthwise(x, weight, [3, 0]), /expected two paddings in \[0, 2\], got \[3, 0\]/);
  assert.throws(
    () => convolveDepthwise(x, input("v", "float32", [2, 1, 3]), [2, 0]),
    /expected a kernel float32 \[4, 1, 3\] for 4 groups, got float32 \[2, 1, 3\] for 2/,
  );
  const short = input("s", "float32", [1, 4, 2]);
  assert.throws(() => convolveDepthwise(short, weight, [0, 0]), /expected at least 3 positions, got 2/);
});

Deno.test("unsqueeze, gather and squeeze keep any number of named dimensions", () => {
  const x = input("x", "float32", ["batch", "sequence", 1]);
  assert.deepEqual(squeeze(x, [2]).shape, ["batch", "sequence"]);
  assert.deepEqual(unsqueeze(x, [1]).shape, ["batch", 1, "sequence", 1]);
  const ids = input("ids", "int32", ["batch", "sequence"]);
  assert.deepEqual(gather(input("table", "float32", [9, 2]), ids).shape, ["batch", "sequence", 2]);
});

Deno.test("an embedding's gradient adds repeated rows exactly and always alike, on several threads", async () => {
  const [rows, width, count] = [50, 32, 4000];
  const table = input("table", "float32", [rows, width]);
  const ids = input("ids", "int64", [count]);
  const weights = input("weights", "float32", [count, width]);
  const [gradient] = gradients(reduceSum(mul(gather(table, ids), weights)), [table]);
  const generator = random(1, "rows");
  const positions = Array.from({ length: count }, () => Math.floor(generator.uniform(0, 5)));
  // Whole numbers, whose sums are exact in float32: a lost addition shows as a difference of at least 1.
  const values = Float32Array.from({ length: count * width }, () => Math.floor(generator.uniform(1, 9)));
  const expected = new Float32Array(rows * width);
  values.forEach((value, i) => (expected[positions[Math.floor(i / width)] * width + i % width] += value));
  const session = await compile(graph("g", { gradient }), { threads: 2 });
  try {
    for (let i = 0; i < 10; i++) {
      const results = await session.run({
        ids: { dtype: "int64", shape: [count], data: BigInt64Array.from(positions, BigInt) },
        weights: { dtype: "float32", shape: [count, width], data: values },
      });
      assertAllClose(results.gradient.data as Float32Array, expected, { rtol: 0 });
    }
  } finally {
    await session.release();
  }
});
