// forCoreMl on random graphs over all operators: the numbers stay, and what the provider still refuses is a known exception.

import assert from "node:assert/strict";
import {
  add,
  constant,
  cumSum,
  equal,
  expand,
  forCoreMl,
  type FuzzCase,
  gemm,
  type Graph,
  graph,
  greater,
  input,
  interpret,
  layerNormalization,
  min,
  neg,
  randomGraph,
  reciprocal,
  reshape,
  sign,
  type Tensor,
  topologicalOrder,
  unsqueeze,
  where,
} from "lib/graph/mod.ts";
import { compile, coverage } from "lib/runtime/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

/** Operators without a form that the provider takes. */
const WITHOUT_FORM = new Set([
  ...["Log", "LogSoftmax", "ReduceLogSumExp", "TopK", "GatherElements", "ScatterElements"],
  ...["QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "MatMulNBits"],
  ...["DynamicQuantizeLSTM", "LSTM", "MatMulIntegerToFloat", "MultiHeadAttention", "SimplifiedLayerNormalization"],
]);
/** Element types that CoreML has not; what is computed in them stays. */
const FOREIGN = new Set(["float64", "int8", "uint8"]);

type Feeds = Parameters<typeof interpret>[1];

const asNumbers = ({ feeds }: FuzzCase): Feeds =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape }]) => [name, { data: Array.from(data, Number), shape }]),
  );

function assertSame(original: Graph, feeds: Feeds, label: string): void {
  const written = forCoreMl(original);
  const expected = interpret(original, feeds);
  const needed = new Set([...Object.keys(written.inputs), ...written.parameters.map(({ source }) => source.name)]);
  const actual = interpret(written, Object.fromEntries(Object.entries(feeds).filter(([name]) => needed.has(name))));
  for (const [name, { data, dtype, shape }] of Object.entries(expected)) {
    assert.deepEqual([actual[name].dtype, actual[name].shape], [dtype, shape], `${label}, ${name}`);
    const norm = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));
    const error = Math.sqrt(data.reduce((sum, value, i) => sum + (value - actual[name].data[i]) ** 2, 0));
    assert.ok(error <= 2 ** -20 * norm, `${label}, ${name}: error ${error} of ${norm}`);
  }
}

Deno.test("forCoreMl keeps the numbers of random graphs over all operators", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const sample = randomGraph(seed, { dtypes: ["int64", "int32", "bool", "float16"] });
    assertSame(sample.graph, asNumbers(sample), `seed ${seed}`);
  }
});

Deno.test("what forCoreMl leaves that the provider refuses has no form in CoreML", () => {
  const unexpected: string[] = [];
  let taken = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const { graph } = randomGraph(seed, { dtypes: ["int64", "int32", "bool", "float16"] });
    if (Object.values(graph.inputs).some(({ shape }) => shape.some((dim) => typeof dim === "string"))) continue;
    const written = forCoreMl(graph);
    const report = coverage(written, "coreml-mlprogram");
    const operations = topologicalOrder(Object.values(written.outputs));
    report.nodes.forEach(({ verdict, type, node, reason }, i) => {
      const foreign = operations[i].inputs.concat(operations[i].outputs).some(({ dtype }) => FOREIGN.has(dtype));
      taken += Number(verdict === "taken");
      if (verdict !== "refused" || WITHOUT_FORM.has(type) || foreign || reason === "its part only moves data") return;
      unexpected.push(`seed ${seed}, ${node}: ${reason}`);
    });
  }
  assert.deepEqual(unexpected, []);
  assert.ok(taken > 1000, `${taken} nodes are taken`);
});

/** Each with values at which a careless form goes wrong: zeros of both signs, ties, negative numbers. */
const X = { data: [-2, -0, 0, 0.5, 2.5, 3], shape: [2, 3] };
const CASES: Record<string, (x: Tensor) => Tensor> = {
  neg,
  sign,
  "greater and where": (x) => where(unsqueeze(greater(x, 0), [0]), x, -30000),
  "equal and where": (x) => where(equal(x, 0.5), 7, x),
  "where of integers": (x) =>
    where(greater(x, 0), constant(3, { dtype: "int64" }), constant([1, 2, 3], { dtype: "int64" })),
  min: (x) => min(x, neg(x)),
  reciprocal: (x) => reciprocal(add(x, 7)),
  expand: (x) => expand(unsqueeze(x, [1]), [2, 4, 3]),
  "cumSum over the first axis": (x) => cumSum(x, { axis: 0 }),
  "cumSum, exclusive and from the end": (x) => cumSum(x, { axis: 1, exclusive: true, reverse: true }),
  "gemm of two computed matrices": (x) =>
    gemm(x, x, x.shape.length === 2 ? constant([[0, 1], [2, 3]].flat(), { shape: [2, 2] }) : null, {
      transB: true,
      alpha: 2,
      beta: 0.5,
    }),
  "layer normalization with a computed scale": (x) =>
    layerNormalization(x, reshape(x, [6]).shape.length === 1 ? constant([1, 2, 3]) : x, null),
};

for (const [name, build] of Object.entries(CASES)) {
  Deno.test(`forCoreMl writes ${name} with operators that the provider takes`, async () => {
    const original = graph("case", { y: add(build(input("x", "float32", [2, 3])), 0) });
    assertSame(original, { x: X }, name);
    const written = forCoreMl(original);
    const session = await compile(written);
    const { y } = await session.run({ x: { dtype: "float32", shape: X.shape, data: Float32Array.from(X.data) } });
    await session.release();
    assertAllClose(Float64Array.from(y.data, Number), interpret(original, { x: X }).y.data, { rtol: 1e-6, atol: 1e-6 });
    const { nodes } = coverage(written, "coreml-mlprogram");
    assert.deepEqual(nodes.filter(({ verdict }) => verdict === "refused"), []);
  });
}

Deno.test("forCoreMl leaves a graph as it is that the provider takes", () => {
  const x = input("x", "float32", [2, 3]);
  const original = graph("same", { y: add(x, x) });
  assert.equal(forCoreMl(original).outputs.y, original.outputs.y);
});
