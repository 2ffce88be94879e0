import assert from "node:assert/strict";
import {
  constant,
  elementCount,
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
  tanh,
  topologicalOrder,
} from "lib/graph/mod.ts";
import { type ArrayValue, tfjsExecutor, tfjsOperatorTypes } from "lib/runtime/mod.ts";
import { loadTfjs } from "lib/runtime/tfjs/load.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { OPERATOR_CASES, type OperatorCase } from "tests/graph/operator_cases.ts";
import { TFJS_BACKENDS } from "./backends.ts";

/** Operators that tfjs does not execute, each with the reason. */
const WITHOUT_KERNEL: Record<string, string> = {};

const float32 = (shape: readonly number[], data: ArrayLike<number>): ArrayValue => (
  { dtype: "float32", shape, data: Float32Array.from(data) }
);

/** The case's output and, where it has them, the gradients of the sum of its squares. */
function caseGraph({ name, shapes, range = [-2, 2], build }: OperatorCase): {
  whole: Graph;
  feeds: Record<string, ArrayValue>;
} {
  const inputs = shapes.map((shape, i) => input(`x${i}`, "float32", shape));
  const generator = random(1, name);
  const output = build(...inputs);
  const outputs = { y: output };
  if (topologicalOrder([output]).every(({ type }) => operatorOf(type).gradient)) {
    gradients(reduceSum(mul(output, output)), inputs)
      .forEach((gradient, i) => Object.assign(outputs, { [`d${i}`]: gradient }));
  }
  const whole = graph("case", outputs);
  const feeds = Object.fromEntries(
    shapes.map((shape, i) => {
      const data = Array.from({ length: elementCount(shape) }, () => generator.uniform(...range));
      return [`x${i}`, float32(shape, data)] as const;
    }).filter(([name]) => name in whole.inputs),
  );
  return { whole, feeds };
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
        await assert.rejects(tfjsExecutor(whole, { backend }), /has no tfjs kernel/);
        return;
      }
      const tf = loadTfjs(backend);
      const before = tf.memory().numTensors;
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
      assert.equal(tf.memory().numTensors, before, "tensors left after release");
    });
  }

  Deno.test(`${backend} gives each dtype back in its own storage, and disposes what it made when a feed is refused`, async () => {
    const tf = loadTfjs(backend);
    const before = tf.memory().numTensors;
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
    assert.equal(tf.memory().numTensors, before);
  });

  Deno.test(`${backend} keeps stored weights and constants, binds arrays, and accepts any batch`, async () => {
    const weight = parameter("weight", [2, 2], { initializer: { kind: "constant", value: 0 } });
    const y = tanh(matMul(mul(input("x", "float32", ["batch", 2]), constant([1, -1])), weight));
    const weights = { weight: float32([2, 2], [1, 2, 3, 4]) };
    const tf = loadTfjs(backend);
    const before = tf.memory().numTensors;
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
    assert.equal(tf.memory().numTensors, before);
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
