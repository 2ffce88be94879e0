import assert from "node:assert/strict";
import { linearTrend, random, robustTrend } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

const OPTIONS = { seed: 1, resamples: 200 };

Deno.test("robustTrend is the median slope between all pairs", () => {
  const values = [0, 1, 0, 2, 2, 1, 3, 4, 3, 5, 5, 4];
  const slopes = values.flatMap((a, i) => values.slice(i + 1).map((b, k) => (b - a) / (k + 1))).sort((a, b) => a - b);
  const { value, n } = robustTrend(values, OPTIONS);
  assertAllClose([value], [(slopes[32] + slopes[33]) / 2], { rtol: 1e-12 });
  assert.equal(n, 11);
});

Deno.test("robustTrend has no spread on a line, and a flat series has none", () => {
  const { value, interval } = robustTrend(Float64Array.from({ length: 30 }, (_, i) => 7 - 3 * i), OPTIONS);
  assertAllClose([value, interval.low, interval.high], [-3, -3, -3], { rtol: 1e-9 });
  const flat = robustTrend(new Float64Array(20).fill(4e9), OPTIONS);
  assert.deepEqual([flat.value, flat.interval.low, flat.interval.high], [0, 0, 0]);
});

Deno.test("one large step early or late moves least squares and not robustTrend", () => {
  for (const at of [4, 40]) {
    const values = Float64Array.from({ length: 45 }, (_, i) => 100 * i + (i < at ? 1e6 : 0));
    assert.equal(robustTrend(values, OPTIONS).value, 100);
    assert.ok(linearTrend(values).slope.value < -2000);
  }
});

Deno.test("growth in few large steps is growth", () => {
  const values = Float64Array.from({ length: 45 }, (_, i) => 500 * Math.floor(i / 5));
  const { value, interval } = robustTrend(values, OPTIONS);
  assertAllClose([value], [100], { rtol: 0.1 });
  assert.ok(interval.low > 20 && interval.high < 200, JSON.stringify(interval));
});

Deno.test("robustTrend's intervals hold the true slope about as often as they say, of random walks and of noise around a line", () => {
  for (const isWalk of [true, false]) {
    let held = 0;
    for (let seed = 0; seed < 60; seed++) {
      const noise = random(seed, "robust trend").fillNormal(new Float32Array(45), 0, 1);
      let walk = 0;
      const values = Float64Array.from(noise, (value, i) => 0.2 * i + (isWalk ? walk += value : value));
      const { low, high } = robustTrend(values, { seed, resamples: 150 }).interval;
      if (low <= 0.2 && 0.2 <= high) held++;
    }
    assert.ok(held >= 51, `${isWalk ? "walks" : "lines"}: ${held} of 60`);
  }
});

Deno.test("robustTrend refuses too few values, and values that are not finite", () => {
  assert.throws(() => robustTrend(new Float64Array(10), OPTIONS), /Cannot fit a robust line: expected at least 11/);
  assert.throws(() => robustTrend([...new Float64Array(11), NaN], OPTIONS), /Cannot fit a robust line/);
});
