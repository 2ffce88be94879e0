import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import { graph, input, interpret, type Parameter, parameter, reduceMean } from "../../lib/graph/mod.ts";
import {
  alignmentLoss,
  cosineLoss,
  crossEntropies,
  crossEntropy,
  fanInUniform,
  initialValues,
  layerNorm,
  linear,
  meanSquaredError,
  model,
  rowCosine,
  tensor,
} from "../../lib/nn/mod.ts";

const A = { data: [3, 4, 0, 1, 0, 0], shape: [2, 3] };
const B = { data: [3, 4, 0, 0, 2, 0], shape: [2, 3] };

function score(build: (a: ReturnType<typeof input>, b: ReturnType<typeof input>) => ReturnType<typeof input>) {
  const [a, b] = ["a", "b"].map((name) => input(name, "float32", ["batch", 3]));
  return interpret(graph("score", { y: build(a, b) }), { a: A, b: B }).y.data;
}

Deno.test("losses have their definitions' values", () => {
  assertAllClose(score(rowCosine), [1, 0], { atol: 1e-9 });
  assertAllClose(score(meanSquaredError), [5 / 6]);
  assertAllClose(score(cosineLoss), [0.5], { atol: 1e-9 });
  assertAllClose(score((a, b) => alignmentLoss(a, b, 0.3)), [0.7 * 5 / 6 + 0.3 * 0.5], { rtol: 1e-9 });
  assertAllClose(score((a, b) => alignmentLoss(a, b, 0)), score(meanSquaredError));
  assertAllClose(score((a, b) => alignmentLoss(a, b, 1)), score(cosineLoss));
});

Deno.test("the cosine of a zero row is 0, not NaN", () => {
  const x = input("x", "float32", [1, 2]);
  const { y } = interpret(graph("g", { y: rowCosine(x, x) }), { x: { data: [0, 0] } });
  assert.deepEqual([...y.data], [0]);
});

Deno.test("losses refuse shapes that differ and weights outside [0, 1]", () => {
  const [a, b] = [input("a", "float32", ["batch", 3]), input("b", "float32", ["batch", 4])];
  assert.throws(() => meanSquaredError(a, b), /expected \[batch, 3\], got \[batch, 4\]/);
  assert.throws(() => alignmentLoss(a, a, 1.5), /expected a weight in \[0, 1\], got 1.5/);
  assert.throws(() => alignmentLoss(a, a, NaN), /got NaN/);
});

Deno.test("linear applies to matrices and to more dimensions alike", () => {
  const build = (shape: (string | number)[]) =>
    model("m", { inputs: { x: tensor("float32", shape) } }, (scope, { x }) => ({ y: linear(scope, x, 2) })).trace();
  const feeds = {
    weight: { data: [1, 2, 3, 4, 5, 6] },
    bias: { data: [10, 20] },
  };
  const flat = interpret(build(["n", 3]), { ...feeds, x: { data: [1, 1, 1, 1, 0, 0], shape: [2, 3] } }).y;
  const deep = interpret(build([1, "n", 3]), { ...feeds, x: { data: [1, 1, 1, 1, 0, 0], shape: [1, 2, 3] } }).y;
  assert.deepEqual([...flat.data], [16, 35, 11, 24]);
  assert.deepEqual([...deep.data], [...flat.data]);
  assert.deepEqual(deep.shape, [1, 2, 2]);
});

Deno.test("layerNorm starts as plain normalisation", () => {
  const norm = model(
    "m",
    { inputs: { x: tensor("float32", ["n", 4]) } },
    (scope, { x }) => ({ y: layerNorm(scope, x) }),
  ).trace();
  const y = interpret(norm, {
    x: { data: [1, 2, 3, 4], shape: [1, 4] },
    weight: { data: initialValues(norm.parameters[0], 1) },
    bias: { data: initialValues(norm.parameters[1], 1) },
  }).y.data;
  assertAllClose(y, [-1.5, -0.5, 0.5, 1.5].map((value) => value / Math.sqrt(1.25 + 1e-5)));
});

Deno.test("model refuses two parameters of one name", () => {
  const twice = model("twice", { inputs: { x: tensor("float32", ["n", 2]) } }, (scope, { x }) => {
    return { y: linear(scope, linear(scope, x, 2), 2) };
  });
  assert.throws(() => twice.trace(), /Model twice: two parameters are called "weight"/);
});

Deno.test("initialValues depends on seed and name only, and keeps to its distribution", () => {
  const at = (name: string, size = 4000): Parameter => parameter(name, [size], { initializer: fanInUniform(16) });
  const values = initialValues(at("a"), 1);
  assert.deepEqual(initialValues(at("a"), 1), values);
  assert.notDeepEqual(initialValues(at("a"), 2), values);
  assert.notDeepEqual(initialValues(at("b"), 1), values);
  assert.ok(values.every((value) => Math.abs(value) <= 0.25));
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assertAllClose([variance], [0.25 ** 2 / 3], { rtol: 0.06 });
  const normal = initialValues(
    parameter("n", [4000], { initializer: { kind: "normal", mean: 1, standardDeviation: 2 } }),
    1,
  );
  const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length;
  assertAllClose([mean], [1], { atol: 0.12 });
});

Deno.test("a tensor spec refuses impossible dimensions", () => {
  assert.throws(() => tensor("float32", ["batch", 0]), /got 0/);
  assert.equal(reduceMean(input("x", "float32", ["n"])).shape.length, 0);
});

Deno.test("crossEntropies are the losses of the positions, 0 where they do not count; their mean is crossEntropy's", () => {
  const logits = input("logits", "float32", ["batch", 2, 3]);
  const labels = input("labels", "int32", ["batch", 2]);
  const { each, mean } = interpret(
    graph("losses", { each: crossEntropies(logits, labels), mean: crossEntropy(logits, labels) }),
    {
      logits: { data: [0, 0, 0, 1, 2, 3, 5, 0, 0, 0, 9, 0], shape: [2, 2, 3] },
      labels: { data: [1, 2, -100, 0], shape: [2, 2] },
    },
  );
  const logSum = (...values: number[]) => Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));
  const expected = [Math.log(3), logSum(1, 2, 3) - 3, 0, logSum(0, 9, 0)];
  assertAllClose(each.data, expected, { rtol: 1e-12 });
  assertAllClose(mean.data, [(expected[0] + expected[1] + expected[3]) / 3], { rtol: 1e-12 });
  assert.throws(() => crossEntropies(logits, input("labels", "int32", ["batch", 3])), /expected \[batch, 2\]/);
});
