import assert from "node:assert/strict";
import { comparePairs, compareRecords, comparisonTable, incomparable } from "lib/bench/mod.ts";
import { recordFrom, runOf, timesOf } from "./made_records.ts";

const of = (ms: number, seed = 1, options = {}) =>
  recordFrom([0, 1, 2].map((process) => runOf(timesOf(ms, { seed: 10 * seed + process }))), options);

Deno.test("compareRecords gives the ratio of the medians within its interval, and its inverse for the inverse", () => {
  const [a, b] = [of(2, 1), of(1, 2)];
  const { ratio, low, high, n, method } = compareRecords(a, b);
  assert.ok(Math.abs(ratio - 2) < 0.02 && low <= ratio && ratio <= high && high - low < 0.1, `${low} ${ratio} ${high}`);
  assert.deepEqual([n, /processes \(3 and 3\)/.test(method)], [27, true]);
  assert.ok(Math.abs(compareRecords(b, a).ratio * ratio - 1) < 1e-9);
  const same = compareRecords(a, a);
  assert.ok(same.ratio === 1 && same.low <= 1 && same.high >= 1);
});

Deno.test("one process each is compared, and the interval says what it does not hold", () => {
  const one = (seed: number) => recordFrom([runOf(timesOf(1, { seed }))]);
  assert.match(compareRecords(one(1), one(2)).method, /what another process would change is not in it/);
});

Deno.test("incomparable names every reason", () => {
  const a = of(1);
  assert.deepEqual(incomparable(a, of(2, 2, { provider: { name: "webgpu" } })), [], "providers are what one compares");
  assert.deepEqual(incomparable(a, of(1, 2, { batchSize: 8 })), ["another batch: 1 and 8"]);
  assert.deepEqual(incomparable(a, { ...a, dtype: "float16" }), ["another dtype: float32 and float16"]);
  assert.deepEqual(incomparable(a, { ...a, scenario: { name: "offline" } }), [
    'another scenario: {"name":"singleStream"} and {"name":"offline"}',
  ]);
  assert.match(
    incomparable(a, { ...a, machine: { ...a.machine, chip: "Apple M4 Pro" } })[0],
    /another machine, chip: .* and Apple M4 Pro/,
  );
  assert.deepEqual(incomparable(a, { ...a, machine: { ...a.machine, power: "battery" } }), []);
  assert.match(
    incomparable(a, { ...a, subject: { ...a.subject, name: "other" } })[0],
    /another subject: some model and other/,
  );
  assert.match(
    incomparable(a, { ...a, subject: { ...a.subject, sha256: "b".repeat(64) } })[0],
    /another model of the same name/,
  );
  assert.match(incomparable({ ...a, verdict: "INVALID", reasons: ["drift"] }, a)[0], /^A is INVALID \(drift\)/);
  assert.match(
    incomparable(a, { ...a, outcome: "absent", reasons: ["no GPU"] })[0],
    /^B was not measured \(absent: no GPU\)/,
  );
  assert.throws(() => compareRecords(a, of(1, 2, { batchSize: 8 })), /Cannot compare: another batch: 1 and 8/);
});

Deno.test("comparePairs takes the same batch and provider, and tells what has no counterpart", () => {
  const cpu = (batchSize: number) => of(batchSize, 1, { batchSize });
  const gpu = (batchSize: number) => of(batchSize / 2, 2, { batchSize, provider: { name: "webgpu" } });
  const both = comparePairs([cpu(1), gpu(1), cpu(8)], [cpu(1), gpu(1)]);
  assert.deepEqual(both.pairs.map(({ a, b }) => [a.providerLabel, b.providerLabel]), [["cpu", "cpu"], [
    "webgpu",
    "webgpu",
  ]]);
  assert.deepEqual(both.alone.map(({ batchSize }) => batchSize), [8]);
  const across = comparePairs([cpu(1), cpu(8)], [gpu(8), gpu(1)]);
  assert.deepEqual(across.pairs.map(({ a, b }) => [a.batchSize, b.batchSize]), [[1, 1], [8, 8]]);
  assert.ok(across.pairs.every(({ comparison }) => Math.abs(comparison!.ratio - 2) < 0.05));
  assert.match(comparisonTable(across.pairs), /cpu \| webgpu \| +1 \|/);
  const refused = comparePairs([cpu(1)], [cpu(8)]);
  assert.match(comparisonTable(refused.pairs), /^Cannot compare cpu x 1 with cpu x 8: another batch/);
});
