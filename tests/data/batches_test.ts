import assert from "node:assert/strict";
import { batches, gatherRows } from "lib/data/mod.ts";

const ROWS = Uint32Array.from({ length: 103 }, (_, i) => 1000 + i);

Deno.test("batches contains every index once and leaves its input alone", () => {
  const before = ROWS.slice();
  const epoch = batches(ROWS, { batchSize: 10, seed: 1, epoch: 0 });
  assert.deepEqual(epoch.map((batch) => batch.length), [...Array(10).fill(10), 3]);
  const all = epoch.flatMap((batch) => [...batch]);
  assert.notDeepEqual(all, [...ROWS]);
  assert.deepEqual(all.sort(), [...ROWS]);
  assert.deepEqual(ROWS, before);
});

Deno.test("batches drops the last short batch only when asked", () => {
  assert.equal(batches(ROWS, { batchSize: 10, seed: 1, epoch: 0, dropLast: true }).length, 10);
  assert.equal(batches(ROWS.subarray(0, 100), { batchSize: 10, seed: 1, epoch: 0, dropLast: true }).length, 10);
  const whole = batches(ROWS, { batchSize: 1000, seed: 1, epoch: 0 });
  assert.deepEqual(whole.map((batch) => batch.length), [103]);
});

Deno.test("batches depends on seed and epoch only", () => {
  const seventh = batches(ROWS, { batchSize: 16, seed: 5, epoch: 7 });
  for (let epoch = 0; epoch < 7; epoch++) batches(ROWS, { batchSize: 16, seed: 5, epoch });
  assert.deepEqual(batches(ROWS, { batchSize: 16, seed: 5, epoch: 7 }), seventh);
  assert.notDeepEqual(batches(ROWS, { batchSize: 16, seed: 5, epoch: 8 }), seventh);
  assert.notDeepEqual(batches(ROWS, { batchSize: 16, seed: 6, epoch: 7 }), seventh);
});

Deno.test("batches keeps its order from version to version", () => {
  // Pinned: a change here means that no older run can be resumed exactly.
  const order = batches(Uint32Array.of(0, 1, 2, 3, 4, 5, 6, 7), { batchSize: 8, seed: 1, epoch: 0 })[0];
  assert.deepEqual([...order], [2, 7, 3, 4, 6, 1, 0, 5]);
});

Deno.test("batches refuses sizes and epochs that make no batch", () => {
  assert.throws(() => batches(ROWS, { batchSize: 0, seed: 1, epoch: 0 }), /batchSize to be an integer from 1, got 0/);
  assert.throws(() => batches(ROWS, { batchSize: 1.5, seed: 1, epoch: 0 }), RangeError);
  assert.throws(() => batches(ROWS, { batchSize: 8, seed: 1, epoch: -1 }), /epoch to be an integer from 0, got -1/);
  assert.throws(() => batches(new Uint32Array(0), { batchSize: 8, seed: 1, epoch: 0 }), /got 0 rows/);
  assert.throws(() => batches(ROWS, { batchSize: 104, seed: 1, epoch: 0, dropLast: true }), /got 103 rows/);
  assert.throws(() => batches(ROWS, { batchSize: 8, seed: NaN, epoch: 0 }), TypeError);
});

Deno.test("gatherRows copies rows in order into a target that may be longer", () => {
  const column = { dtype: "float32", shape: [4, 1, 2], data: Float32Array.of(0, 1, 10, 11, 20, 21, 30, 31) } as const;
  const target = new Float32Array(8).fill(-1);
  const written = gatherRows(column, Uint32Array.of(3, 0, 3), target);
  assert.deepEqual(written, Float32Array.of(30, 31, 0, 1, 30, 31));
  assert.equal(written.buffer, target.buffer);
  assert.deepEqual([...target.subarray(6)], [-1, -1]);
  assert.throws(() => gatherRows(column, Uint32Array.of(4)), /indices below 4, got 4/);
  assert.throws(
    () => gatherRows(column, Uint32Array.of(0, 1), new Float32Array(3)),
    /target of \[2, 2\], got 3 values/,
  );
});
