// Operators that fuse others: the numbers before and after, in the interpreter and in ONNX Runtime, and what is left alone.

import assert from "node:assert/strict";
import {
  bindDimensions,
  deserializeGraph,
  explain,
  fuseAttention,
  fuseLstm,
  type Graph,
  interpret,
  matMul,
  mul,
  quantizeDynamicInt8,
  reshape,
  serializeGraph,
  softmax,
  transpose,
  type WeightedGraph,
} from "lib/graph/mod.ts";
import { forecaster, type ForecasterConfig } from "lib/models/forecaster.ts";
import {
  gruCell,
  initialValues,
  linear,
  lstmCell,
  model,
  multiHeadAttention,
  scanSequence,
  type Scope,
  tensor,
} from "lib/nn/mod.ts";
import type { Tensor } from "lib/graph/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { typesOf } from "tests/graph/types_of.ts";
import { relativeError, runOnnx } from "./random_dense.ts";

const CONFIG: ForecasterConfig = { features: 3, context: 7, horizon: 2, hiddenDim: 16, feedForwardDim: 24, heads: 4 };
const ROWS = 3;

function weighted(graph: Graph): WeightedGraph {
  const weights = graph.parameters.map((leaf) =>
    [leaf.source.name, {
      dtype: "float32" as const,
      shape: leaf.shape as number[],
      data: initialValues(leaf, 1).map((value) => 2 * value),
    }] as const
  );
  return { graph, weights: Object.fromEntries(weights) };
}

const traced = (shape: readonly (string | number)[], layer: (scope: Scope, x: Tensor) => Tensor) =>
  weighted(
    model("m", { inputs: { x: tensor("float32", shape) } }, (scope, { x }) => ({ output: layer(scope, x) })).trace(),
  );

const countOf = (graph: Graph, type: string) => typesOf(graph).filter((other) => other === type).length;

const series = (rows: number) => {
  const { context, features } = CONFIG;
  const shape = [rows, context, features];
  return {
    dtype: "float32" as const,
    shape,
    data: random("series").fillNormal(new Float32Array(rows * context * features), 0, 1),
  };
};

function interpreted({ graph, weights }: WeightedGraph, x: ReturnType<typeof series>): Float64Array {
  const values = Object.entries(weights).map(([name, { data }]) => [name, { data: data as Float32Array }] as const);
  return interpret(graph, { ...Object.fromEntries(values), x }).output.data;
}

async function assertSame(before: WeightedGraph, after: WeightedGraph): Promise<void> {
  const x = series(ROWS);
  const expected = interpreted(before, x);
  const copied = { ...after, graph: deserializeGraph(JSON.parse(JSON.stringify(serializeGraph(after.graph)))) };
  assertAllClose(interpreted(copied, x), expected, { rtol: 1e-9, atol: 1e-12 });
  const { output } = await runOnnx(after.graph, after.weights, { x });
  assert.ok(relativeError(output, expected) < 1e-5);
}

Deno.test("fuseLstm puts one operator in the place of a layer's steps, for any batch", async () => {
  const before = weighted(forecaster(CONFIG).trace());
  const after = fuseLstm(before);
  assert.equal(countOf(after.graph, "LSTM"), 2);
  assert.ok(typesOf(after.graph).length < typesOf(before.graph).length - 2 * 10 * CONFIG.context);
  assert.deepEqual(after.graph.inputs.x.shape, ["batch", 7, 3]);
  await assertSame(before, after);
});

Deno.test("fuseLstm leaves other cells, given states and parts of a sequence as they are", () => {
  const shape = ["batch", 4, 3];
  const unlike: [string, (scope: Scope, x: Tensor) => Tensor][] = [
    ["a GRU", (scope, x) => scanSequence(x, gruCell(scope, 3, 5)).outputs],
    ["given states", (scope, x) => {
      const first = linear(scope.child("first"), scanSequence(x, gruCell(scope.child("gru"), 3, 5)).states[0], 5);
      return scanSequence(x, lstmCell(scope, 3, 5), { initial: [first, first] }).outputs;
    }],
    ["the last state alone", (scope, x) => scanSequence(x, lstmCell(scope, 3, 5)).states[0]],
  ];
  for (const [name, layer] of unlike) {
    const before = traced(shape, layer);
    assert.deepEqual(typesOf(fuseLstm(before).graph), typesOf(before.graph), name);
  }
});

Deno.test("fuseAttention puts one operator in the place of attention without a mask", async () => {
  const before = weighted(forecaster(CONFIG).trace());
  const after = { ...before, graph: fuseAttention(before.graph) };
  assert.deepEqual([countOf(after.graph, "MultiHeadAttention"), countOf(after.graph, "Softmax")], [1, 0]);
  await assertSame(before, after);
  const itself = traced(
    ["batch", 7, 3],
    (scope, x) => multiHeadAttention(scope.child("attention"), linear(scope.child("up"), x, 8), { heads: 2 }),
  );
  const fused = { ...itself, graph: fuseAttention(itself.graph) };
  assert.equal(countOf(fused.graph, "MultiHeadAttention"), 1);
  await assertSame(itself, fused);
  const masked = model("masked", {
    inputs: { x: tensor("float32", ["batch", 7, 8]), mask: tensor("float32", ["batch", 7]) },
  }, (scope, { x, mask }) => ({ output: multiHeadAttention(scope, x, { heads: 2, mask }) })).trace();
  assert.deepEqual(typesOf(fuseAttention(masked)), typesOf(masked));
});

Deno.test("fuseAttention leaves attention whose result or heads have another shape as it is", async () => {
  const inHeads = (x: Tensor, heads: number, order: readonly number[]) =>
    transpose(reshape(x, [x.shape[0], x.shape[1], heads, Number(x.shape[2]) / heads]), order);
  const attention = (keyHeads: number, shape: readonly (string | number)[]) =>
    traced(["batch", 7, 3], (scope, x) => {
      const project = (name: string, width: number) => linear(scope.child(name), x, width);
      const queries = mul(inHeads(project("query", 8), 2, [0, 2, 1, 3]), 0.5);
      const probabilities = softmax(matMul(queries, inHeads(project("key", 4 * keyHeads), keyHeads, [0, 2, 3, 1])));
      const mixed = matMul(probabilities, inHeads(project("value", 4 * keyHeads), keyHeads, [0, 2, 1, 3]));
      return reshape(transpose(mixed, [0, 2, 1, 3]), shape);
    });
  for (
    const [name, before] of [
      ["all positions in a row", attention(2, ["batch", 56])],
      ["keys and values that heads share", attention(1, ["batch", 7, 8])],
    ] as const
  ) {
    const after = { ...before, graph: fuseAttention(before.graph) };
    assert.equal(countOf(after.graph, "MultiHeadAttention"), 0, name);
    await assertSame(before, after);
  }
  assert.equal(countOf(fuseAttention(attention(2, ["batch", 7, 8]).graph), "MultiHeadAttention"), 1);
});

Deno.test("explain counts the arithmetic of what a fused operator stands for", () => {
  const fixed = (graph: Graph) => explain(bindDimensions(graph, { batch: 2 })).flops;
  const before = weighted(forecaster(CONFIG).trace());
  const fused = fixed(fuseAttention(fuseLstm(before).graph));
  assert.ok(Math.abs(fused / fixed(before.graph) - 1) < 0.05, `${fused / fixed(before.graph)}`);
});

Deno.test("quantizeDynamicInt8 takes fused layers, with a quarter of the bytes", async () => {
  const wide = { ...CONFIG, hiddenDim: 64, feedForwardDim: 96 };
  const before = weighted(forecaster(wide).trace());
  const after = quantizeDynamicInt8(fuseLstm(before));
  assert.deepEqual([countOf(after.graph, "DynamicQuantizeLSTM"), countOf(after.graph, "LSTM")], [2, 0]);
  const bytes = ({ weights }: WeightedGraph) =>
    Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0);
  assert.ok(bytes(after) < 0.29 * bytes(before), `${bytes(after) / bytes(before)}`);
  for (const rows of [1, ROWS]) {
    const x = series(rows);
    const expected = interpreted(before, x);
    const { output } = await runOnnx(after.graph, after.weights, { x });
    assert.ok(relativeError(output, expected) < 0.03, `${rows} rows: ${relativeError(output, expected)}`);
    const steps = rows === 1 ? relativeError(output, interpreted(after, x)) : 0;
    assert.ok(steps < 5e-3, `against the interpreter: ${steps}`);
  }
  const some = quantizeDynamicInt8(fuseLstm(before), { select: (name) => !name.startsWith("recurrent.0") });
  assert.deepEqual([countOf(some.graph, "DynamicQuantizeLSTM"), countOf(some.graph, "LSTM")], [1, 1]);
});
