import assert from "node:assert/strict";
import {
  constant,
  div,
  elementCount,
  gather,
  gatherElements,
  gradients,
  type Graph,
  graph,
  input,
  interpret,
  matMul,
  mul,
  operatorOf,
  operatorTypes,
  parameter,
  reduceSum,
  relu,
  round,
  scatterElements,
  slice,
  tanh,
  type Tensor,
  topologicalOrder,
} from "lib/graph/mod.ts";
import { type ArrayValue, tfjsExecutor, tfjsOperatorTypes } from "lib/runtime/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { OPERATOR_CASES, type OperatorCase } from "tests/graph/operator_cases.ts";
import { tensorCount, TFJS_BACKENDS } from "./backends.ts";

/** Operators that tfjs does not execute, each with the reason. */
const WITHOUT_KERNEL: Record<string, string> = {
  DequantizeLinear: "tfjs has no 8-bit tensors",
  DynamicQuantizeLSTM: "tfjs has no 8-bit tensors",
  DynamicQuantizeLinear: "tfjs has no 8-bit tensors",
  GatherBlockQuantized: "tfjs has no 4-bit rows",
  LSTM: "tfjs runs the steps that it stands for",
  MatMulInteger: "tfjs has no 8-bit tensors",
  MatMulIntegerToFloat: "tfjs has no 8-bit tensors",
  MatMulNBits: "tfjs has no 4-bit products",
  MultiHeadAttention: "tfjs runs the products that it stands for",
  QuantizeLinear: "tfjs has no 8-bit tensors",
  SimplifiedLayerNormalization: "tfjs runs the operators that it stands for",
};

const float32 = (shape: readonly number[], data: ArrayLike<number>): ArrayValue => (
  { dtype: "float32", shape, data: Float32Array.from(data) }
);

/** The case's output and, where it has them, the gradients of the sum of its squares. */
function caseGraph({ name, shapes, range = [-2, 2], integers = [], build }: OperatorCase): {
  whole: Graph;
  feeds: Record<string, ArrayValue>;
} {
  const inputs = shapes.map((shape, i) => input(`x${i}`, integers[i] ? "int64" : "float32", shape));
  const floating = inputs.filter(({ dtype }) => dtype === "float32");
  const output = build(...inputs);
  const outputs: Record<string, Tensor> = { y: output };
  if (topologicalOrder([output]).every(({ type }) => operatorOf(type).gradient)) {
    gradients(reduceSum(mul(output, output)), floating).forEach((gradient, i) => (outputs[`d${i}`] = gradient));
  }
  const whole = graph("case", outputs);
  const generator = random(1, name);
  const feeds = shapes.map((shape, i): [string, ArrayValue] => {
    const whole = integers[i];
    const draw = () => whole ? Math.floor(generator.uniform(...whole)) : generator.uniform(...range);
    const data = Array.from({ length: elementCount(shape) }, draw);
    return [`x${i}`, whole ? { dtype: "int64", shape, data: BigInt64Array.from(data, BigInt) } : float32(shape, data)];
  });
  return { whole, feeds: Object.fromEntries(feeds.filter(([name]) => name in whole.inputs)) };
}

const numbersOf = ({ data }: ArrayValue) => Array.from(data as ArrayLike<number>, Number);

const asFeeds = (feeds: Record<string, ArrayValue>) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, value]) => [name, { shape: value.shape, data: numbersOf(value) }]),
  );

Deno.test("every operator has a tfjs kernel or a reason for having none", () => {
  const missing = operatorTypes().filter((type) => !tfjsOperatorTypes().includes(type));
  assert.deepEqual(missing, Object.keys(WITHOUT_KERNEL).sort());
  assert.deepEqual(tfjsOperatorTypes().filter((type) => !operatorTypes().includes(type)), []);
});

for (const backend of TFJS_BACKENDS) {
  for (const operatorCase of OPERATOR_CASES) {
    Deno.test(`${operatorCase.name}: ${backend} agrees with the interpreter`, async () => {
      const { whole, feeds } = caseGraph(operatorCase);
      if (topologicalOrder(Object.values(whole.outputs)).some(({ type }) => type in WITHOUT_KERNEL)) {
        await assert.rejects(async () => await tfjsExecutor(whole, { backend }), /has no tfjs kernel/);
        return;
      }
      const before = tensorCount(backend);
      const executor = await tfjsExecutor(whole, { backend });
      const expected = interpret(whole, asFeeds(feeds));
      for (let round = 0; round < 2; round++) {
        for (const [name, value] of Object.entries(await executor.run(feeds))) {
          assert.equal(value.dtype, whole.outputs[name].dtype);
          assert.deepEqual([...value.shape], [...expected[name].shape], `shape of ${name}`);
          assertAllClose(numbersOf(value), expected[name].data, { rtol: 2e-5, atol: 2e-5, label: name });
        }
      }
      await executor.release();
      assert.equal(tensorCount(backend), before, "tensors left after release");
    });
  }

  Deno.test(`${backend} gives each dtype back in its own storage, and disposes what it made when a feed is refused`, async () => {
    const before = tensorCount(backend);
    const values: ArrayValue[] = [
      { dtype: "float64", shape: [2], data: Float64Array.of(0.5, -3) },
      { dtype: "int64", shape: [2], data: BigInt64Array.of(-7n, 2n ** 31n - 1n) },
      { dtype: "int32", shape: [2], data: Int32Array.of(-7, 7) },
      { dtype: "int8", shape: [2], data: Int8Array.of(-128, 127) },
      { dtype: "uint8", shape: [2], data: Uint8Array.of(0, 255) },
      { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) },
    ];
    const executor = await tfjsExecutor(
      graph("same", Object.fromEntries(values.map(({ dtype }) => [`${dtype}Out`, input(dtype, dtype, [2])]))),
      { backend },
    );
    const feeds = Object.fromEntries(values.map((value) => [value.dtype, value]));
    const results = await executor.run(feeds);
    for (const value of values) assert.deepEqual(results[`${value.dtype}Out`], value);
    results.int32Out.data[0] = 0;
    assert.equal(feeds.int32.data[0], -7, "a result has memory of its own");
    const large: ArrayValue = { dtype: "int64", shape: [2], data: BigInt64Array.of(0n, 2n ** 31n) };
    await assert.rejects(
      executor.run({ ...feeds, int64: large }),
      /expected integers in \[-2\^31, 2\^31\), got 2147483648/,
    );
    await executor.release();
    assert.equal(tensorCount(backend), before);
  });

  Deno.test(`${backend} keeps stored weights and constants, binds arrays, and accepts any batch`, async () => {
    const weight = parameter("weight", [2, 2], { initializer: { kind: "constant", value: 0 } });
    const y = tanh(matMul(mul(input("x", "float32", ["batch", 2]), constant([1, -1])), weight));
    const weights = { weight: float32([2, 2], [1, 2, 3, 4]) };
    const before = tensorCount(backend);
    const executor = await tfjsExecutor(graph("stored", { y, again: y, weight }), { backend, weights });
    assert.deepEqual(executor.inputNames, ["x"]);
    const feeds = { x: float32([1, 2], [0.5, 0.25]) };
    const fetches = { y: float32([1, 2], [0, 0]) };
    const bound = executor.bind(feeds, fetches);
    (weights.weight.data as Float32Array).fill(9);
    for (const [left, right] of [[0.5, 0.25], [-1, 1]]) {
      (feeds.x.data as Float32Array).set([left, right]);
      await bound.run();
      const expected = [left - 3 * right, 2 * left - 4 * right].map(Math.tanh);
      assertAllClose(fetches.y.data as Float32Array, expected, { rtol: 1e-6 });
    }
    const { again, weight: stored } = await executor.run({ x: float32([3, 2], [1, 0, 0, 1, 1, 1]) });
    assert.deepEqual(again.shape, [3, 2]);
    assert.deepEqual(numbersOf(stored), [1, 2, 3, 4]);
    await executor.release();
    assert.equal(tensorCount(backend), before);
  });
}

for (const backend of TFJS_BACKENDS) {
  Deno.test(`${backend} counts negative indices from the end and refuses those beyond the data`, async () => {
    const [x, rows] = [input("x", "float32", [2, 2]), input("rows", "int64", [2, 1])];
    const outputs = {
      all: gather(x, rows),
      each: gatherElements(x, rows, 1),
      sums: scatterElements(x, rows, { updates: slice(x, { axis: 1, start: 0, end: 1 }), axis: 1 }),
    };
    const executor = await tfjsExecutor(graph("indices", outputs), { backend });
    const run = (...indices: bigint[]) =>
      executor.run({
        x: float32([2, 2], [1, 2, 3, 4]),
        rows: { dtype: "int64", shape: [2, 1], data: BigInt64Array.from(indices) },
      });
    const { all, each, sums } = await run(-1n, 0n);
    assert.deepEqual(numbersOf(all), [3, 4, 1, 2]);
    assert.deepEqual(numbersOf(each), [2, 3]);
    assert.deepEqual(numbersOf(sums), [1, 3, 6, 4]);
    const before = tensorCount(backend);
    for (const index of [2n, -3n]) {
      await assert.rejects(
        run(0n, index),
        new RegExp(
          `Cannot apply Gather to x \\[2, 2\\], rows \\[2, 1\\] with ${backend}: expected indices in \\[-2, 1\\], got ${index}`,
        ),
      );
    }
    assert.equal(tensorCount(backend), before, "tensors left by a run that failed");
    await executor.release();
  });

  Deno.test(`${backend} rounds halves to even and divides integers towards zero`, async () => {
    const [x, i] = [input("x", "float32", [4]), input("i", "int32", [3])];
    const executor = await tfjsExecutor(graph("rounding", { round: round(x), quotient: div(i, 2) }), { backend });
    const { round: rounded, quotient } = await executor.run({
      x: float32([4], [0.5, 1.5, 2.5, -0.5]),
      i: { dtype: "int32", shape: [3], data: Int32Array.of(-3, 3, 5) },
    });
    assert.deepEqual(numbersOf(rounded).map((value) => value + 0), [0, 2, 2, 0]);
    assert.deepEqual(numbersOf(quotient), [-1, 1, 2]);
    await executor.release();
  });
}

Deno.test("tfjsExecutor refuses feeds that do not fit", async () => {
  const [a, b] = [input("a", "float32", ["n", 2]), input("b", "float32", ["n", 2])];
  const executor = await tfjsExecutor(graph("product", { y: mul(a, b) }), { backend: "tfjs" });
  const value = float32([1, 2], [1, 2]);
  await assert.rejects(executor.run({ a: value }), /Cannot run: expected b float32 \[n, 2\], got none/);
  await assert.rejects(executor.run({ a: value, b: value, c: value }), /"c" is no input; inputs are a, b/);
  await assert.rejects(
    executor.run({ a: value, b: float32([2], [1, 2]) }),
    /expected b float32 \[n, 2\], got float32 \[2\]/,
  );
  // Would broadcast, and give a loss of another batch.
  await assert.rejects(
    executor.run({ a: value, b: float32([2, 2], [1, 2, 3, 4]) }),
    /expected n 1 in b \[n, 2\], got 2/,
  );
  await executor.release();
});

Deno.test("tfjsExecutor refuses float16 and says what to do", async () => {
  const half = graph("half", { y: relu(input("x", "float16", [2])) });
  await assert.rejects(
    tfjsExecutor(half, { backend: "tfjs" }),
    /^TypeError: Cannot compute float16 with tfjs: run the float32/,
  );
});

Deno.test("importing lib/runtime does not load tfjs", async () => {
  const code = `
    const { createRequire } = await import("node:module");
    const modules = createRequire(${JSON.stringify(import.meta.url)}).cache;
    const loaded = () => Object.keys(modules).filter((path) => path.includes("tfjs")).length > 0;
    await import(${JSON.stringify(import.meta.resolve("lib/runtime/mod.ts"))});
    const before = loaded();
    const { loadTfjs } = await import(${JSON.stringify(import.meta.resolve("lib/runtime/tfjs/load.ts"))});
    loadTfjs("tfjs");
    console.log(before, loaded());`;
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", "--ext=ts", code], stderr: "inherit" });
  assert.equal(new TextDecoder().decode((await child.output()).stdout).trim(), "false true");
});
