import assert from "node:assert/strict";
import { judge, overallRatio, summarizeSide, timeRatio } from "lib/bench/mod.ts";
import { lossProblems } from "lib/bench/train_benchmark.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

/** Blocks of steps of about `medianMs`, `spread` wide. */
function blocks(medianMs: number, { spread = 0.02, count = 12, seed = 1 } = {}): number[][] {
  const stream = random(seed, "blocks");
  return Array.from(
    { length: count },
    () => Array.from({ length: 10 }, () => medianMs * (1 + spread * stream.uniform(-1, 1))),
  );
}

Deno.test("summarizeSide takes median and quartiles over all steps", () => {
  assert.deepEqual(summarizeSide([[1, 2], [3, 4, 5]]), { medianMs: 3, iqrMs: 2, n: 5 });
});

Deno.test("judge finds steady sides VALID", () => {
  assert.deepEqual(judge({ ours: blocks(2), peer: blocks(3) }), { verdict: "VALID", reasons: [] });
});

Deno.test("judge finds a spread above 0.10 NOISY and above 0.25 INVALID, naming the side", () => {
  const noisy = judge({ ours: blocks(2), peer: blocks(3, { spread: 0.2 }) });
  assert.equal(noisy.verdict, "NOISY");
  assert.match(noisy.reasons.join(), /^peer: IQR\/median 0\.[12]\d$/);
  const invalid = judge({ ours: blocks(2, { spread: 0.6 }), peer: blocks(3, { spread: 0.2 }) });
  assert.equal(invalid.verdict, "INVALID");
  assert.match(invalid.reasons[0], /^ours: IQR\/median/);
});

Deno.test("judge finds a drift INVALID", () => {
  const rising = Array.from({ length: 12 }, (_, i) => [1 + i / 40, 1 + i / 40]);
  const { verdict, reasons } = judge({ ours: rising });
  assert.equal(verdict, "INVALID");
  assert.ok(reasons.includes("ours: drift of 19%"), reasons.join());
});

Deno.test("judge keeps what was found before the timing", () => {
  const judgement = judge({ ours: blocks(2, { spread: 0.2 }) }, ["losses differ"]);
  assert.equal(judgement.verdict, "INVALID");
  assert.deepEqual(judgement.reasons[0], "losses differ");
});

Deno.test("timeRatio is the first's time over the second's, with an interval", () => {
  const { ratio, low, high, n } = timeRatio(blocks(2), blocks(3, { seed: 2 }));
  assertAllClose([ratio], [2 / 3], { rtol: 0.02 });
  assert.ok(low <= ratio && ratio <= high && high - low < 0.05 && n === 12);
  // What slows both sides down for a while cancels.
  const slow = (side: number[][]) => side.map((block, i) => block.map((ms) => (i % 3 === 0 ? 4 * ms : ms)));
  assertAllClose([timeRatio(slow(blocks(2)), slow(blocks(3, { seed: 2 }))).ratio], [2 / 3], { rtol: 0.02 });
});

Deno.test("overallRatio is the geometric mean over cells", () => {
  const cells = [
    { first: blocks(1), second: blocks(4, { seed: 2 }) },
    { first: blocks(10), second: blocks(10, { seed: 3 }) },
  ];
  const { ratio, low, high, n } = overallRatio(cells);
  assertAllClose([ratio], [0.5], { rtol: 0.02 });
  assert.ok(low < ratio && ratio < high && n === 24);
  assert.deepEqual(overallRatio(cells), overallRatio(cells));
});

Deno.test("lossProblems names the first step whose losses differ", () => {
  assert.deepEqual(lossProblems([[1, 0.5]]), []);
  assert.deepEqual(lossProblems([[1, 0.5], [1, 0.50001]]), []);
  assert.deepEqual(lossProblems([[1, 0.5], [1, 0.6]]), ["losses differ at step 2: ours 0.5, the peer's 0.6"]);
  assert.deepEqual(lossProblems([[1, 0.5], [1, 0.6]], 0.2), []);
  assert.equal(lossProblems([[1, NaN], [1, 0.6]]).length, 1);
  assert.equal(lossProblems([[1], [1, 0.6]]).length, 1);
});
