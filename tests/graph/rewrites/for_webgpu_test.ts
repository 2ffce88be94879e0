// forWebGpu: Splits of many parts as trees of Splits of few.

import assert from "node:assert/strict";
import { concat, forWebGpu, graph, input, interpret, split, topologicalOrder } from "lib/graph/mod.ts";

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
