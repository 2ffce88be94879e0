import process from "node:process";
import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import {
  add,
  bindDimensions,
  deserializeGraph,
  encodeOnnx,
  type Graph,
  graph,
  input,
  interpret,
  mul,
  parameter,
  parameterCount,
  reduceMean,
  relu,
  reshape,
  serializeGraph,
  topK,
} from "../../lib/graph/mod.ts";
import { compile } from "../../lib/runtime/mod.ts";

const uniform = { initializer: { kind: "uniform", low: -1, high: 1 } } as const;

function example(): Graph {
  const x = input("x", "float32", ["batch", 4]);
  const weight = parameter("layer.weight", [4], uniform);
  const hidden = relu(add(mul(x, weight), 0.5));
  return graph("example", { hidden, x, mean: reduceMean(hidden, { axes: [1] }), again: hidden });
}

const FEEDS = { x: { data: [1, -2, 3, -4], shape: [1, 4] }, "layer.weight": { data: [1, 2, -0.5, 1] } };

Deno.test("graph finds inputs and parameters and counts their values", () => {
  const g = example();
  assert.deepEqual(Object.keys(g.inputs), ["x"]);
  assert.deepEqual(g.parameters.map(({ source }) => source.name), ["layer.weight"]);
  assert.equal(parameterCount(g), 4);
});

Deno.test("graph refuses two leaves of one name", () => {
  const twice = add(input("x", "float32", [2]), input("x", "float32", [2]));
  assert.throws(() => graph("g", { twice }), /two different leaves are called "x"/);
});

Deno.test("serializeGraph and deserializeGraph keep the graph", () => {
  const text = JSON.stringify(serializeGraph(example()));
  const back = deserializeGraph(JSON.parse(text));
  assert.equal(JSON.stringify(serializeGraph(back)), text);
  assert.equal(JSON.stringify(serializeGraph(example())), text);
  assertAllClose(interpret(back, FEEDS).mean.data, interpret(example(), FEEDS).mean.data, { rtol: 0 });
});

Deno.test("serializeGraph keeps infinities and second outputs", () => {
  const { values, indices } = topK(input("x", "float32", ["n", 3]), 2);
  const back = deserializeGraph(JSON.parse(JSON.stringify(serializeGraph(
    graph("g", { indices, low: add(values, -Infinity) }),
  ))));
  const { indices: positions, low } = interpret(back, { x: { data: [1, 3, 2], shape: [1, 3] } });
  assert.deepEqual([...positions.data], [1, 2]);
  assert.deepEqual([...low.data], [-Infinity, -Infinity]);
});

Deno.test("deserializeGraph refuses another version and unknown operators", () => {
  const serialized = serializeGraph(example());
  assert.throws(() => deserializeGraph({ ...serialized, version: 2 as 1 }), /expected version 1, got 2/);
  const evil = { kind: "operation" as const, type: "Evil", inputs: [0], attributes: {} };
  const nodes = [...serialized.nodes, evil];
  assert.throws(() => deserializeGraph({ ...serialized, nodes }), /Unknown operator Evil/);
});

Deno.test("bindDimensions fixes a name everywhere and keeps the numbers", () => {
  const fixed = bindDimensions(example(), { batch: 1 });
  assert.deepEqual(fixed.outputs.mean.shape, [1]);
  assert.deepEqual(interpret(fixed, FEEDS).mean.data, interpret(example(), FEEDS).mean.data);
});

Deno.test("bindDimensions refuses unknown names and sizes below 1", () => {
  assert.throws(() => bindDimensions(example(), { rows: 2 }), /no input of example has it/);
  assert.throws(() => bindDimensions(example(), { batch: 0 }), /integer of at least 1, got 0/);
  assert.throws(() => bindDimensions(example(), { batch: 1.5 }), /integer of at least 1, got 1.5/);
});

Deno.test("reshape moves one named dimension and refuses two", () => {
  const x = input("x", "float32", ["batch", "words", 6]);
  assert.deepEqual(reshape(x, ["batch", "words", 2, 3]).shape, ["batch", "words", 2, 3]);
  assert.deepEqual(reshape(input("y", "float32", [2, "words", 3]), [6, "words"]).shape, [6, "words"]);
  assert.throws(() => reshape(x, [6, "batch", "words"]), /more than one named dimension/);
});

Deno.test("compile runs outputs that are inputs or have two names, with stored weights", async () => {
  const weight = { dtype: "float32" as const, shape: [4], data: Float32Array.from(FEEDS["layer.weight"].data) };
  const session = await compile(example(), { weights: { "layer.weight": weight } });
  try {
    assert.deepEqual(session.inputNames, ["x"]);
    const x = { dtype: "float32" as const, shape: [1, 4], data: Float32Array.from(FEEDS.x.data) };
    const results = await session.run({ x });
    assert.deepEqual(Object.keys(results).sort(), ["again", "hidden", "mean", "x"]);
    assert.deepEqual(results.again.data, results.hidden.data);
    assert.deepEqual([...results.x.data], FEEDS.x.data);
  } finally {
    await session.release();
  }
});

Deno.test("a session refuses values that do not fit, before the native call", async () => {
  const session = await compile(bindDimensions(example(), { batch: 2 }));
  try {
    const value = (shape: number[]) => ({
      dtype: "float32" as const,
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    });
    const weight = value([4]);
    await assert.rejects(session.run({ x: value([2, 4]) }), /expected layer.weight float32 \[4\], got none/);
    await assert.rejects(
      session.run({ x: value([3, 4]), "layer.weight": weight }),
      /expected x float32 \[2, 4\], got float32 \[3, 4\]/,
    );
    await assert.rejects(session.run({ x: value([2, 4]), "layer.weight": weight, y: weight }), /"y" is no input/);
  } finally {
    await session.release();
  }
});

Deno.test("a bound run reads and writes the same arrays", async () => {
  const session = await compile(bindDimensions(graph("twice", { y: mul(input("x", "float32", ["n"]), 2) }), { n: 2 }));
  try {
    const x = Float32Array.of(1, 2);
    const y = new Float32Array(2);
    const bound = session.bind({ x: { dtype: "float32", shape: [2], data: x } }, {
      y: { dtype: "float32", shape: [2], data: y },
    });
    await bound.run();
    assert.deepEqual([...y], [2, 4]);
    x.set([5, 6]);
    await bound.run();
    assert.deepEqual([...y], [10, 12]);
  } finally {
    await session.release();
  }
});

Deno.test("compile refuses a provider that the binary lacks", async () => {
  const absent = process.platform === "darwin" ? "cuda" : "coreml";
  await assert.rejects(
    compile(example(), { provider: absent as "coreml" }),
    new RegExp(`Cannot use the provider "${absent}"`),
  );
});

Deno.test("an output with the name of another leaf is refused when it is encoded; a leaf may be an output", () => {
  const x = input("x", "float32", [2]);
  assert.throws(
    () => encodeOnnx(graph("twice", { x: relu(x) })),
    /^TypeError: Cannot encode twice: its output "x" has the name of an input or parameter$/,
  );
  assert.ok(encodeOnnx(graph("same", { x, y: x })).length > 0);
});

Deno.test("leaves and outputs may have the names that an encoded model gives to what has none", async () => {
  const leaf = (name: string) => input(name, "float32", [2]);
  const [x, bias] = [leaf("constant_1"), leaf("Mul_0_out0")];
  const y = add(mul(x, 3), bias);
  const session = await compile(graph("clash", { constant_1_: y, Add_1_out0: relu(y) }));
  try {
    const value = (data: number[]) => ({ dtype: "float32", shape: [2], data: Float32Array.from(data) }) as const;
    const results = await session.run({ constant_1: value([1, 2]), Mul_0_out0: value([10, -20]) });
    assert.deepEqual([...results.constant_1_.data], [13, -14]);
    assert.deepEqual([...results.Add_1_out0.data], [13, 0]);
  } finally {
    await session.release();
  }
});
