import assert from "node:assert/strict";
import { speedWindows } from "lib/language/mod.ts";

const iterations = (count: number, seconds: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => ({
    iteration: i + 1,
    seconds: seconds(i),
    tokens: 70,
    rssBytes: 1e9,
    peakRssBytes: 1e9 + i,
  }));

Deno.test("speedWindows gives the median of each window, with an interval around it", () => {
  const windows = speedWindows(iterations(500, (i) => 0.1 + 0.001 * (i % 7)));
  assert.deepEqual(windows.map(({ from, to, count }) => [from, to, count]), [[0, 100, 100], [100, 300, 200], [
    300,
    500,
    200,
  ]]);
  for (
    const { iterationsPerSecond: speed, tokensPerSecond: tokens, iterationsPerSecondDeviation: deviation } of windows
  ) {
    assert.ok(Math.abs(speed.value - 1 / 0.103) < 1e-9);
    assert.ok(Math.abs(tokens.value - 70 / 0.103) < 1e-6);
    assert.ok(speed.interval.low <= speed.value && speed.value <= speed.interval.high);
    assert.ok(deviation > 0.1 && deviation < 0.3);
  }
  assert.deepEqual(windows.map(({ peakRssBytes }) => peakRssBytes), [1e9 + 99, 1e9 + 299, 1e9 + 499]);
});

Deno.test("speedWindows leaves out windows that were not reached, and takes short ones", () => {
  assert.deepEqual(speedWindows(iterations(100, () => 1)).length, 1);
  assert.deepEqual(speedWindows(iterations(101, () => 1)).length, 1);
  const [, second] = speedWindows(iterations(104, () => 0.5));
  assert.deepEqual([second.count, second.iterationsPerSecond.value], [4, 2]);
  assert.deepEqual(speedWindows(iterations(9, () => 1), [[4, 9]]).map(({ count }) => count), [5]);
  assert.deepEqual(speedWindows([]), []);
});
