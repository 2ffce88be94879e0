// Every shipped model runs on CoreML whole: all nodes taken, in one part, or the exceptions below.

import assert from "node:assert/strict";
import {
  bindDimensions,
  eliminateCommonSubexpressions,
  forCoreMl,
  type Graph,
  interpret,
  toFloat16,
  type Weights,
} from "lib/graph/mod.ts";
import { lnStages, lnStudent } from "lib/models/ln.ts";
import { linearAutoencoder } from "lib/models/linear_autoencoder.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { minilm } from "lib/models/minilm.ts";
import { pcaStudent } from "lib/models/pca_student.ts";
import { coverage } from "lib/runtime/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

/** Node types that stay on the CPU, by model, with the reason. Empty: there is none. */
const EXCEPTIONS: Record<string, Record<string, string>> = {};

const components = { shape: [4, 8], data: Float32Array.from({ length: 32 }, (_, i) => Number(i % 9 === 0)) };
const mean = { shape: [8], data: new Float32Array(8) };
const SMALL_ENCODER = {
  ...{ vocabularySize: 50, hiddenDim: 24, layers: 2, heads: 3 },
  ...{ intermediateDim: 48, maxPositions: 16, tokenTypes: 2 },
};

/** Small sizes: which operators there are does not depend on them. */
const MODELS: Record<string, () => Graph> = {
  lnsp: () => bindDimensions(lnspStudent({ studentDim: 16, inputDim: 8, latentDim: 4 }).trace(), { batch: 3 }),
  "linear autoencoder": () => bindDimensions(linearAutoencoder({ inputDim: 8, latentDim: 4 }).trace(), { batch: 3 }),
  ln: () => bindDimensions(lnStudent({ inputDim: 8, latentDim: 6 }).trace(), { batch: 3 }),
  "ln, two stages": () => bindDimensions(lnStages({ stages: 2, inputDim: 8, latentDim: 6 }).trace(), { batch: 3 }),
  "pca student": () => bindDimensions(pcaStudent({ components, mean }).trace(), { batch: 3 }),
  "pca student with a hidden layer": () =>
    bindDimensions(pcaStudent({ components, mean, hiddenDim: 5 }).trace(), { batch: 3 }),
  minilm: () => bindDimensions(minilm(SMALL_ENCODER).trace(), { batch: 3, sequence: 8 }),
};

function weightsOf({ parameters }: Graph): Record<string, Weights[string]> {
  const stream = random(1, "coverage");
  return Object.fromEntries(parameters.map(({ source, shape }) => {
    const sizes = shape as readonly number[];
    const data = Float32Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, () => 0.3 * stream.normal());
    return [source.name, { dtype: "float32" as const, shape: sizes, data }];
  }));
}

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
