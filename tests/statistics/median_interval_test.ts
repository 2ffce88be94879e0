import assert from "node:assert/strict";
import { medianInterval, random } from "lib/statistics/mod.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => n - i);

Deno.test("medianInterval takes the order statistics of the binomial table", () => {
  // n, rank of the lower bound for 95% (Conover, table A3; also scipy.stats.binom.ppf(0.025, n, 0.5)).
  for (
    const [n, rank] of [[6, 1], [7, 1], [8, 1], [9, 2], [11, 2], [12, 3], [15, 4], [20, 6], [100, 40], [3000, 1446]]
  ) {
    const { value, interval } = medianInterval(upTo(n));
    assert.deepEqual([value, interval.low, interval.high], [(n + 1) / 2, rank, n + 1 - rank], `${n} samples`);
  }
  assert.match(medianInterval(upTo(9)).interval.method, /order statistics 2 and 8 of 9 .* 96\.1%/);
  assert.deepEqual(medianInterval(upTo(6), { confidence: 0.5 }).interval.low, 2);
});

Deno.test("medianInterval holds the median as often as it says, of a skewed distribution too, and a wild sample changes nothing", () => {
  const [trials, n] = [2000, 9];
  let held = 0;
  for (let trial = 0; trial < trials; trial++) {
    const samples = [...random(trial, "skewed").fillNormal(new Float64Array(n), 0, 1)].map(Math.exp); // median 1
    const { interval } = medianInterval(samples);
    if (interval.low <= 1 && 1 <= interval.high) held++;
  }
  // 96.1% is exact; three standard errors of 2000 trials are 1.3 points.
  assert.ok(Math.abs(held / trials - 0.961) < 0.013, `${held / trials}`);
  const steady = [1.9, 1.95, 2, 2, 2, 2.05, 2.1, 2.1, 2.2];
  assert.deepEqual(medianInterval([...steady.slice(0, 8), 40]).interval, medianInterval(steady).interval);
});

Deno.test("medianInterval refuses what cannot bound a median", () => {
  assert.throws(() => medianInterval([1, 2, 3, 4, 5]), /expected at least 6 samples, got 5/);
  assert.throws(() => medianInterval(upTo(9), { confidence: 0.999 }), /expected at least 11 samples/);
  assert.throws(() => medianInterval([1, 2, 3, 4, 5, NaN]), TypeError);
  for (const confidence of [0, 1, NaN]) assert.throws(() => medianInterval(upTo(9), { confidence }), RangeError);
});
