import assert from "node:assert/strict";
import { blocksOf, measureOf, tukeyOutliers } from "lib/bench/harness/measure.ts";
import { Monitor } from "lib/bench/harness/windows.ts";
import { random } from "lib/statistics/mod.ts";

const noise = (n: number, seed: number) => {
  const stream = random(seed, "measure");
  return Float64Array.from({ length: n }, () => 1 + stream.normal(0, 0.02));
};

Deno.test("measureOf gives percentiles only where the number of calls supports them", () => {
  const of = (n: number) => {
    const { p90, p95, p99 } = measureOf([noise(n, 1)]);
    return [p90, p95, p99].map((value) => value !== null);
  };
  assert.deepEqual(of(63), [false, false, false]);
  assert.deepEqual(of(64), [true, false, false]);
  assert.deepEqual(of(661), [true, true, false]);
  assert.deepEqual(of(662), [true, true, true]);
  const means = measureOf([noise(1000, 1)], { perCall: false });
  assert.deepEqual([means.p90, means.p95, means.p99], [null, null, null], "of means there are no percentiles of calls");
});

Deno.test("outliers are counted and stay in", () => {
  const samples = [...Array.from({ length: 20 }, (_, i) => 10 + i / 10), 14, 50];
  assert.deepEqual(tukeyOutliers(samples), { mild: 1, severe: 1 });
  const { n, max, outliers } = measureOf([samples]);
  assert.deepEqual([n, max, outliers.severe], [22, 50, 1]);
});

Deno.test("the interval holds the median, and the drift is that of the worst process", () => {
  const { interval, median, drift } = measureOf([noise(300, 1), noise(300, 2)]);
  assert.ok(interval!.low <= median && median <= interval!.high);
  assert.ok(Math.abs(drift) < 0.02);
  const rising = Float64Array.from({ length: 300 }, (_, i) => 1 + i / 300);
  assert.ok(measureOf([noise(300, 1), rising]).drift > 0.4);
  assert.equal(measureOf([[2]]).interval, null, "one call has no interval");
});

Deno.test("blocksOf keeps all samples, in order, in nine blocks at most", () => {
  for (const n of [1, 8, 9, 10, 100]) {
    const samples = Array.from({ length: n }, (_, i) => i + 1);
    const blocks = blocksOf(samples);
    assert.ok(blocks.length <= 9);
    assert.deepEqual(blocks.flat(), samples);
  }
});

Deno.test("the monitor closes a window every hundred calls, with throughput by the clock", () => {
  let rss = 1000;
  const monitor = new Monitor(4, () => rss++);
  for (let i = 1; i <= 250; i++) monitor.add(i <= 100 ? 2 : 3, i * 5);
  monitor.end(250 * 5);
  assert.deepEqual(monitor.windows.map(({ from }) => from), [0, 100, 200]);
  const [first, second, last] = monitor.windows;
  assert.deepEqual([first.count, first.medianMs, first.rssBytes], [100, 2, 1000]);
  assert.ok(Math.abs(first.rowsPerSecond - 100 * 4 / 0.5) < 1e-9, "time between calls counts");
  assert.deepEqual([second.medianMs, second.elapsedMs, last.count], [3, 1000, 50]);
});
