import assert from "node:assert/strict";
import { linearTrend, random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

/** An AR(1) series around a line. */
function series(seed: number, { n, slope, memory }: { n: number; slope: number; memory: number }): Float64Array {
  const noise = random(seed, "trend").fillNormal(new Float32Array(n), 0, 1);
  let state = 0;
  return Float64Array.from(noise, (value, i) => slope * i + (state = memory * state + value));
}

Deno.test("linearTrend is the line of least squares", () => {
  const { slope, effectiveCount } = linearTrend([1, 2, 4, 4, 7]);
  assertAllClose([slope.value], [1.4], { rtol: 1e-12 });
  assert.equal(slope.n, 5);
  assert.ok(effectiveCount <= 5);
  const exact = linearTrend(Float64Array.from({ length: 100 }, (_, i) => 3 - 2 * i));
  assertAllClose([exact.slope.value, exact.slope.interval.low, exact.slope.interval.high], [-2, -2, -2], {
    rtol: 1e-9,
  });
  const flat = linearTrend(new Float64Array(10).fill(5));
  assert.deepEqual([flat.slope.value, flat.slope.interval.low, flat.slope.interval.high], [0, 0, 0]);
});

Deno.test("linearTrend's interval is Student's where values are independent", () => {
  // Residuals that alternate count as many values as there are.
  const values = [0, 1, 0, 1, 0, 1, 0, 1];
  const { slope, effectiveCount } = linearTrend(values);
  assert.equal(effectiveCount, 8);
  // scipy.stats.linregress(range(8), values): slope 1/21, standard error 0.0869; t(0.975, 6) = 2.4469.
  assertAllClose([slope.value], [1 / 21], { rtol: 1e-12 });
  assertAllClose([slope.interval.high - slope.value], [2.446911851 * 0.08694008849288351], { rtol: 1e-6 });
});

Deno.test("linearTrend's intervals hold the true slope about as often as they say, also of values with memory", () => {
  for (const memory of [0, 0.6]) {
    let held = 0;
    for (let seed = 0; seed < 300; seed++) {
      const { interval } = linearTrend(series(seed, { n: 200, slope: 0.05, memory })).slope;
      if (interval.low <= 0.05 && 0.05 <= interval.high) held++;
    }
    assert.ok(held / 300 > 0.9, `memory ${memory}: ${held} of 300`);
  }
});

Deno.test("linearTrend refuses too few values, values that are not finite, and a confidence that is none", () => {
  assert.throws(() => linearTrend([1, 2]), /Cannot fit a line/);
  assert.throws(() => linearTrend([1, NaN, 3]), /Cannot fit a line/);
  for (const confidence of [0, 1, 2]) {
    assert.throws(() => linearTrend([1, 2, 3], { confidence }), /expected confidence between 0 and 1, got/);
  }
});
