// Gradient checkpointing: the same bits, less memory, and nothing that ONNX Runtime undoes.

import assert from "node:assert/strict";
import {
  add,
  elementCount,
  explain,
  foldConstants,
  gradients,
  graph,
  input,
  interpret,
  mul,
  parameter,
  reduceSum,
  relu,
  serializeGraph,
  type Tensor,
  topologicalOrder,
} from "lib/graph/mod.ts";
import { initialValues } from "lib/nn/mod.ts";
import { projectPath, startChild } from "lib/process/mod.ts";
import { compile } from "lib/runtime/mod.ts";
import { deepGradients, deepLoss } from "./deep_model.ts";

const SMALL = { layers: 6, width: 8, batch: 5 };

function feedsOf(segments: number) {
  const whole = deepGradients(SMALL, segments);
  const x = Float32Array.from({ length: SMALL.batch * SMALL.width }, (_, i) => Math.sin(i));
  const values = [
    ["x", { dtype: "float32" as const, shape: [SMALL.batch, SMALL.width], data: x }] as const,
    ...whole.parameters.map((leaf) =>
      [
        leaf.source.name,
        { dtype: "float32" as const, shape: leaf.shape as number[], data: initialValues(leaf, 1) },
      ] as const
    ),
  ];
  return { whole, feeds: Object.fromEntries(values) };
}

Deno.test("recomputed gradients are the same bits, in the interpreter and in ONNX Runtime", async () => {
  const { whole: plain, feeds } = feedsOf(1);
  const expected = interpret(plain, feeds);
  const session = await compile(plain, { threads: 1 });
  const executed = await session.run(feeds);
  await session.release();
  for (const segments of [2, 3, 6, 50]) {
    const { whole } = feedsOf(segments);
    assert.deepEqual(interpret(whole, feeds), expected);
    assert.deepEqual(interpret(foldConstants(whole), feeds), expected);
    const recomputing = await compile(whole, { threads: 1 });
    try {
      const results = await recomputing.run(feeds);
      for (const [name, { data }] of Object.entries(executed)) assert.deepEqual(results[name].data, data, name);
    } finally {
      await recomputing.release();
    }
  }
});

Deno.test("a gradient that is not finite passes through, instead of spreading by the barrier", () => {
  const { whole, feeds } = feedsOf(3);
  const infinite = {
    ...feeds,
    "layer5.downBias": { ...feeds["layer5.downBias"], data: new Float32Array(8).fill(1e300) },
  };
  assert.deepEqual(interpret(whole, infinite), interpret(feedsOf(1).whole, infinite));
});

Deno.test("explain finds the memory that recomputation saves, for more arithmetic", () => {
  const costs = (segments: number) => explain(deepGradients({ layers: 16, width: 32, batch: 4096 }, segments));
  const [plain, four] = [costs(1), costs(4)];
  assert.ok(four.peakActivationBytes < 0.5 * plain.peakActivationBytes, `${four.peakActivationBytes}`);
  assert.ok(four.flops > 1.1 * plain.flops && four.flops < 1.4 * plain.flops, `${four.flops / plain.flops}`);
});

Deno.test("ONNX Runtime's memory falls by what explain says: its optimizer undoes nothing", async () => {
  const measure = async (segments: number) => {
    const messages: { growthBytes: number; loss: number }[] = [];
    const { stderrTail } = await startChild({
      module: projectPath("tests", "graph", "children", "measures_gradients.ts"),
      args: [String(segments)],
      denoFlags: ["--v8-flags=--expose-gc"],
      deadlineMs: 120_000,
      onMessage: (message) => void messages.push(message as { growthBytes: number; loss: number }),
    }).result;
    assert.equal(messages.length, 1, stderrTail);
    return messages[0];
  };
  const [plain, four] = [await measure(1), await measure(4)];
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  console.log(`kept ${mib(plain.growthBytes)}, recomputed in four segments ${mib(four.growthBytes)}`);
  assert.equal(four.loss, plain.loss);
  assert.ok(four.growthBytes < 0.6 * plain.growthBytes, `${mib(four.growthBytes)} of ${mib(plain.growthBytes)}`);
});

Deno.test("recomputation refuses wrong numbers of segments and open dimensions; one segment is plain", () => {
  const x = input("x", "float32", [4]);
  const loss = reduceSum(mul(relu(x), x));
  for (const segments of [0, -1, 1.5, NaN]) {
    assert.throws(
      () => gradients(loss, [x], { segments }),
      /^RangeError: Cannot recompute: expected an integer of at least 1/,
    );
  }
  const open = deepLoss({ ...SMALL, batch: "batch" });
  assert.throws(
    () => gradients(open.outputs.loss, open.parameters, { segments: 2 }),
    /Cannot recompute: .*fix "batch"/,
  );
  const json = (segments: number) =>
    JSON.stringify(serializeGraph(graph("g", { dx: gradients(loss, [x], { segments })[0] })));
  assert.equal(json(1), JSON.stringify(serializeGraph(graph("g", { dx: gradients(loss, [x])[0] }))));
  const [dx] = gradients(loss, [x], { segments: 2 });
  assert.ok(topologicalOrder([dx]).length > 0 && elementCount(dx.shape as number[]) === 4);
});

Deno.test("recomputation looks once at what is computed from parameters alone, however often it is used", () => {
  const x = input("x", "float32", [1]);
  let w: Tensor = parameter("w", [1], { initializer: { kind: "constant", value: 1 } });
  for (let i = 0; i < 60; i++) w = add(w, w); // 2^60 ways from the last to the first
  const [dx] = gradients(reduceSum(mul(x, w)), [x], { segments: 2 });
  assert.deepEqual(dx.shape, [1]);
});
