// Runs with WebGPU in its environment: placement and support of a graph that WebGPU takes, and of one that it takes in part.

import assert from "node:assert/strict";
import { graph, input, matMul, parameter, quantizeDynamicInt8, relu } from "lib/graph/mod.ts";
import { placement, providerSupports } from "lib/runtime/mod.ts";

const x = input("x", "float32", [2, 4]);
const weight = parameter("w", [4, 4], { initializer: { kind: "constant", value: 0 } });
const feeds = { x: { dtype: "float32" as const, shape: [2, 4], data: new Float32Array(8).fill(1) } };
const weights = { w: { dtype: "float32" as const, shape: [4, 4], data: new Float32Array(16).fill(0.5) } };
const dense = { graph: graph("dense", { y: relu(matMul(x, weight)) }), weights };

const whole = await placement(dense.graph, feeds, { provider: "webgpu", weights });
assert.equal(whole.whole, true);
assert.ok(whole.counts.webgpu >= 2);

const int8 = quantizeDynamicInt8(dense);
const mixed = await placement(int8.graph, feeds, { provider: "webgpu", weights: int8.weights });
assert.equal(mixed.whole, false);
assert.ok(mixed.nodes.some(({ operator, provider }) => operator === "MatMulInteger" && provider === "cpu"));

assert.deepEqual(await providerSupports(int8.graph, "webgpu", { weights: int8.weights }), {
  provider: "webgpu",
  runs: "partly",
  reason: "left to the CPU: DynamicQuantizeLinear, MatMulInteger",
  basis: "tried",
});
