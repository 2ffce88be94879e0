// Levels of the graph optimizer, and models stored as it leaves them.

import assert from "node:assert/strict";
import { add, graph, input, matMul, parameter, readModelFile, relu } from "lib/graph/mod.ts";
import { compile, type CompileOptions, loadOnnxRuntime, OPTIMIZATION_LEVELS, optimizedModel } from "lib/runtime/mod.ts";

const named = (name: string, shape: number[]) =>
  parameter(name, shape, { initializer: { kind: "constant", value: 0 } });
const layer = graph("layer", {
  y: relu(add(matMul(input("x", "float32", ["batch", 3]), named("w", [3, 2])), named("b", [2]))),
});
const float32 = (shape: number[], data: number[]) =>
  ({ dtype: "float32", shape, data: Float32Array.from(data) }) as const;
const weights = { w: float32([3, 2], [1, -2, 3, -4, 5, -6]), b: float32([2], [0.5, 100]) };
const x = float32([2, 3], [1, 2, 3, -1, 0, 1]);
const EXPECTED = [22.5, 72, 4.5, 96];

for (const binding of ["auto", "node"] as const) {
  Deno.test(`every optimization level gives the same numbers (${binding})`, async () => {
    for (const optimization of OPTIMIZATION_LEVELS) {
      const session = await compile(layer, { weights, optimization, binding, threads: 1 });
      try {
        assert.deepEqual([...(await session.run({ x })).y.data], EXPECTED, optimization);
      } finally {
        await session.release();
      }
    }
  });
}

Deno.test("optimizedModel stores the nodes of its level, which run without optimizing again", async () => {
  const operators = async (optimization: CompileOptions["optimization"]) =>
    readModelFile(await optimizedModel(layer, { weights, optimization }), "layer").operators;
  assert.deepEqual(await operators("disabled"), { MatMul: 1, Add: 1, Relu: 1 });
  assert.deepEqual(Object.keys(await operators("all")), ["FusedGemm"]);
  const stored = await optimizedModel(layer, { weights });
  const ort = await loadOnnxRuntime();
  const session = await ort.InferenceSession.create(stored, { graphOptimizationLevel: "disabled" });
  const { y } = await session.run({ x: new ort.Tensor("float32", x.data, x.shape) });
  assert.deepEqual([...y.data as Float32Array], EXPECTED);
  await session.release();
  assert.deepEqual(await optimizedModel(layer, { weights }), stored, "the same bytes again");
});

Deno.test("an unknown optimization level is refused", async () => {
  const optimization = "most" as "all";
  await assert.rejects(
    compile(layer, { optimization }),
    /expected optimization disabled, basic, extended, all, got "most"/,
  );
});
