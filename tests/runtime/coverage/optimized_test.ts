// ONNX Runtime rewrites a graph before it asks a provider: what comes out of that, with the options of a session on CoreML, is read
// back here and must still consist of operators that the provider takes. The rewriting itself is the same on every platform; in
// float32 only, since the file also has the casts that the CPU needs for float16, after a provider was asked.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  add,
  constant,
  div,
  eliminateCommonSubexpressions,
  encodeOnnx,
  forCoreMl,
  gemm,
  type Graph,
  graph,
  input,
  matMul,
  mul,
  pow,
  reduceMean,
  relu,
  sqrt,
  sub,
  type Weights,
} from "lib/graph/mod.ts";
import { coverage, loadOnnxRuntime } from "lib/runtime/mod.ts";
import { readOnnx } from "tests/graph/onnx_nodes.ts";
import { COREML_RULES } from "../../../lib/runtime/coverage/coreml_rules.ts";
import { sessionOptions } from "../../../lib/runtime/node_session.ts";
import { MODELS, weightsOf } from "./shipped_models.ts";

const TAKEN = new Set(COREML_RULES.flatMap(({ operators }) => operators));
/** Inputs that have to be constant, where ONNX Runtime could make them computed. */
const CONSTANT_INPUTS: Record<string, number[]> = { Gemm: [1, 2], LayerNormalization: [1, 2] };

/** Nodes that the provider would refuse after ONNX Runtime's first optimizations. */
async function refusedAfter(source: Graph, weights: Weights = {}): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-test-"));
  const optimizedModelFilePath = join(folder, "optimized.onnx");
  try {
    const ort = await loadOnnxRuntime();
    const bytes = Object.fromEntries(
      Object.entries(weights).map(([name, { data }]) => [name, new Uint8Array(data.buffer as ArrayBuffer)]),
    );
    const { extra } = sessionOptions({ provider: "coreml", threads: 1, config: {} });
    const session = await ort.InferenceSession.create(encodeOnnx(source, { weights: bytes }), {
      ...{ executionProviders: ["cpu"], graphOptimizationLevel: "basic", optimizedModelFilePath, extra },
    });
    await session.release();
    const { nodes, stored } = readOnnx(readFileSync(optimizedModelFilePath));
    return nodes.flatMap(({ opType, name, inputs }) => {
      if (!TAKEN.has(opType)) return [`${name}: ${opType}`];
      const computed = (CONSTANT_INPUTS[opType] ?? []).filter((i) => inputs[i] && !stored.has(inputs[i]));
      return computed.map((i) => `${name}: input ${i} of ${opType} is computed`);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [name, build] of Object.entries(MODELS)) {
  Deno.test(`${name} in fp32 is still covered after ONNX Runtime's own optimizations`, async () => {
    const written = forCoreMl(eliminateCommonSubexpressions(build()));
    const weights = weightsOf(written);
    assert.deepEqual(await refusedAfter(written, weights), []);
  });
}

const x = input("x", "float32", [4, 6]);
const square = relu(input("w", "float32", [6, 6]));
const row = constant([1, 2, 3, 4, 5, 6]);
const mean = reduceMean(x, { axes: [-1], keepDims: true });
const deviation = sub(x, mean);
const variance = reduceMean(pow(deviation, 2), { axes: [-1], keepDims: true });

/** What ONNX Runtime would fuse into nodes that the provider refuses. */
const FUSED = {
  "a product of computed matrices with a bias": add(matMul(x, square), row),
  "a Gemm of computed matrices, rewritten": gemm(x, square, row),
  "a normalisation by hand with a computed scale": mul(
    div(deviation, sqrt(add(variance, 1e-5))),
    relu(input("s", "float32", [6])),
  ),
};

for (const [name, y] of Object.entries(FUSED)) {
  Deno.test(`${name} stays as it is taken`, async () => {
    const written = forCoreMl(graph("fused", { y }));
    assert.equal(coverage(written, "coreml-mlprogram").refused, 0);
    assert.deepEqual(await refusedAfter(written), []);
  });
}
