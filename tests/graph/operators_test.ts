import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import { random } from "../../lib/statistics/mod.ts";
import {
  add,
  bindDimensions,
  constant,
  elementCount,
  exp,
  gemm,
  gradients,
  type Graph,
  graph,
  input,
  interpret,
  isFloating,
  layerNormalization,
  matMul,
  mul,
  operatorOf,
  operatorTypes,
  pow,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  slice,
  type Tensor,
  topK,
  topologicalOrder,
  transpose,
} from "../../lib/graph/mod.ts";
import { type ArrayValue, compile } from "../../lib/runtime/mod.ts";
import { OPERATOR_CASES, type OperatorCase } from "./operator_cases.ts";

type Feeds = Record<string, { data: Float64Array; shape: readonly number[] }>;

function build({ name, shapes, range = [-2, 2], integers = [], build }: OperatorCase) {
  const inputs = shapes.map((shape, i) => input(`x${i}`, integers[i] ? "int64" : "float32", shape));
  const generator = random(1, name);
  const feeds: Feeds = {};
  shapes.forEach((shape, i) => {
    const whole = integers[i];
    // Float32 values, so that every executor computes from the same numbers.
    const draw = () => whole ? Math.floor(generator.uniform(...whole)) : Math.fround(generator.uniform(...range));
    const data = Float64Array.from({ length: elementCount(shape) }, draw);
    feeds[`x${i}`] = { data, shape };
  });
  return { inputs, floating: inputs.filter(({ dtype }) => isFloating(dtype)), feeds, output: build(...inputs) };
}

function fed({ dtype }: Tensor, { data, shape }: Feeds[string]): ArrayValue {
  return dtype === "int64"
    ? { dtype, shape, data: BigInt64Array.from(data, BigInt) }
    : { dtype: "float32", shape, data: Float32Array.from(data) };
}

function withOperators(output: ReturnType<OperatorCase["build"]>): string[] {
  return topologicalOrder([output]).map(({ type }) => type);
}

Deno.test("every operator has a case", () => {
  const covered = new Set<string>();
  for (const { floating, output } of OPERATOR_CASES.map(build)) {
    for (const type of withOperators(output)) covered.add(type);
    const differentiable = withOperators(output).every((type) => operatorOf(type).gradient);
    if (!differentiable) continue;
    for (const gradient of gradients(reduceSum(output), floating)) {
      for (const type of withOperators(gradient)) covered.add(type);
    }
  }
  assert.deepEqual(operatorTypes().filter((type) => !covered.has(type)), []);
});

/** Central differences of the weighted sum of the outputs. */
function finiteDifferences(loss: Graph, name: string, feeds: Feeds): Float64Array {
  const step = 1e-5;
  const { data, shape } = feeds[name];
  const at = (i: number, value: number) => {
    const moved = data.slice();
    moved[i] = value;
    return interpret(loss, { ...feeds, [name]: { data: moved, shape } }).loss.data[0];
  };
  return data.map((value, i) => (at(i, value + step) - at(i, value - step)) / (2 * step));
}

for (const operatorCase of OPERATOR_CASES) {
  const { inputs, floating, feeds, output } = build(operatorCase);
  const differentiable = withOperators(output).every((type) => operatorOf(type).gradient);

  Deno.test(`${operatorCase.name}: ONNX Runtime agrees with the interpreter`, async () => {
    const outputs: Record<string, ReturnType<OperatorCase["build"]>> = { y: output };
    if (differentiable) {
      gradients(reduceSum(mul(output, output)), floating).forEach((gradient, i) => (outputs[`d${i}`] = gradient));
    }
    const whole = graph("case", outputs);
    const session = await compile(whole, { threads: 1 });
    try {
      const feed = inputs.map((x, i) => [`x${i}`, fed(x, feeds[`x${i}`])] as const)
        .filter(([name]) => name in whole.inputs);
      const expected = interpret(whole, feeds);
      for (const [name, value] of Object.entries(await session.run(Object.fromEntries(feed)))) {
        assert.deepEqual([...value.shape], [...expected[name].shape], `shape of ${name}`);
        assertAllClose(Array.from(value.data, Number), expected[name].data, { rtol: 2e-5, atol: 2e-5, label: name });
      }
    } finally {
      await session.release();
    }
  });

  if (!differentiable) continue;
  Deno.test(`${operatorCase.name}: gradient agrees with finite differences`, () => {
    const weights = constant(
      Float64Array.from({ length: elementCount(output.shape as number[]) }, (_, i) => 1 + 0.3 * i),
      { shape: output.shape as number[] },
    );
    const scalar = reduceSum(mul(output, weights));
    const loss = graph("loss", { loss: scalar });
    gradients(scalar, floating).forEach((gradient, i) => {
      const name = `x${inputs.indexOf(floating[i])}`;
      const analytic = interpret(graph("gradient", { gradient }), feeds).gradient;
      assert.deepEqual([...analytic.shape], [...floating[i].shape]);
      assertAllClose(analytic.data, finiteDifferences(loss, name, feeds), {
        rtol: 1e-6,
        atol: 1e-7,
        label: `d${name}`,
      });
    });
  });
}

Deno.test("gradients adds up the paths through a tensor used twice", () => {
  const x = input("x", "float32", [2]);
  const [dx] = gradients(reduceSum(mul(x, exp(x))), [x]);
  const { g } = interpret(graph("g", { g: dx }), { x: { data: [0, 1] } });
  assertAllClose(g.data, [1, 2 * Math.E]);
});

Deno.test("the gradient of a power of zero is zero, also at zero", () => {
  const x = input("x", "float32", [3]);
  const [dx] = gradients(reduceSum(pow(x, constant([0, 1, 2]))), [x]);
  const { g } = interpret(graph("g", { g: dx }), { x: { data: [0, 0, 0] } });
  assert.deepEqual([...g.data], [0, 1, 0]);
});

Deno.test("gradients refuses what it cannot differentiate", () => {
  const x = input("x", "float32", ["batch", 3]);
  const other = input("other", "float32", [3]);
  assert.throws(() => gradients(x, [x]), /Cannot differentiate x \[batch, 3\]: expected a floating scalar/);
  assert.throws(() => gradients(reduceSum(other), [x]), /does not depend on x/);
  assert.throws(() => gradients(reduceSum(topK(other, 1).values), [other]), /TopK has no gradient/);
  assert.throws(() => gradients(reduceMean(x), [x]), /fix "batch" with bindDimensions first/);
});

Deno.test("a mean over the batch is differentiated once the batch is fixed", () => {
  const x = input("x", "float32", ["batch", 3]);
  const fixed = bindDimensions(graph("mean", { loss: reduceMean(mul(x, x)) }), { batch: 2 });
  const [dx] = gradients(fixed.outputs.loss, [fixed.inputs.x]);
  const { g } = interpret(graph("g", { g: dx }), { x: { data: [1, 2, 3, 4, 5, 6] } });
  assertAllClose(g.data, [1, 2, 3, 4, 5, 6].map((value) => value / 3));
});

Deno.test("shape errors name the operator, what it expected and what it got", () => {
  const x = input("x", "float32", ["batch", 384]);
  const w = input("w", "float32", [512, 10]);
  assert.throws(() => matMul(x, w), /Cannot multiply matrices \[batch, 384\].*expected \[384, 10\], got \[512, 10\]/);
  assert.throws(() => gemm(x, w, null, { transB: true }), /expected \[512, 384\], got \[512, 10\]/);
  assert.throws(() => gemm(x, input("v", "float32", [384, 10]), w), /Cannot add a bias/);
  assert.throws(() => add(x, input("y", "float32", ["rows", 384])), /Cannot add: expected shapes that broadcast/);
  assert.throws(() => add(x, input("y", "int64", [384])), /expected one dtype, got float32 and int64/);
  assert.throws(() => reshape(x, ["batch", 100]), /Cannot reshape \[batch, 384\]/);
  assert.throws(() => transpose(x, [0, 0]), /Cannot transpose/);
  assert.throws(() => slice(x, { axis: 1, start: 10, end: 400 }), /expected 0 <= start < end <= 384/);
  assert.throws(() => slice(x, { axis: 0, start: 0, end: 1 }), /named dimension "batch"/);
  assert.throws(
    () => layerNormalization(x, input("s", "float32", [100])),
    /expected scale and bias \[384\], got \[100\]/,
  );
  assert.throws(() => relu(input("ids", "int64", [3])), /expected a floating dtype, got int64/);
  assert.throws(
    () => reduceMean(x, { axes: [1, -1] }),
    /Cannot apply ReduceMean: expected distinct axes, got \[1, 1\]/,
  );
  assert.throws(() => topK(x, 385), /expected an integer in \[1, 384\]/);
  assert.throws(() => input("x", "float32", [0]), /expected an integer of at least 1 for dimension 0, got 0/);
  assert.throws(() => input("x", "float32", [257.5]), /got 257.5/);
});
