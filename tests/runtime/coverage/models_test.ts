// Every shipped model runs on CoreML whole: all nodes taken, in one part, or the exceptions below.

import assert from "node:assert/strict";
import { eliminateCommonSubexpressions, forCoreMl, interpret, toFloat16 } from "lib/graph/mod.ts";
import { coverage } from "lib/runtime/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { MODELS, weightsOf } from "./shipped_models.ts";

/** Node types that stay on the CPU, by model, with the reason. Empty: there is none. */
const EXCEPTIONS: Record<string, Record<string, string>> = {};

for (const [name, build] of Object.entries(MODELS)) {
  for (const dtype of ["fp32", "fp16"]) {
    Deno.test(`${name} in ${dtype} is covered by CoreML, in one part`, () => {
      const original = build();
      const written = forCoreMl(eliminateCommonSubexpressions(original));
      const graph = dtype === "fp32" ? written : toFloat16({ graph: written, weights: weightsOf(written) }).graph;
      const { nodes, partitions, warnings } = coverage(graph, "coreml-mlprogram");
      const refused = nodes.filter(({ verdict, type }) => verdict === "refused" && !EXCEPTIONS[name]?.[type]);
      assert.deepEqual(refused, []);
      assert.ok(nodes.some(({ verdict }) => verdict === "taken"));
      if (!EXCEPTIONS[name]) assert.equal(partitions, 1);
      assert.deepEqual(warnings, []);
    });
  }
}

Deno.test("the encoder as CoreML takes it gives the numbers of the encoder as it is written", () => {
  const original = MODELS.minilm();
  const written = forCoreMl(eliminateCommonSubexpressions(original));
  const ids = { data: Array.from({ length: 24 }, (_, i) => (i * 7) % 50), shape: [3, 8] };
  const mask = { data: Array.from({ length: 24 }, (_, i) => Number(i % 8 < 3 + Math.floor(i / 8))), shape: [3, 8] };
  const feeds = { ...weightsOf(original), ids, mask };
  assertAllClose(interpret(written, feeds).embedding.data, interpret(original, feeds).embedding.data, { atol: 1e-12 });
});

Deno.test("without the rewrite, the encoder's mask and positions are what CoreML refuses", () => {
  const { nodes } = coverage(MODELS.minilm(), "coreml-mlprogram");
  const refused = new Set(nodes.filter(({ verdict }) => verdict === "refused").map(({ type }) => type));
  assert.deepEqual([...refused].sort(), ["CumSum", "Equal", "Greater", "Unsqueeze"]);
});
