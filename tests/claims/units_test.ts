import assert from "node:assert/strict";
import { unitFactor } from "lib/claims/mod.ts";
import { describeUnit } from "lib/claims/units.ts";
import { loadClaims } from "lib/claims/mod.ts";

Deno.test("units of one quantity convert both ways", () => {
  const cases: [string, string, number][] = [
    ["s", "ms", 1000],
    ["ms", "s", 0.001],
    ["min", "h", 1 / 60],
    ["MB", "GB", 0.001],
    ["bytes", "MB", 1e-6],
    ["1", "%", 100],
    ["%", "1", 0.01],
    ["TFLOPS", "GFLOPS", 1000],
    ["count", "count", 1],
    ["iterations/s", "iterations/s", 1],
  ];
  for (const [from, to, factor] of cases) assert.ok(Math.abs(unitFactor(from, to)! - factor) < 1e-12, `${from} ${to}`);
});

Deno.test("units of different quantities do not", () => {
  for (const [from, to] of [["MB", "ms"], ["count", "%"], ["tokens/s", "samples/s"], ["x", "ms"], ["toString", "s"]]) {
    assert.equal(unitFactor(from, to), null, `${from} ${to}`);
  }
});

Deno.test("a unit says what it measures", () => {
  assert.equal(describeUnit("ms"), "ms (time)");
  assert.equal(describeUnit("count"), "count");
});

Deno.test("every unit of the ledger is one that converts to itself", () => {
  const units = new Set([...loadClaims().values()].map(({ unit }) => unit ?? ""));
  for (const unit of units) assert.equal(unitFactor(unit, unit), 1);
});
