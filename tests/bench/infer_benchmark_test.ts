import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type InferBenchmarkOptions, runInferBenchmark } from "lib/bench/mod.ts";
import { outputProblems, readValues, storeValues, writeExchange } from "lib/bench/infer_exchange.ts";
import { inferInputs, inferSubjectName } from "lib/bench/infer_subject.ts";
import { add, encodeOnnx, graph, input, relu } from "lib/graph/mod.ts";
import { peerPython } from "tests/peers/peer_python.ts";

const OPTIONS: InferBenchmarkOptions = {
  turns: { blocks: 2, blockMs: 2, minSteps: 2, sampleMs: 0.5 },
  attempts: 1,
  quietMs: 1,
  budgetMs: 300_000,
  subjects: [{ studentDim: 8 }],
  batchSizes: [2],
  threads: [1],
  peerPython: null,
};
const float32 = (shape: number[], data: number[]) =>
  ({ dtype: "float32", shape, data: Float32Array.from(data) }) as const;

async function withFile(bytes: Uint8Array, use: (file: string) => Promise<void> | void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-test-"));
  try {
    await writeFile(join(folder, "some.onnx"), bytes);
    await use(join(folder, "some.onnx"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("runInferBenchmark measures our side alone, with a control and the overhead of a call", async () => {
  const { cells, controls, overheads } = await runInferBenchmark(OPTIONS);
  const [{ sides, missing, comparison }] = cells;
  assert.deepEqual([sides.length, comparison, sides[0].name], [1, null, "ours"]);
  assert.deepEqual(missing.map(({ name, reason }) => [name, reason]), [
    ["Python run()", "PEER_PYTHON names no Python with onnxruntime"],
    ["Python IOBinding", "PEER_PYTHON names no Python with onnxruntime"],
  ]);
  assert.ok(sides[0].medianMs > 0 && sides[0].blocksMs.length === 2);
  assert.deepEqual(controls[0].sides.map(({ name }) => name), ["ours", "ours again"]);
  assert.ok(controls[0].comparison!.ratio > 0);
  assert.deepEqual(overheads.map(({ subject, batchSize }) => [subject, batchSize]), [["no work", 1]]);
});

Deno.test({
  name: "runInferBenchmark: Python's outputs are ours, with and without bound memory",
  ignore: peerPython() === null,
  async fn() {
    const { cells, overheads } = await runInferBenchmark({ ...OPTIONS, peerPython: peerPython() });
    for (const { sides, missing, reasons, comparison } of [...cells, ...overheads]) {
      assert.deepEqual(missing, []);
      assert.deepEqual(sides.map(({ name }) => name), ["ours", "Python run()", "Python IOBinding"]);
      assert.ok(!reasons.some((reason) => reason.includes("differs")), reasons.join());
      assert.match(comparison!.peer, /^Python /);
    }
  },
});

Deno.test("runInferBenchmark measures another .onnx file", async () => {
  const x = input("x", "float32", ["rows", 3]);
  await withFile(encodeOnnx(graph("other", { y: relu(add(x, x)) })), async (file) => {
    const options = { ...OPTIONS, subjects: [{ file }], peerPython: peerPython() };
    const { cells: [{ subject, sides, reasons }] } = await runInferBenchmark(options);
    assert.equal(subject, "some.onnx");
    assert.match(sides[0].settings, /openOnnxFile\(\)/);
    assert.ok(!reasons.some((reason) => reason.includes("differs")), reasons.join());
  });
});

Deno.test("runInferBenchmark refuses a Python without onnxruntime before it measures", async () => {
  await assert.rejects(
    runInferBenchmark({ ...OPTIONS, peerPython: "false" }),
    /false cannot import numpy and onnxruntime/,
  );
});

Deno.test("inferInputs fills the free dimension of a file, and refuses what it cannot", async () => {
  const tensor = (name: string, shape: (number | string)[]) => input(name, "float32", shape);
  const bytes = (name: string, shape: (number | string)[]) => encodeOnnx(graph(name, { y: relu(tensor("x", shape)) }));
  await withFile(bytes("free", ["n", 3]), (file) => {
    const [{ name, value }] = inferInputs({ file }, 5);
    assert.deepEqual([name, value.shape, value.data.length], ["x", [5, 3], 15]);
  });
  await withFile(bytes("two", ["n", "m"]), (file) => {
    assert.throws(() => inferInputs({ file }, 5), /expected a size for every dimension, got x \[5, m\]/);
    assert.deepEqual(inferInputs({ file, sizes: { dimensions: { m: 2 } } }, 5)[0].value.shape, [5, 2]);
  });
  await withFile(bytes("fixed", [4, 3]), (file) => {
    assert.deepEqual((inferInputs({ file }, 4))[0].value.shape, [4, 3]);
    assert.throws(() => inferInputs({ file }, 5), /expected batch 4, which some.onnx has fixed, got 5/);
  });
  await withFile(encodeOnnx(graph("half", { y: relu(input("x", "float16", ["n"])) })), (file) => {
    const [{ value }] = inferInputs({ file }, 5);
    assert.deepEqual([value.dtype, value.data.length], ["float16", 5]);
  });
});

Deno.test("inferSubjectName names a file without its folder", () => {
  assert.deepEqual([{ studentDim: 256 }, { file: "/a/b.onnx" }, "no work" as const].map(inferSubjectName), [
    "S=256",
    "b.onnx",
    "no work",
  ]);
});

Deno.test("writeExchange leaves nothing behind when a model cannot be read", async () => {
  await assert.rejects(writeExchange({ file: "/nonexistent/some.onnx" }, 1), /nonexistent/);
  const folder = await writeExchange({ studentDim: 8 }, 2);
  assert.deepEqual(readValues(folder, "inputs").x.shape, [2, 384]);
  await rm(folder, { recursive: true });
  assert.equal(existsSync(folder), false);
});

Deno.test("values stored for the other side are read back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-test-"));
  const ids = { dtype: "int64", shape: [2], data: BigInt64Array.of(-1n, 7n) } as const;
  await storeValues(folder, "mine", [{ name: "a", value: float32([1, 2], [1, 2]) }, { name: "b", value: ids }]);
  assert.deepEqual(readValues(folder, "mine"), { a: float32([1, 2], [1, 2]), b: ids });
  await rm(folder, { recursive: true });
});

Deno.test("outputProblems names an output that differs, has another shape, or is not there", () => {
  const ours = { y: float32([2], [100, 1]) };
  assert.deepEqual(outputProblems(ours, { y: float32([2], [100, 1.0005]) }), []);
  assert.match(
    outputProblems(ours, { y: float32([2], [100, 1.01]) })[0],
    /^y differs by 0\.0\d+; its largest value is 100/,
  );
  assert.deepEqual(outputProblems(ours, { y: float32([1, 2], [100, 1]) }), ["y: ours is [2], the peer's [1,2]"]);
  assert.deepEqual(outputProblems(ours, {}), ["the peer has no output y"]);
  assert.equal(outputProblems(ours, { y: float32([2], [100, NaN]) }).length, 1);
  assert.equal(
    outputProblems({ y: float32([1], [NaN]) }, { y: float32([1], [NaN]) }).length,
    1,
    "no number is no result",
  );
});
