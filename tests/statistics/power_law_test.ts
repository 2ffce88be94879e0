import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";
import { fitPowerLaw } from "lib/statistics/mod.ts";

interface Case {
  x: number[];
  y: number[];
  exponent: number;
  coefficient: number;
  low: number;
  high: number;
  rSquared: number;
}
const path = projectPath("tests", "golden", "statistics", "power_law.json");
const golden = JSON.parse(readFileSync(path, "utf8")) as { cases: Case[] };

Deno.test("fitPowerLaw agrees with scipy's regression of logarithms", () => {
  for (const { x, y, exponent, coefficient, low, high, rSquared } of golden.cases) {
    const law = fitPowerLaw(x, y);
    const pairs = [
      [law.exponent.value, exponent],
      [law.coefficient, coefficient],
      [law.exponent.interval.low, low],
      [law.exponent.interval.high, high],
      [law.rSquared, rSquared],
      [law.predict(x[2]), coefficient * x[2] ** exponent],
    ];
    for (const [got, expected] of pairs) {
      assert.ok(Math.abs(got / expected - 1) < 1e-9, `expected ${expected}, got ${got}`);
    }
    assert.equal(law.exponent.n, x.length);
  }
});

Deno.test("a law without scatter has an interval of no width", () => {
  const { exponent, rSquared } = fitPowerLaw([1, 10, 100], [2, 200, 20000]);
  assert.ok(Math.abs(exponent.value - 2) < 1e-12 && exponent.interval.high - exponent.interval.low < 1e-6);
  assert.ok(rSquared > 1 - 1e-12);
});

Deno.test("fitPowerLaw refuses what has no logarithm or no spread", () => {
  assert.throws(() => fitPowerLaw([1, 2], [1, 2]), /expected at least 3 samples, got 2/);
  assert.throws(() => fitPowerLaw([1, 2, 3], [1, 2]), /as many samples on both sides, got 3 and 2/);
  assert.throws(() => fitPowerLaw([1, 2, 0], [1, 2, 3]), /expected positive numbers, got 0 at index 2/);
  assert.throws(() => fitPowerLaw([2, 2, 2], [1, 2, 3]), /two different sizes, got 2 only/);
  assert.throws(() => fitPowerLaw([1, 2, 3], [1, 2, 3], { confidence: 1 }), /confidence between 0 and 1, got 1/);
});
