// What the fuzzer found, as it printed it.

import assert from "node:assert/strict";
import { compareCase, div, graph, input, interpret } from "../../../lib/graph/mod.ts";
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
