// Dimensions that are sums of names: joined tensors of lengths that only a run knows.

import assert from "node:assert/strict";
import {
  add,
  addDims,
  type ArrayValue,
  bindDimensions,
  concat,
  constant,
  convolveDepthwise,
  deserializeGraph,
  fixDims,
  gradients,
  graph,
  input,
  interpret,
  matMul,
  mul,
  reduceSum,
  reshape,
  serializeGraph,
  sizesOfNames,
  slice,
  type Tensor,
  TO_END,
  transpose,
} from "lib/graph/mod.ts";
import { compile, tfjsExecutor } from "lib/runtime/mod.ts";

Deno.test("sums of dimensions are one text whatever the order", () => {
  assert.equal(addDims([2, 3]), 5);
  assert.equal(addDims(["past", 1]), "past+1");
  assert.equal(addDims([1, "sequence", "past"]), "past+sequence+1");
  assert.equal(addDims(["past+1", "past+2", 0]), "past+past+3");
  assert.deepEqual(fixDims(["past+past+1", "n", 4], { past: 2 }), [5, "n", 4]);
  assert.deepEqual(fixDims(["past+sequence+1"], { past: 2 }), ["sequence+3"]);
});

Deno.test("sizes of names follow from names alone and from sums with one unknown", () => {
  assert.deepEqual(sizesOfNames([[["n+1", "n"], [4, 3]]]), { n: 3 });
  assert.deepEqual(sizesOfNames([[["n+1"], [4]]]), { n: 3 });
  assert.deepEqual(sizesOfNames([[["a+b+1"], [6]], [["a"], [2]]]), { a: 2, b: 3 });
  assert.deepEqual(sizesOfNames([[["a+a"], [6]]]), { a: 3 });
  assert.deepEqual(sizesOfNames([[["a+b"], [6]]]), {});
});

Deno.test("inputs may have sums for dimensions, in their one form", () => {
  assert.deepEqual(input("mask", "float32", ["batch", "past+1"]).shape, ["batch", "past+1"]);
  const refused: [string, RegExp][] = [
    ["1+past", /expected a name of letters for dimension 0, got "1\+past"/],
    ["past+", /got "past\+"/],
    ["past-1", /got "past-1"/],
    ["past+0", /expected "past" for dimension 0, got "past\+0"/],
    ["sequence+past", /expected "past\+sequence" for dimension 0, got "sequence\+past"/],
  ];
  for (const [dim, message] of refused) assert.throws(() => input("x", "float32", [dim]), message);
});

/** Joins a past and a present of named lengths, weighs them by a mask of their length, and keeps one form of each. */
function joined(past: string | number = "past") {
  const old = input("old", "float32", ["batch", past, 2]);
  const next = input("next", "float32", ["batch", "sequence", 2]);
  const mask = input("mask", "float32", ["batch", addDims([past, "sequence", 1])]);
  const start = input("start", "float32", ["batch", 1, 2]);
  const all = concat([start, old, next], 1);
  const weighed = mul(all, reshape(mask, [...mask.shape, 1]));
  return graph("joined", { all, weighed: reshape(weighed, ["batch", all.shape[1], 2]) });
}

const float32 = (shape: readonly number[], values: ArrayLike<number>): ArrayValue => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

const feeds = {
  old: float32([1, 2, 2], [1, 2, 3, 4]),
  next: float32([1, 1, 2], [5, 6]),
  mask: float32([1, 4], [1, 0, 1, 2]),
  start: float32([1, 1, 2], [7, 8]),
};
const expected = { all: [7, 8, 1, 2, 3, 4, 5, 6], weighed: [7, 8, 0, 0, 3, 4, 10, 12] };

Deno.test("tensors of named lengths are joined by the interpreter, ONNX Runtime and tfjs", async () => {
  const whole = joined();
  assert.deepEqual(whole.outputs.all.shape, ["batch", "past+sequence+1", 2]);
  const read = deserializeGraph(serializeGraph(whole));
  for (
    const form of [whole, read, bindDimensions(whole, { past: 2 }), bindDimensions(whole, { batch: 1, sequence: 1 })]
  ) {
    const reference = interpret(form, feeds as Record<string, { data: Float32Array }>);
    const sessions = [await compile(form), await compile(form, { binding: "node" }), await tfjsExecutor(form)];
    for (const session of sessions) {
      const results = await session.run(feeds);
      for (const name of ["all", "weighed"] as const) {
        assert.deepEqual([...reference[name].data], expected[name]);
        assert.deepEqual([...results[name].data], expected[name]);
        assert.deepEqual([...results[name].shape], [1, 4, 2]);
      }
      await session.release();
    }
  }
});

Deno.test("binding a name changes every sum that it is in", () => {
  const fixed = bindDimensions(joined(), { past: 3 });
  assert.deepEqual(fixed.inputs.mask.shape, ["batch", "sequence+4"]);
  assert.deepEqual(fixed.outputs.all.shape, ["batch", "sequence+4", 2]);
  assert.deepEqual(bindDimensions(fixed, { sequence: 1, batch: 5 }).outputs.weighed.shape, [5, 5, 2]);
  assert.throws(() => bindDimensions(joined(), { length: 3 }), /no input of joined has it/);
});

Deno.test("values whose sizes do not add up are refused by name", async () => {
  const wrong = { ...feeds, mask: float32([1, 5], [1, 0, 1, 2, 1]) };
  assert.throws(
    () => interpret(joined(), wrong as Record<string, { data: Float32Array }>),
    /expected mask \[batch, past\+sequence\+1\], got \[1, 5\]/,
  );
  const session = await compile(joined());
  await assert.rejects(
    session.run(wrong),
    /^TypeError: Cannot run: expected past\+sequence\+1 4 in mask \[batch, past\+sequence\+1\], got 5$/,
  );
  await session.release();
});

Deno.test("Concat is differentiable with fixed lengths, and says what to fix", () => {
  const lossOf = ({ outputs }: { outputs: Readonly<Record<string, Tensor>> }) =>
    reduceSum(matMul(transpose(outputs.all, [0, 2, 1]), outputs.all));
  const fixed = bindDimensions(joined(), { batch: 1, past: 2, sequence: 1 });
  const [dOld, dNext] = gradients(lossOf(fixed), [fixed.inputs.old, fixed.inputs.next]);
  const slopes = interpret(graph("slopes", { dOld, dNext }), feeds as Record<string, { data: Float32Array }>);
  assert.deepEqual([[...slopes.dOld.data], [...slopes.dNext.data]], [[6, 6, 14, 14], [22, 22]]);
  const open = bindDimensions(joined(), { batch: 1, sequence: 1 });
  assert.throws(
    () => gradients(lossOf(open), [open.inputs.old]),
    /^RangeError: Cannot differentiate Concat: .*fix "past" with bindDimensions first/,
  );
});

Deno.test("sums broadcast and convolve by what they are", () => {
  const x = input("x", "float32", ["batch", 3, "n"]);
  const longer = concat([input("state", "float32", ["batch", 3, 2]), x], 2);
  const kernel = constant([1, 2, 3, 1, 2, 3, 1, 2, 3], { shape: [3, 1, 3] });
  const convolved = convolveDepthwise(longer, kernel, [0, 0]);
  assert.deepEqual(convolved.shape, ["batch", 3, "n"]);
  assert.deepEqual(add(convolved, x).shape, ["batch", 3, "n"]);
  assert.throws(() => add(longer, x), /got \[batch, 3, n\+2\] and \[batch, 3, n\]/);
  assert.throws(() => convolveDepthwise(x, kernel, [0, 0]), /expected padding of 2 to keep "n"/);
});

Deno.test("slices of named dimensions end before their end: the same in all engines, with slopes once they are fixed", async () => {
  const x = input("x", "float32", ["batch", "n+2"]);
  const outputs = {
    first: slice(x, { axis: 1, start: 0, end: -2 }),
    middle: slice(x, { axis: 1, start: 1, end: -1 }),
    last: slice(x, { axis: 1, start: 2, end: TO_END }),
  };
  assert.deepEqual(Object.values(outputs).map(({ shape }) => shape), Array(3).fill(["batch", "n"]));
  const windows = graph("windows", outputs);
  const feeds = {
    x: { dtype: "float32" as const, shape: [2, 5], data: Float32Array.from({ length: 10 }, (_, i) => i) },
  };
  const expected = { first: [0, 1, 2, 5, 6, 7], middle: [1, 2, 3, 6, 7, 8], last: [2, 3, 4, 7, 8, 9] };
  const session = await compile(windows, { threads: 1 });
  const fixed = bindDimensions(windows, { batch: 2, n: 3 });
  const tfjs = await tfjsExecutor(fixed);
  const results = [interpret(windows, feeds), await session.run(feeds), await tfjs.run(feeds)];
  for (const found of results) {
    for (const [name, values] of Object.entries(expected)) assert.deepEqual([...found[name].data].map(Number), values);
  }
  await session.release();
  tfjs.release();
  const [slope] = gradients(reduceSum(mul(fixed.outputs.last, fixed.outputs.middle)), [fixed.inputs.x]);
  assert.deepEqual([...interpret(graph("slope", { slope }), feeds).slope.data], [0, 2, 4, 6, 3, 0, 7, 14, 16, 8]);
  for (const bounds of [{ start: 0, end: 3 }, { start: 2, end: -1 }, { start: -1, end: TO_END }]) {
    assert.throws(() => slice(x, { axis: 1, ...bounds }), /Cannot slice the named dimension "n\+2"/);
  }
  const short = input("short", "float32", [4]);
  assert.deepEqual(slice(short, { axis: 0, start: 1, end: -1 }).shape, [2]);
  assert.throws(() => slice(short, { axis: 0, start: 2, end: -2 }), /expected 0 <= start < end <= 4, got \[2, 2\)/);
});
