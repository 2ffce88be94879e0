import assert from "node:assert/strict";
import { add, graph, input, matMul, relu } from "lib/graph/mod.ts";
import { profile } from "lib/runtime/mod.ts";
import { profileOf } from "lib/runtime/profile.ts";

const event = (node: string, operator: string, dur: number) => ({
  cat: "Node",
  name: `${node}_kernel_time`,
  dur,
  args: { op_name: operator },
});

Deno.test("profileOf gives means of the runs after the warm-up, by operator and falling time", () => {
  const run = (
    a: number,
    b: number,
    c: number,
  ) => [event("a", "MatMul", a), event("b", "Relu", b), event("c", "MatMul", c)];
  const others = [{ cat: "Session", name: "model_run", dur: 999 }, { cat: "Node", name: "a_fence_before", dur: 7 }];
  const events = [...run(900, 900, 900), ...others, ...run(10, 30, 5), ...run(20, 50, 5)];
  assert.deepEqual(profileOf(events, { runs: 2, warmUps: 1 }), {
    operators: [
      { operator: "Relu", nodes: 1, microseconds: 40, share: 40 / 60 },
      { operator: "MatMul", nodes: 2, microseconds: 20, share: 20 / 60 },
    ],
    microseconds: 60,
    nodes: 3,
    runs: 2,
  });
});

Deno.test("profile sees the nodes that run, as the optimizer leaves them", async () => {
  const [a, b] = [input("a", "float32", [200, 300]), input("b", "float32", [300, 100])];
  const layer = graph("layer", { y: relu(add(matMul(a, b), input("c", "float32", [100]))) });
  const float32 = (shape: number[]) =>
    ({ dtype: "float32", shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) }) as const;
  const feeds = { a: float32([200, 300]), b: float32([300, 100]), c: float32([100]) };
  const fused = await profile(layer, feeds, { threads: 1 });
  assert.deepEqual(fused.operators.map(({ operator, nodes }) => [operator, nodes]), [["FusedGemm", 1]]);
  assert.ok(fused.microseconds > 0 && fused.operators[0].share === 1);
  const plain = await profile(layer, feeds, { threads: 1, optimization: "disabled", runs: 2, warmUps: 0 });
  assert.deepEqual(plain.operators.map(({ operator }) => operator).sort(), ["Add", "MatMul", "Relu"]);
});

Deno.test("profile refuses runs that are no count", async () => {
  const y = graph("g", { y: relu(input("x", "float32", [1])) });
  await assert.rejects(profile(y, {}, { runs: 0 }), /^RangeError: Cannot profile: expected integers .* got 0 and 3/);
});
