import assert from "node:assert/strict";
import { randomDataset } from "lib/data/mod.ts";
import { openings, openTestSplit } from "lib/evaluate/mod.ts";

Deno.test("openTestSplit opens once per report and dataset, and openings lists it", () => {
  const [first, second] = [30, 31].map((seed) => randomDataset({ rows: 50, width: 2, seed }));
  const before = openings().length;
  const indices = openTestSplit(first, { report: "a" });
  assert.deepEqual([...indices], [45, 46, 47, 48, 49]);
  assert.throws(() => openTestSplit(first, { report: "a" }), /second one for "a".*restart the kernel/);
  openTestSplit(first, { report: "b" });
  openTestSplit(second, { report: "a" });
  assert.throws(() => openTestSplit(second, { report: "" }), /name of a report/);
  const hash = first.hash;
  assert.deepEqual(openings().slice(before).map(({ report, dataset, rows }) => [report, dataset, rows]), [
    ["a", first.name, 5],
    ["b", first.name, 5],
    ["a", second.name, 5],
  ]);
  assert.equal(openings()[before].hash, hash);
  assert.throws(() => openTestSplit(randomDataset({ rows: 50, width: 2, seed: 30 }), { report: "a" }), RangeError);
});

Deno.test("openings cannot be changed from outside", () => {
  const count = openings().length;
  (openings() as unknown[]).push("x");
  assert.equal(openings().length, count);
  const dataset = randomDataset({ rows: 50, width: 2, seed: 32 });
  openTestSplit(dataset, { report: "c" }).fill(0);
  assert.deepEqual([...dataset.splits.test], [45, 46, 47, 48, 49]);
});
