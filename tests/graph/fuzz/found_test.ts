// What the fuzzer found, as it printed it.

import assert from "node:assert/strict";
import {
  apply,
  compareCase,
  constant,
  div,
  graph,
  input,
  interpret,
  matMul,
  operatorTypes,
} from "../../../lib/graph/mod.ts";
import { fuzzTargets } from "../../../lib/cli/mod.ts";

Deno.test("integers are divided as in ONNX Runtime: what is left over is cut off, towards 0", async () => {
  const [a, b] = [input("a", "int64", [4]), input("b", "int64", [1])];
  const failing = graph("failing", { y0: div(a, b) });
  const feeds = {
    a: { dtype: "int64" as const, shape: [4], data: BigInt64Array.of(5n, -5n, 4n, -1n) },
    b: { dtype: "int64" as const, shape: [1], data: BigInt64Array.of(2n) },
  };
  const numbers = { a: { data: [5, -5, 4, -1] }, b: { data: [2] } };
  assert.deepEqual([...interpret(failing, numbers).y0.data].map((value) => value + 0), [2, -2, 2, 0]);
  assert.equal((await compareCase({ graph: failing, feeds }, fuzzTargets("ort").executors.ort))!.difference, null);
});

Deno.test({
  name: "a product with weights stored as bytes is computed in float32, not with its other side rounded to bytes too",
  ignore: !operatorTypes().includes("DequantizeLinear"),
  fn: async () => {
    const x = input("x", "float32", [1, 2]);
    const weight = constant([22, 36], { dtype: "int8", shape: [2, 1] });
    const [weights] = apply("DequantizeLinear", [weight, constant(1), constant(10, { dtype: "int8" })], { axis: 0 });
    const failing = graph("failing", { y0: matMul(x, weights) });
    const feeds = { x: { dtype: "float32" as const, shape: [1, 2], data: Float32Array.of(1, -0.06) } };
    assert.equal((await compareCase({ graph: failing, feeds }, fuzzTargets("ort").executors.ort))!.difference, null);
  },
});
