// Sessions whose outputs stay where they were computed, and whose weights stay in a file.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensorsHeader, writeSafetensors } from "lib/data/mod.ts";
import {
  type ArrayValue,
  cast,
  concat,
  type Graph,
  graph,
  input,
  matMul,
  parameter,
  reduceSum,
  type Tensor,
} from "lib/graph/mod.ts";
import { compile, compileResident, type ResidentArray, type ResidentOptions } from "lib/runtime/mod.ts";

const float32 = (shape: number[], data: Float32Array): ArrayValue => ({ dtype: "float32", shape, data });
const counted = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));
const valueOf = (value: ArrayValue | ResidentArray): ArrayValue => {
  assert.ok("data" in value);
  return value;
};
const residentOf = (value: ArrayValue | ResidentArray): ResidentArray => {
  assert.ok(!("data" in value));
  return value;
};

/** A list that grows, its sum, and a product with a stored matrix. */
function growing(): Graph {
  const past = input("past", "float32", ["past", 4]);
  const x = input("x", "float32", ["more", 4]);
  const w: Tensor = parameter("w", [4, 3], { initializer: { kind: "constant", value: 0 } });
  const joined = concat([past, x], 0);
  return graph("growing", { joined, total: reduceSum(joined), product: matMul(x, w) });
}

const W = float32([4, 3], counted(12));

for (const binding of ["auto", "node"] as const) {
  Deno.test(`outputs that stay are inputs of later runs (${binding})`, async () => {
    const session = await compileResident(growing(), { binding, threads: 1, resident: ["joined"], weights: { w: W } });
    assert.deepEqual([...session.inputNames].sort(), ["past", "x"]);
    const x = float32([2, 4], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    let past: ArrayValue | ResidentArray = float32([1, 4], new Float32Array(4));
    for (let run = 1; run <= 5; run++) {
      const { joined, total, product }: Record<string, ArrayValue | ResidentArray> = await session.run({ past, x });
      assert.equal(valueOf(total).data[0], 36 * run);
      assert.deepEqual(valueOf(product).shape, [2, 3]);
      if (!("data" in past)) past.release();
      past = residentOf(joined);
      assert.deepEqual([...past.shape], [1 + 2 * run, 4]);
      assert.equal(past.byteLength, 16 * (1 + 2 * run));
    }
    await assert.rejects(
      session.run({ past, x: float32([2, 3], new Float32Array(6)) }),
      /expected x float32 \[more, 4\]/,
    );
    await assert.rejects(session.run({ past: x }), /expected x float32 \[more, 4\], got none/);
    residentOf(past).release();
    await session.release();
  });

  Deno.test(`results in float16 are bits, as everywhere (${binding})`, async () => {
    const half = graph("half", { y: cast(input("x", "float32", [2]), "float16") });
    const session = await compileResident(half, { binding, threads: 1, resident: [] });
    const { y } = await session.run({ x: float32([2], Float32Array.of(1, -2)) });
    assert.deepEqual(valueOf(y).data, Uint16Array.of(0x3c00, 0xc000));
    await session.release();
  });
}

Deno.test("weights in a file give the bits of weights in the model, copied or read in place", async () => {
  const folder = mkdtempSync(join(tmpdir(), "resident-"));
  try {
    await writeSafetensors(join(folder, "w.safetensors"), { w: { shape: W.shape, data: W.data as Float32Array } });
    const { tensors } = await readSafetensorsHeader(join(folder, "w.safetensors"));
    const external = { folder, tensors: { w: tensors.get("w")! } };
    const feeds = { past: float32([1, 4], counted(4)), x: float32([3, 4], counted(12)) };
    const stored = await compile(growing(), { threads: 1, weights: { w: W } });
    const expected = await stored.run(feeds);
    await stored.release();
    const ways: Partial<ResidentOptions>[] = [{}, { weightsInPlace: true }, { binding: "node" }];
    for (const way of ways) {
      const session = await compileResident(growing(), { threads: 1, resident: [], external, ...way });
      const results = await session.run(feeds);
      assert.deepEqual(valueOf(results.product).data, expected.product.data);
      await session.release();
    }
    const cut = { folder, tensors: { w: { ...external.tensors.w, offset: 1 << 20 } } };
    await assert.rejects(compileResident(growing(), { threads: 1, resident: [], external: cut }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("compileResident refuses an output that the graph has not, and runs after release", async () => {
  await assert.rejects(
    compileResident(growing(), { resident: ["none"] }),
    /expected outputs that stay to be outputs, got "none"/,
  );
  const session = await compileResident(growing(), { threads: 1, resident: [], weights: { w: W } });
  await session.release();
  const x = float32([1, 4], counted(4));
  await assert.rejects(session.run({ past: x, x }), /Cannot run growing: its session was released/);
});

Deno.test("an array that was released is refused, not read", async () => {
  const session = await compileResident(growing(), { threads: 1, resident: ["joined"], weights: { w: W } });
  const x = float32([1, 4], counted(4));
  const past = residentOf((await session.run({ past: x, x })).joined);
  past.release();
  await assert.rejects(session.run({ past, x }), /Cannot run growing: the array for past was released/);
  await session.release();
});
