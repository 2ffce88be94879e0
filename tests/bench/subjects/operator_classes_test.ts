// Classes of operators: every name of a profile is in one, and the shares are of the whole.

import assert from "node:assert/strict";
import { OPERATOR_CLASSES, timeByClass } from "lib/bench/subjects/operator_classes.ts";
import { graph, input, matMul, parameter, quantizeDynamicInt8, tanh } from "lib/graph/mod.ts";
import { profile } from "lib/runtime/mod.ts";

Deno.test("timeByClass adds up times and nodes, whatever the operators are called", () => {
  const operators = [
    { operator: "MatMulIntegerToFloat", nodes: 3, microseconds: 50, share: 0.5 },
    { operator: "DynamicQuantizeLinear", nodes: 3, microseconds: 20, share: 0.2 },
    { operator: "SomethingNew", nodes: 1, microseconds: 20, share: 0.2 },
    { operator: "Gemm", nodes: 1, microseconds: 10, share: 0.1 },
  ];
  const times = timeByClass({ operators, microseconds: 100, nodes: 8, runs: 2 });
  assert.deepEqual(Object.keys(times), [...OPERATOR_CLASSES]);
  assert.deepEqual(times.products, { nodes: 4, microseconds: 60, share: 0.6 });
  assert.deepEqual(times["recurrent layers"], { nodes: 0, microseconds: 0, share: 0 });
  assert.deepEqual(times["to and from bytes"].share, 0.2);
  assert.deepEqual(times["everything else"].nodes, 1);
  assert.equal(timeByClass({ operators: [], microseconds: 0, nodes: 0, runs: 1 }).products.share, 0);
});

Deno.test("the names are ONNX Runtime's: a quantized product is found in its profile", async () => {
  const w = parameter("w", [8, 4], { initializer: { kind: "constant", value: 0 } });
  const x = input("x", "float32", [2, 8]);
  const values = { dtype: "float32" as const, shape: [8, 4], data: Float32Array.from({ length: 32 }, (_, i) => i) };
  const form = quantizeDynamicInt8({ graph: graph("g", { y: tanh(matMul(x, w)) }), weights: { w: values } });
  const feeds = { x: { dtype: "float32" as const, shape: [2, 8], data: new Float32Array(16).fill(0.5) } };
  const times = timeByClass(await profile(form.graph, feeds, { weights: form.weights, runs: 2, warmUps: 1 }));
  assert.ok(times.products.nodes >= 1 && times["to and from bytes"].nodes >= 0 && times["everything else"].nodes >= 1);
  const total = OPERATOR_CLASSES.reduce((sum, name) => sum + times[name].share, 0);
  assert.ok(Math.abs(total - 1) < 1e-9, `${total}`);
});
