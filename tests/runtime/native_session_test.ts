// The session that calls ONNX Runtime's library itself, beside the one through onnxruntime-node: same results, no copies.

import assert from "node:assert/strict";
import {
  type ArrayValue,
  type DType,
  gather,
  graph,
  identity,
  input,
  matMul,
  parameter,
  reduceSum,
  relu,
  type Tensor,
} from "lib/graph/mod.ts";
import { compile, type CompileOptions, type Session } from "lib/runtime/mod.ts";
import { foreignInterface } from "lib/runtime/native/foreign.ts";
import { onnxRuntimeC } from "lib/runtime/native/onnxruntime_c.ts";

const float32 = (shape: number[], data: Float32Array): ArrayValue => ({ dtype: "float32", shape, data });
const counted = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));

async function withSession(
  outputs: Record<string, Tensor>,
  body: (session: Session) => Promise<void>,
  options: CompileOptions = {},
): Promise<void> {
  const session = await compile(graph("tested", outputs), { threads: 1, ...options });
  try {
    await body(session);
  } finally {
    await session.release();
  }
}

Deno.test("Deno calls the library itself", () => {
  assert.notEqual(foreignInterface(), null);
  assert.notEqual(onnxRuntimeC(), null);
});

Deno.test("compile gives bit for bit what onnxruntime-node gives, weights fed or stored", async () => {
  const x = input("x", "float32", ["batch", 40]);
  const w = parameter("w", [40, 30], { initializer: { kind: "constant", value: 0 } });
  const outputs = { hidden: relu(matMul(x, w)), total: reduceSum(matMul(x, w)) };
  const feeds = { x: float32([7, 40], counted(280)) };
  const weights = { w: float32([40, 30], counted(1200)) };
  const results: Record<string, ArrayValue>[] = [];
  for (const binding of ["auto", "node"] as const) {
    await withSession(outputs, async (session) => {
      assert.deepEqual([...session.inputNames].sort(), ["w", "x"]);
      assert.deepEqual(session.outputNames, ["hidden", "total"]);
      results.push(await session.run({ ...feeds, ...weights }));
    }, { binding });
    await withSession(outputs, async (session) => {
      assert.deepEqual(session.inputNames, ["x"]);
      results.push(await session.run(feeds));
    }, { binding, weights });
  }
  assert.deepEqual(results[0].hidden.shape, [7, 30]);
  assert.deepEqual(results[0].total.shape, []);
  for (const other of results.slice(1)) {
    for (const name of ["hidden", "total"]) {
      assert.deepEqual(Array.from(other[name].shape), Array.from(results[0][name].shape));
      assert.deepEqual(other[name].data, results[0][name].data);
    }
  }
});

Deno.test("a session reads and gives every dtype", async () => {
  const examples: [DType, ArrayValue["data"]][] = [
    ["float32", Float32Array.of(1.5, -2)],
    ["float64", Float64Array.of(1 / 3, -2)],
    ["float16", Uint16Array.of(0x3c00, 0xc000)],
    ["int64", BigInt64Array.of(2n ** 60n, -3n)],
    ["int32", Int32Array.of(2 ** 30, -3)],
    ["int8", Int8Array.of(127, -128)],
    ["uint8", Uint8Array.of(255, 0)],
    ["bool", Uint8Array.of(1, 0)],
  ];
  for (const [dtype, data] of examples) {
    await withSession({ y: identity(input("x", dtype, ["n"])) }, async (session) => {
      const { y } = await session.run({ x: { dtype, shape: [2], data } });
      assert.equal(y.dtype, dtype);
      assert.deepEqual(y.data, data, dtype);
    });
  }
});

Deno.test("a bound run reads what its arrays hold at each call, also scalars, shared and WebAssembly memory", async () => {
  const x = input("x", "float32", [4]);
  await withSession({ y: relu(x), total: reduceSum(x) }, async (session) => {
    const shared = new Float32Array(new SharedArrayBuffer(64), 16, 4);
    const wasm = new Float32Array(new WebAssembly.Memory({ initial: 1 }).buffer, 128, 4);
    const total = new Float32Array(1);
    const bound = session.bind(
      { x: float32([4], shared as unknown as Float32Array) },
      { y: float32([4], wasm), total: float32([], total) },
    );
    for (const scale of [1, -3]) {
      shared.set([1, -2, 3, -4].map((value) => value * scale));
      await bound.run();
      assert.deepEqual(Array.from(wasm), [1, -2, 3, -4].map((value) => Math.max(0, value * scale)));
      assert.equal(total[0], -2 * scale);
    }
  });
});

Deno.test("a bound run may leave outputs out", async () => {
  const x = input("x", "float32", [2]);
  await withSession({ y: relu(x), total: reduceSum(x) }, async (session) => {
    const total = new Float32Array(1);
    await session.bind({ x: float32([2], Float32Array.of(4, -1)) }, { total: float32([], total) }).run();
    assert.equal(total[0], 3);
  });
});

Deno.test("a session refuses what does not fit, an index out of range with the node's name, and calls after its release", async () => {
  const rows = gather(input("table", "float32", [3, 2]), input("i", "int64", ["n"]), 0);
  const session = await compile(graph("lookup", { y: rows }), { threads: 1 });
  const table = float32([3, 2], counted(6));
  const at = (...indices: bigint[]): Record<string, ArrayValue> => ({
    table,
    i: { dtype: "int64", shape: [indices.length], data: BigInt64Array.from(indices) },
  });
  const bound = session.bind(at(5n), { y: float32([1, 2], new Float32Array(2)) });
  await assert.rejects(() => session.run({ table }), /Cannot run: expected i int64 \[n\], got none/);
  assert.throws(() => session.bind({ table }, {}), /expected i int64/);
  assert.throws(() => session.bind(at(1n), { y: float32([2], new Float32Array(2)) }), /expected y float32 \[n, 2\]/);
  await assert.rejects(() => session.run(at(5n)), /Gather.*indices element out of data bounds, idx=5/s);
  await assert.rejects(() => bound.run(), /Gather.*out of data bounds/s);
  assert.deepEqual(
    (await session.run(at(2n, 0n))).y.data,
    Float32Array.of(...[4, 5, 0, 1].map((k) => Math.sin(k + 1))),
  );
  await session.release();
  await session.release();
  await assert.rejects(() => session.run(at(0n)), /Cannot run lookup: its session was released/);
  await assert.rejects(() => bound.run(), /Cannot run lookup: its session was released/);
});

Deno.test("a loop of runs lets timers through", async () => {
  await withSession({ y: relu(input("x", "float32", [1])) }, async (session) => {
    const one = () => float32([1], new Float32Array(1));
    const bound = session.bind({ x: one() }, { y: one() });
    let fired = false;
    const timer = setTimeout(() => fired = true, 1);
    for (const start = performance.now(); !fired && performance.now() - start < 10_000;) await bound.run();
    clearTimeout(timer);
    assert.ok(fired);
  });
});
