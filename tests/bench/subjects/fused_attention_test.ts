// The fused operator computes what plain operators compute: the same inputs, the float64 interpreter as judge.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { withFusedAttention } from "lib/bench/subjects/fused_attention.ts";
import { plainAttention } from "lib/bench/subjects/tensor_ops.ts";
import { interpret } from "lib/graph/mod.ts";
import { loadOnnxRuntime } from "lib/runtime/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "../../assertions.ts";

Deno.test("fused attention agrees with plain operators in float64", async () => {
  const shape = { batch: 2, length: 5, width: 12, heads: 3 };
  const size = shape.batch * shape.length * shape.width;
  const dims = [shape.batch, shape.length, shape.width];
  const values = Object.fromEntries(
    ["query", "key", "value"].map((name) => [name, random(1, name).fillUniform(new Float32Array(size), -2, 2)]),
  );
  const feeds = Object.fromEntries(Object.entries(values).map(([name, data]) => [name, { shape: dims, data }]));
  const { y } = interpret(plainAttention(shape).subject.graph, feeds);
  const ort = await loadOnnxRuntime();
  const fused = await withFusedAttention(shape, async ({ file }) => {
    const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(file)));
    const inputs = Object.entries(values).map(([name, data]) => [name, new ort.Tensor("float32", data, dims)]);
    const results = await session.run(Object.fromEntries(inputs));
    await session.release();
    return results.y;
  });
  assert.deepEqual([...fused.dims], dims);
  assertAllClose(Array.from(fused.data as Float32Array), y.data, { rtol: 1e-5, atol: 1e-5, label: "y" });
});
