// Each rewrite on random graphs: the numbers before and after are within its stated bound, and what it makes can be written
// as JSON, encoded and run by ONNX Runtime.

import assert from "node:assert/strict";
import {
  bindDimensions,
  constant,
  deserializeGraph,
  eliminateCommonSubexpressions,
  encodeOnnx,
  exp,
  expand,
  float16ToFloat32,
  foldConstants,
  graph,
  input,
  interpret,
  mul,
  quantizeDynamicInt8,
  quantizeStaticInt8,
  quantizeWeightOnlyInt4,
  reduceSum,
  relu,
  serializeGraph,
  toFloat16,
  topK,
  topologicalOrder,
  type WeightedGraph,
  type Weights,
} from "lib/graph/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { interpreterFeeds, type RandomDense, randomDense, relativeError, runOnnx } from "./random_dense.ts";

const SEEDS = Array.from({ length: 25 }, (_, i) => i + 1);

/** Weights as the interpreter takes them: half precision as numbers. */
function asNumbers(weights: Weights): Weights {
  const decoded = Object.entries(weights).map(([name, value]) => [
    name,
    value.dtype === "float16" ? { ...value, data: float16ToFloat32(value.data as Uint16Array) } : value,
  ]);
  return Object.fromEntries(decoded);
}

interface Rewrite {
  name: string;
  rewrite(source: WeightedGraph, sample: RandomDense): WeightedGraph | Promise<WeightedGraph>;
  /** Largest error, in the output's norm, of the rewritten graph in float64 against the original. */
  bound(sample: RandomDense): number;
  /** Largest difference between ONNX Runtime and the interpreter on the rewritten graph. */
  executors: number;
}

const batchesOf = ({ x, rows, width }: RandomDense) => [{ x: { data: x, shape: [rows, width] } }];

const REWRITES: Rewrite[] = [
  {
    name: "foldConstants",
    rewrite: ({ graph, weights }) => ({ graph: foldConstants(graph), weights }),
    bound: () => 0,
    executors: 2e-6,
  },
  {
    name: "eliminateCommonSubexpressions",
    rewrite: ({ graph, weights }) => ({ graph: eliminateCommonSubexpressions(graph), weights }),
    bound: () => 0,
    executors: 2e-6,
  },
  {
    name: "toFloat16",
    rewrite: (source) => toFloat16(source),
    bound: ({ depth }) => 2 ** -11 * depth,
    executors: 2e-3,
  },
  // A value that lies between two steps may be rounded either way after 32-bit arithmetic: a step is 1/255 of the range.
  { name: "quantizeDynamicInt8", rewrite: (source) => quantizeDynamicInt8(source), bound: () => 0.03, executors: 5e-3 },
  {
    name: "quantizeStaticInt8",
    rewrite: (source, sample) => quantizeStaticInt8(source, { batches: batchesOf(sample) }),
    bound: () => 0.03,
    executors: 5e-3,
  },
  // Random weights of four bits carry no such promise over several layers: the bound of one product is tested elsewhere.
  {
    name: "quantizeWeightOnlyInt4",
    rewrite: (source) => quantizeWeightOnlyInt4(source),
    bound: () => 0.5,
    executors: 2e-6,
  },
];

for (const { name, rewrite, bound, executors } of REWRITES) {
  Deno.test(`${name} keeps the numbers of random graphs within its bound`, async () => {
    for (const seed of SEEDS) {
      const sample = randomDense(seed, { batch: seed % 2 === 0 });
      const expected = interpret(sample.graph, interpreterFeeds(sample, sample.weights));
      const rewritten = await rewrite({ graph: sample.graph, weights: sample.weights }, sample);
      const restored = deserializeGraph(JSON.parse(JSON.stringify(serializeGraph(rewritten.graph))));
      const reference = interpret(restored, interpreterFeeds(sample, asNumbers(rewritten.weights)));
      const x = { dtype: "float32" as const, shape: [sample.rows, sample.width], data: sample.x };
      const actual = await runOnnx(restored, rewritten.weights, "x" in restored.inputs ? { x } : {});
      assert.deepEqual(Object.keys(reference), Object.keys(expected));
      for (const output of Object.keys(expected)) {
        assert.deepEqual(restored.outputs[output].dtype, "float32");
        const error = relativeError(reference[output].data, expected[output].data);
        assert.ok(error <= bound(sample), `seed ${seed}, ${output}: error ${error}, bound ${bound(sample)}`);
        const between = relativeError(actual[output], reference[output].data);
        assert.ok(between <= executors, `seed ${seed}, ${output}: ONNX Runtime differs by ${between}`);
      }
    }
  });
}

Deno.test("rewrites compose with each other and with a fixed batch", async () => {
  for (const seed of SEEDS.slice(0, 8)) {
    const sample = randomDense(seed, { batch: true });
    if (!("x" in sample.graph.inputs)) continue;
    const fixed = bindDimensions(sample.graph, { batch: sample.rows });
    const { graph, weights } = toFloat16({
      graph: eliminateCommonSubexpressions(foldConstants(fixed)),
      weights: sample.weights,
    });
    const expected = interpret(sample.graph, interpreterFeeds(sample, sample.weights)).y.data;
    const x = { dtype: "float32" as const, shape: [sample.rows, sample.width], data: sample.x };
    const { y } = await runOnnx(foldConstants(graph), weights, { x });
    assert.ok(relativeError(y, expected) <= 2 ** -11 * sample.depth + 2e-6);
  }
});

const types = (tensors: Parameters<typeof topologicalOrder>[0]) => topologicalOrder(tensors).map(({ type }) => type);

Deno.test("foldConstants leaves large and fractional integer results to the runtime", () => {
  const x = input("x", "float32", [4]);
  const wide = expand(constant([1]), [1000]);
  assert.deepEqual(types([foldConstants(graph("g", { y: wide })).outputs.y]), []);
  assert.deepEqual(types([foldConstants(graph("g", { y: wide }), { maxElements: 999 }).outputs.y]), ["Expand"]);
  const { values, indices } = topK(constant([3, 1, 2], { shape: [3] }), 2);
  const both = foldConstants(graph("g", { indices, y: mul(reduceSum(values), x) }));
  assert.deepEqual(types(Object.values(both.outputs)), ["Mul"]);
  const { y, indices: positions } = interpret(both, { x: { data: [1, 2, 3, 4] } });
  assertAllClose(y.data, [5, 10, 15, 20], { rtol: 0 });
  assert.deepEqual([...positions.data], [0, 2]);
});

Deno.test("eliminateCommonSubexpressions keeps apart what differs in an attribute, a constant's dtype or the sign of zero", () => {
  const x = input("x", "float32", [2, 3]);
  const count = (...tensors: (typeof x)[]) => {
    const outputs = Object.fromEntries(tensors.map((tensor, i) => [`y${i}`, tensor]));
    return types(Object.values(eliminateCommonSubexpressions(graph("g", outputs)).outputs)).length;
  };
  assert.equal(count(exp(relu(x)), exp(relu(x))), 2);
  assert.equal(count(reduceSum(x, { axes: [1] }), reduceSum(x, { axes: [1] })), 1);
  assert.equal(count(reduceSum(x, { axes: [1] }), reduceSum(x, { axes: [0] })), 2);
  assert.equal(count(reduceSum(x, { axes: [1] }), reduceSum(x, { axes: [1], keepDims: true })), 2);
  assert.equal(count(mul(x, 0), mul(x, -0)), 2);
  assert.equal(count(mul(x, 1 / 3), mul(x, 1 / 3)), 1);
});

Deno.test("dead code falls away: neither the graph nor its file holds what no output needs", () => {
  const { graph: whole, weights } = randomDense(3);
  const x = input("unused", "float32", [3]);
  exp(mul(x, 2)); // reached by nothing
  const part = graph("part", { hidden: whole.outputs.hidden });
  assert.ok(part.parameters.length < whole.parameters.length);
  assert.ok(types([part.outputs.hidden]).length < types(Object.values(whole.outputs)).length);
  const text = new TextDecoder("latin1").decode(encodeOnnx(part));
  const gone = Object.keys(weights).filter((name) => !part.parameters.some(({ source }) => source.name === name));
  assert.ok(gone.length > 0 && gone.every((name) => !text.includes(name)), "unused parameters are not in the file");
  assert.ok(!text.includes("unused"));
});
