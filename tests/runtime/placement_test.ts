// Effective placement: read off ONNX Runtime's profile, on the CPU here and on WebGPU in a child process.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { abs, erf, graph, input, matMul, mul, parameter, quantizeDynamicInt8, relu } from "lib/graph/mod.ts";
import { availableProviders, placement, providerSupports } from "lib/runtime/mod.ts";
import { placementOf } from "../../lib/runtime/placement.ts";
import { webgpuTest } from "tests/webgpu_environment.ts";

const x = input("x", "float32", [2, 4]);
const weight = parameter("w", [4, 4], { initializer: { kind: "constant", value: 0 } });
const values = { x: { dtype: "float32" as const, shape: [2, 4], data: new Float32Array(8).fill(1) } };
const weights = { w: { dtype: "float32" as const, shape: [4, 4], data: new Float32Array(16).fill(0.5) } };

Deno.test("placement on the CPU has each node with its operator", async () => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith("latent-lab-placement-"));
  const result = await placement(graph("g", { y: abs(mul(x, 2)) }), values);
  assert.deepEqual(result.nodes, [
    { node: "Mul_0", operator: "Mul", provider: "cpu" },
    { node: "Abs_1", operator: "Abs", provider: "cpu" },
  ]);
  assert.deepEqual([result.counts, result.copies, result.whole], [{ cpu: 2 }, 0, true]);
  assert.deepEqual(readdirSync(tmpdir()).filter((name) => name.startsWith("latent-lab-placement-")), before);
});

webgpuTest("placement on WebGPU names the nodes that were left to the CPU", {
  module: "tests/runtime/children/webgpu_placement.ts",
});

Deno.test("placement of a graph that fell back says so, copies counted apart", () => {
  const event = (name: string, op_name: string, provider: string) => ({
    cat: "Node",
    name: `${name}_kernel_time`,
    args: { op_name, provider },
  });
  const events = [
    { cat: "Session", name: "model_run" },
    event("CoreML_12_0", "CoreML_12_0", "CoreMLExecutionProvider"),
    event("Memcpy_1", "MemcpyToHost", "CoreMLExecutionProvider"),
    event("Abs_3", "Abs", "CPUExecutionProvider"),
    event("Abs_3", "Abs", "CPUExecutionProvider"),
    event("X_4", "X", "SomeExecutionProvider"),
  ];
  const { counts, copies, whole, nodes } = placementOf(events, "coreml");
  assert.deepEqual([counts, copies, whole], [{ coreml: 2, cpu: 1, SomeExecutionProvider: 1 }, 1, false]);
  assert.deepEqual(nodes[2], { node: "Abs_3", operator: "Abs", provider: "cpu" });
});

Deno.test("placement on a provider that is not installed is refused", async () => {
  const missing = (await availableProviders()).includes("coreml") ? "cuda" as "cpu" : "coreml";
  await assert.rejects(placement(graph("g", { y: relu(x) }), values, { provider: missing }), /Cannot use the provider/);
});

const dense = { graph: graph("dense", { y: relu(matMul(x, weight)) }), weights };

Deno.test("an int8 model on CoreML is an answer with its reason, on any machine", async () => {
  const { graph: int8, weights } = quantizeDynamicInt8(dense);
  assert.deepEqual(await providerSupports(int8, "coreml", { weights }), {
    provider: "coreml",
    runs: "not",
    reason: "CoreML has no op builder for DynamicQuantizeLinear, MatMulInteger: the model would run on the CPU",
    basis: "known",
  });
  assert.deepEqual(await providerSupports(int8, "cpu", { weights }), {
    provider: "cpu",
    runs: "whole",
    reason: null,
    basis: "tried",
  });
});

Deno.test("a provider that is not installed is an answer, with what CoreML would take", async () => {
  const support = await providerSupports(dense.graph, "coreml", { weights });
  if ((await availableProviders()).includes("coreml")) {
    assert.deepEqual([support.runs, support.basis], ["whole", "tried"]);
  } else {
    assert.match(support.reason!, /^ONNX Runtime on \S+ \S+ has .*cpu.*; predicted of a Mac: 2 of 2 nodes in 1 part$/);
  }
});

Deno.test("a graph that ONNX Runtime cannot run is an answer with what it says", async () => {
  const { runs, reason } = await providerSupports(graph("g", { y: relu(input("d", "float16", [2])) }), "cpu");
  assert.deepEqual([runs, reason === null], ["whole", true]);
  const wide = await providerSupports(graph("g", { y: erf(input("d", "float64", [2])) }), "cpu");
  assert.equal(wide.runs, "not");
  assert.match(wide.reason!, /implementation/i);
});

Deno.test("a graph with a named dimension cannot be tried", async () => {
  const named = graph("g", { y: relu(input("x", "float32", ["batch", 4])) });
  await assert.rejects(providerSupports(named, "cpu"), /^RangeError: Input x: expected a shape without names/);
});
