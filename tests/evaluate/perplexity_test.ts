import assert from "node:assert/strict";
import { bitsPerByte, bitsPerByteChange, perplexity, type TextLikelihoods } from "lib/evaluate/mod.ts";
import { random } from "lib/statistics/mod.ts";

const OPTIONS = { seed: 1, resamples: 400 };

/** Texts whose nats a byte follow `rate`, with noise that neighbours share for `run` texts. */
function made(count: number, rate: number, { run = 1, seed = 1 } = {}): TextLikelihoods {
  const stream = random(seed, "likelihoods");
  const bytes = Float64Array.from({ length: count }, () => 20 + stream.integer(200));
  let shared = 0;
  const nats = bytes.map((size, i) => {
    if (i % run === 0) shared = stream.next() - 0.5;
    return size * rate * (1 + 0.4 * shared);
  });
  return { nats, tokens: bytes.map((size) => size + 1), bytes };
}

Deno.test("perplexity and bits per byte are ratios of sums, not means of ratios", () => {
  const scores: TextLikelihoods = {
    nats: Float64Array.from([3, ...new Array(9).fill(10)]),
    tokens: Float64Array.from([1, ...new Array(9).fill(20)]),
    bytes: Float64Array.from([2, ...new Array(9).fill(40)]),
  };
  const nats = 93;
  assert.ok(Math.abs(perplexity(scores, OPTIONS).value - Math.exp(nats / 181)) < 1e-12);
  assert.ok(Math.abs(bitsPerByte(scores, OPTIONS).value - nats / Math.LN2 / 362) < 1e-12);
});

Deno.test("the interval of bits per byte holds the true rate about as often as it says, for texts in runs too", () => {
  for (const run of [1, 8]) {
    let held = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const { interval } = bitsPerByte(made(240, Math.LN2, { run, seed }), { seed, resamples: 300 });
      if (interval.low <= 1 && interval.high >= 1) held++;
    }
    assert.ok(held >= 49, `runs of ${run}: ${held} of 60`);
  }
});

Deno.test("texts that are alike in runs are drawn in longer blocks, and their intervals are wider", () => {
  const [alone, inRuns] = [1, 12].map((run) => bitsPerByte(made(480, 1, { run, seed: 5 }), OPTIONS));
  const width = ({ interval }: typeof alone) => interval.high - interval.low;
  assert.ok(inRuns.blockLength > 3 * alone.blockLength, `${inRuns.blockLength} and ${alone.blockLength}`);
  assert.ok(width(inRuns) > 1.5 * width(alone));
});

Deno.test("bitsPerByteChange compares text by text and says what was learned, forgotten, or not shown", () => {
  const before = made(200, 1, { run: 4 });
  const stream = random(2, "change");
  const changed = (factor: number) => ({
    ...before,
    nats: before.nats.map((nats) => nats * factor + 0.2 * (stream.next() - 0.5)),
  });
  const learned = bitsPerByteChange(changed(0.95), before, OPTIONS);
  assert.equal(learned.verdict, "lower");
  const level = bitsPerByte(before, OPTIONS);
  assert.ok(Math.abs(learned.value + 0.05 * level.value) < 1e-3);
  // Paired: far narrower than the interval of either.
  const width = ({ interval: { low, high } }: { interval: { low: number; high: number } }) => high - low;
  assert.ok(width(learned) < width(level) / 4);
  assert.equal(bitsPerByteChange(changed(1.02), before, OPTIONS).verdict, "higher");
  assert.equal(bitsPerByteChange(changed(1), before, OPTIONS).verdict, "no difference shown");
  assert.equal(bitsPerByteChange(before, before, OPTIONS).value, 0);
});

Deno.test("likelihoods of few texts, other texts or impossible values are refused", () => {
  const scores = made(20, 1);
  assert.throws(() => perplexity(made(9, 1), OPTIONS), /expected at least 10 texts, got 9/);
  assert.throws(() => bitsPerByte({ ...scores, bytes: scores.bytes.subarray(1) }, OPTIONS), /expected 20 numbers/);
  const infinite = { ...scores, nats: scores.nats.map((nats, i) => (i === 3 ? Infinity : nats)) };
  assert.throws(() => perplexity(infinite, OPTIONS), /got Infinity nats of \d+ tokens and \d+ bytes in text 3/);
  assert.throws(() => bitsPerByteChange(scores, made(20, 1, { seed: 9 }), OPTIONS), /expected the same texts/);
});
