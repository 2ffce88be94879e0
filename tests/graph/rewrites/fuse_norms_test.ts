// RMSNorm as one operator: the same numbers, on the CPU in half precision too; what is read elsewhere, or is no norm, stays.

import assert from "node:assert/strict";
import {
  add,
  bindDimensions,
  constant,
  div,
  forWebGpu,
  fuseNorms,
  gradients,
  graph,
  input,
  interpret,
  mul,
  reduceMean,
  reduceSum,
  sqrt,
  type Tensor,
  toFloat16,
  topologicalOrder,
} from "lib/graph/mod.ts";
import { model, rmsNorm, tensor } from "lib/nn/mod.ts";
import { compile } from "lib/runtime/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { typesOf } from "tests/graph/types_of.ts";

const FUSED = "SimplifiedLayerNormalization";

const float32 = (shape: number[], stream: string) => {
  const noise = random(1, stream);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => noise.normal(0, 1));
  return { dtype: "float32" as const, shape, data };
};
const x = float32([3, 2, 16], "x");
const weights = { weight: float32([16], "weight") };
const plain = model("norm", { inputs: { x: tensor("float32", ["batch", "sequence", 16]) } }, (scope, { x }) => ({
  y: rmsNorm(scope, x, { epsilon: 0.03 }),
})).trace();

Deno.test("fuseNorms makes one operator that computes the same", async () => {
  const fused = fuseNorms(plain);
  assert.deepEqual(typesOf(fused), [FUSED]);
  const expected = interpret(plain, { x, ...weights }).y.data;
  assertAllClose(interpret(fused, { x, ...weights }).y.data, expected, { rtol: 0, atol: 1e-12 });
  const session = await compile(fused, { weights, threads: 1 });
  assertAllClose((await session.run({ x })).y.data as Float32Array, expected, { rtol: 0, atol: 1e-6 });
  await session.release();
});

Deno.test("a fused norm stays whole in half precision", async () => {
  const half = toFloat16({ graph: fuseNorms(plain), weights });
  assert.deepEqual(typesOf(half.graph), ["Cast", FUSED, "Cast"]);
  assert.equal(half.weights.weight.dtype, "float16");
  const session = await compile(half.graph, { weights: half.weights, threads: 1 });
  const expected = interpret(plain, { x, ...weights }).y.data;
  assertAllClose((await session.run({ x })).y.data as Float32Array, expected, { rtol: 0, atol: 0.01 });
  await session.release();
});

Deno.test("a norm whose parts are read elsewhere stays as it is", () => {
  const { y } = plain.outputs;
  const root = topologicalOrder([y]).find(({ type }) => type === "Sqrt")!.outputs[0];
  assert.ok(!typesOf(fuseNorms(graph("two", { y, root }))).includes(FUSED), "its root is an output");
  const fixed = bindDimensions(plain, { batch: 3, sequence: 2 });
  const loss = reduceSum(fixed.outputs.y);
  const step = graph("step", { loss, gradient: gradients(loss, fixed.parameters)[0] });
  assert.ok(!typesOf(forWebGpu(step)).includes(FUSED), "the gradient of the weight reads x / root");
  assert.ok(typesOf(forWebGpu(graph("forward", { loss }))).includes(FUSED), "nothing else does");
});

Deno.test("fuseNorms leaves alone what only looks like a norm", () => {
  const [a, b, weight] = [input("a", "float32", [4, 4]), input("b", "float32", [4, 4]), input("w", "float32", [4])];
  const normOf = ({ squares = mul(a, a), axes = [-1], epsilon = constant(1e-5), weights = weight } = {}) =>
    mul(div(a, sqrt(add(reduceMean(squares, { axes, keepDims: true }), epsilon))), weights);
  const isFused = (y: Tensor) => typesOf(fuseNorms(graph("g", { y }))).includes(FUSED);
  assert.ok(isFused(normOf()));
  assert.ok(!isFused(normOf({ squares: mul(a, b) })), "mean of other products");
  assert.ok(!isFused(normOf({ axes: [0] })), "over columns");
  assert.ok(!isFused(normOf({ epsilon: input("epsilon", "float32", []) })), "an epsilon that is fed");
  assert.ok(!isFused(normOf({ weights: b })), "weights of each row");
});
