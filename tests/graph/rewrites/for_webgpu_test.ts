// forWebGpu: Splits of many parts as trees of Splits of few, transposes that are undone, products that read a large matrix as it lies.

import assert from "node:assert/strict";
import {
  concat,
  forWebGpu,
  graph,
  input,
  interpret,
  matMul,
  parameter,
  relu,
  split,
  topologicalOrder,
  transpose,
} from "lib/graph/mod.ts";
import { typesOf } from "tests/graph/types_of.ts";

const partsOf = (sizes: readonly number[], axis: number) => {
  const shape = [2, 3];
  shape[axis < 0 ? axis + 2 : axis] = sizes.reduce((sum, size) => sum + size, 0);
  const parts = split(input("x", "float32", shape), sizes, axis);
  return { original: graph("parts", { y: concat(parts.toReversed(), axis) }), shape };
};

for (const [count, axis] of [[2, 0], [7, 1], [8, 1], [32, -1], [50, 0], [350, -2]] as const) {
  Deno.test(`forWebGpu gives the same ${count} parts of axis ${axis} from Splits of at most seven`, () => {
    const { original, shape } = partsOf(Array.from({ length: count }, (_, i) => 1 + i % 3), axis);
    const written = forWebGpu(original);
    const splits = topologicalOrder(Object.values(written.outputs)).filter(({ type }) => type === "Split");
    assert.ok(splits.every(({ outputs }) => outputs.length <= 7));
    assert.equal(splits.length === 1, count <= 7);
    const feeds = { x: { data: Array.from({ length: shape[0] * shape[1] }, (_, i) => i + 0.5), shape } };
    assert.deepEqual(interpret(written, feeds).y, interpret(original, feeds).y);
  });
}

const waves = (shape: readonly number[]) => ({
  data: Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => Math.sin(1 + i)),
  shape: [...shape],
});

Deno.test("forWebGpu leaves out transposes that undo each other, and no others", () => {
  const x = input("x", "float32", [2, 3, 4]);
  const turned = (second: readonly number[]) =>
    graph("turned", { y: relu(transpose(transpose(x, [1, 2, 0]), second)) });
  assert.deepEqual(typesOf(forWebGpu(turned([2, 0, 1]))), ["Relu"]);
  for (const second of [[1, 2, 0], [0, 1, 2], [2, 1, 0]]) {
    assert.deepEqual(typesOf(forWebGpu(turned(second))), ["Transpose", "Transpose", "Relu"]);
  }
  const feeds = { x: waves([2, 3, 4]) };
  assert.deepEqual(interpret(forWebGpu(turned([2, 0, 1])), feeds).y, interpret(turned([2, 0, 1]), feeds).y);
});

Deno.test("forWebGpu multiplies by a large transposed matrix as it lies, in any number of dimensions", () => {
  const w = parameter("w", [5, 4], { initializer: { kind: "constant", value: 0 } });
  for (const shape of [[3, 4], [2, 3, 4], [2, 1, 3, 4]]) {
    const original = graph("head", { y: matMul(input("x", "float32", shape), transpose(w)) });
    const written = forWebGpu(original, { largestCopy: 79 });
    assert.ok(typesOf(written).includes("Gemm") && !typesOf(written).includes("Transpose"));
    assert.deepEqual(written.outputs.y.shape, original.outputs.y.shape);
    const feeds = { x: waves(shape), w: waves([5, 4]) };
    assert.deepEqual(interpret(written, feeds).y, interpret(original, feeds).y);
  }
});

Deno.test("forWebGpu leaves products as they are with smaller matrices, others, and rows of unknown number", () => {
  const w = parameter("w", [4, 4], { initializer: { kind: "constant", value: 0 } });
  const [x, many] = [input("x", "float32", [2, 3, 4]), input("many", "float32", ["batch", 3, 4])];
  const isWritten = (y: ReturnType<typeof matMul>, largestCopy = 0) =>
    typesOf(forWebGpu(graph("g", { y }), { largestCopy })).includes("Gemm");
  assert.ok(isWritten(matMul(x, transpose(w))));
  assert.ok(!isWritten(matMul(x, transpose(w)), 64), "a small one");
  assert.ok(!isWritten(matMul(x, w)), "one that is not transposed");
  assert.ok(!isWritten(matMul(x, transpose(w, [0, 1]))), "one that stays as it is");
  assert.ok(!isWritten(matMul(x, transpose(input("b", "float32", [2, 4, 4]), [0, 2, 1]))), "a batch of matrices");
  assert.ok(!isWritten(matMul(many, transpose(w))), "a batch of any size");
});
