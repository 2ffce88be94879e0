import assert from "node:assert/strict";
import { lossDifference } from "lib/bench/mod.ts";
import { peerForms } from "lib/bench/sweep_benchmark.ts";

Deno.test("lossDifference tells the geometric mean, and takes other losses for another computation", () => {
  const own = [1, 2, 3, 4];
  const same = lossDifference(own, own, 4);
  assert.equal(same.problem, null);
  assert.match(same.text, /geometric mean of 4 trials 0.00% \(standard error 0.00% over 4 seeds\)/);
  const noisy = lossDifference([1.1, 1.9, 3.2, 3.9], own, 4);
  assert.equal(noisy.problem, null, noisy.text);
  const higher = lossDifference(own.map((loss, i) => loss * (1.05 + i * 1e-4)), own, 4);
  assert.match(higher.problem ?? "", /^the losses are not alike: .* 5\.0\d%/);
  assert.match(lossDifference([NaN, 1], [1, 1], 2).problem ?? "", /not alike/);
  assert.match(lossDifference([1, 2], [1], 1).problem ?? "", /expected 2 final losses, got 1/);
  assert.notEqual(lossDifference([], [], 1).problem, null);
  // One seed's luck, seen with many configurations, is one sample and not many.
  const lucky = Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? 1.25 : 1));
  assert.equal(lossDifference(lucky, lucky.map(() => 1), 5).problem, null);
});

Deno.test("Optuna is measured as one process with all cores, and as one a core", () => {
  const told = (cores: number) => peerForms(cores).map(({ processes, threads }) => `${processes}x${threads}`);
  assert.deepEqual(told(2), ["1x2", "2x1", "2x1"]);
  assert.deepEqual(told(1), ["1x1", "1x1"]);
  assert.deepEqual(peerForms(2).map(({ compiled }) => compiled), [false, false, true]);
});
