// Ratios of subjects whose processes took turns.

import assert from "node:assert/strict";
import { costRatio, roundRatio } from "lib/bench/subjects/cost_ratio.ts";

const record = (...runs: number[][]) => ({ runs: runs.map((blockMediansMs) => ({ blockMediansMs })) as never });

Deno.test("roundRatio compares round by round: what slows both down in a round cancels", () => {
  const [fast, slow] = [record([1, 1.01], [5, 5.05], [2, 2.02]), record([2, 2.02], [10, 10.1], [4, 4.04])];
  const { value, n, interval } = roundRatio(slow, fast);
  assert.ok(Math.abs(value - 2) < 1e-9);
  assert.equal(n, 3);
  assert.ok(interval.low > 1.9 && interval.high < 2.1, JSON.stringify(interval));
  assert.match(interval.method, /3 pairs of processes/);
  // Drawn apart, the rounds' differences are in the interval.
  const apart = costRatio({ record: slow, work: 1 }, [{ record: fast, work: 1 }]).interval;
  assert.ok(apart.high - apart.low > 1, JSON.stringify(apart));
});

Deno.test("roundRatio is wider where rounds disagree, and takes the blocks and rounds that both have", () => {
  const width = (...ratios: number[]) => {
    const { interval } = roundRatio(
      record(...ratios.map((ratio) => [ratio, ratio])),
      record(...ratios.map(() => [1, 1, 1])),
    );
    return interval.high - interval.low;
  };
  assert.ok(width(1.4, 1.5, 1.6) > 2 * width(1.48, 1.5, 1.52));
  assert.equal(roundRatio(record([2, 2], [2, 2], [2, 2]), record([1, 1], [1, 1])).n, 2);
});

Deno.test("roundRatio of single processes, or single blocks, is costRatio's", () => {
  for (const [first, second] of [[record([2, 4]), record([1, 1])], [record([2], [2]), record([1], [1])]]) {
    const expected = costRatio({ record: first, work: 1 }, [{ record: second, work: 1 }]);
    assert.deepEqual(roundRatio(first, second), expected);
  }
  assert.throws(() => roundRatio(record(), record([1, 1])), /records with runs/);
});
