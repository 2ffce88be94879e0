// RMSNorm in the words that ONNX Runtime fuses: the same numbers, one operator in the optimized model, everything else as it was.

import assert from "node:assert/strict";
import {
  fusableNorms,
  graph,
  input,
  interpret,
  mul,
  readModelFile,
  reduceMean,
  topologicalOrder,
} from "lib/graph/mod.ts";
import { model, rmsNorm, tensor } from "lib/nn/mod.ts";
import { compile, optimizedModel } from "lib/runtime/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

const float32 = (shape: number[], stream: string) => {
  const noise = random(1, stream);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => noise.normal(0, 1));
  return { dtype: "float32" as const, shape, data };
};
const x = float32([3, 2, 16], "x");
const weights = { weight: float32([16], "weight") };
const plain = model("norm", { inputs: { x: tensor("float32", ["batch", "sequence", 16]) } }, (scope, { x }) => ({
  y: rmsNorm(scope, x),
})).trace();

Deno.test("fusableNorms computes the same, and ONNX Runtime makes one operator of it", async () => {
  const fusable = fusableNorms(plain);
  const expected = interpret(plain, { x, ...weights }).y.data;
  assertAllClose(interpret(fusable, { x, ...weights }).y.data, expected, { rtol: 0, atol: 1e-12 });
  const session = await compile(fusable, { weights, threads: 1 });
  assertAllClose((await session.run({ x })).y.data as Float32Array, expected, { rtol: 0, atol: 1e-6 });
  await session.release();
  const operatorsOf = async (program: typeof plain) =>
    Object.keys(readModelFile(await optimizedModel(program, { weights }), "norm").operators);
  assert.deepEqual(await operatorsOf(fusable), ["SimplifiedLayerNormalization"]);
  assert.ok((await operatorsOf(plain)).length > 1, "not needed any more: the product is fused too");
});

Deno.test("fusableNorms leaves means of other products alone", () => {
  const [a, b] = [input("a", "float32", [4]), input("b", "float32", [4])];
  const other = graph("other", { y: reduceMean(mul(a, b)), z: mul(a, a) });
  const types = topologicalOrder(Object.values(fusableNorms(other).outputs)).map(({ type }) => type);
  assert.deepEqual(types.toSorted(), ["Mul", "Mul", "ReduceMean"]);
});
