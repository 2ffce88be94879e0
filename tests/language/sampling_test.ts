import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { generateTokens, LFM2_SAMPLING, type SamplingOptions, tokenCandidates } from "lib/language/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { madeModel } from "./made_models.ts";

interface Golden {
  filters: { temperature: number; topK?: number; topP?: number; minP?: number; repetitionPenalty?: number };
  logits: number[];
  seen: number[];
  tokens: number[];
  probabilities: number[];
}

const golden: Golden[] = JSON.parse(
  readFileSync(projectPath("tests", "golden", "language", "sampling.json"), "utf8"),
);
const OPEN = { topK: Infinity, topP: 1, minP: 0, repetitionPenalty: 1 };

Deno.test("tokenCandidates keeps the tokens of transformers' processors, as likely as theirs", () => {
  assert.ok(golden.length > 30);
  for (const { filters, logits, seen, tokens, probabilities } of golden) {
    const mask = new Uint8Array(logits.length);
    for (const token of seen) mask[token] = 1;
    const kept = tokenCandidates(Float32Array.from(logits), { ...OPEN, ...filters }, mask);
    assert.deepEqual([...kept.tokens], tokens, JSON.stringify(filters));
    const total = kept.weights.reduce((sum, weight) => sum + weight, 0);
    assertAllClose(kept.weights.map((weight) => weight / total), Float64Array.from(probabilities), {
      rtol: 2e-5,
      atol: 1e-9,
    });
  }
});

Deno.test("tokenCandidates finds the likeliest of many tokens, and all when their share needs it", () => {
  const logits = Float32Array.from({ length: 20_000 }, (_, i) => -i / 1000);
  const share = (topP: number) =>
    tokenCandidates(logits, { ...OPEN, temperature: 1, topP }, new Uint8Array(logits.length)).tokens.length;
  // Weights exp(-i / 1000): a share p of the sum is reached after 1000 ln(1 / (1 - p)) of them.
  assert.ok(Math.abs(share(0.5) - 693) <= 2, `${share(0.5)}`);
  assert.ok(Math.abs(share(0.99) - 4605) <= 2, `${share(0.99)}`);
  assert.equal(share(1), 20_000);
});

Deno.test("tokens are drawn as often as they are likely, and a token that is out never", async () => {
  const { model } = madeModel(() => Float32Array.of(Math.log(5), Math.log(3), Math.log(2), -Infinity), {
    vocabSize: 4,
  });
  const { tokens: [drawn] } = await generateTokens(model, [[0]], { temperature: 1, maxTokens: 999, seed: 5 });
  const counts = [0, 1, 2, 3].map((token) => drawn.filter((id) => id === token).length);
  assert.equal(counts[3], 0);
  // Five standard deviations of a share of 999 draws.
  [0.5, 0.3, 0.2].forEach((p, i) =>
    assert.ok(Math.abs(counts[i] / 999 - p) < 5 * Math.sqrt(p * (1 - p) / 999), `${counts}`)
  );
});

Deno.test("a seed gives the same tokens, another one others, and rows of a batch have their own", async () => {
  const { model } = madeModel(() => new Float32Array(50), { vocabSize: 50 });
  const run = async (seed: number | string, rows = 1) =>
    (await generateTokens(model, new Array(rows).fill([1]), {
      ...LFM2_SAMPLING,
      temperature: 1,
      minP: 0,
      seed,
      maxTokens: 20,
    }))
      .tokens.map((tokens) => tokens.join());
  assert.deepEqual(await run(1), await run(1));
  assert.notDeepEqual(await run(1), await run(2));
  assert.notDeepEqual(await run(1), await run("1"));
  const batch = await run(1, 3);
  assert.equal(new Set(batch).size, 3);
  assert.equal(batch[0], (await run(1))[0]);
});

Deno.test("the repetition penalty counts the prompt and what was generated, for the likeliest token too", async () => {
  // Logits 3, 2.9, 2.8, -1: each token that has come is divided by 1.1, until the unpenalized -1 would be next.
  const { model } = madeModel(() => Float32Array.of(3, 2.9, 2.8, -1), { vocabSize: 4 });
  const run = async (prompt: number[], repetitionPenalty: number) =>
    (await generateTokens(model, [prompt], { repetitionPenalty, maxTokens: 4 })).tokens[0];
  assert.deepEqual(await run([3], 1), [0, 0, 0, 0]);
  assert.deepEqual(await run([3], 1.1), [0, 1, 2, 0]);
  assert.deepEqual(await run([0, 1], 1.1), [2, 0, 0, 0]);
  // Below 1 it favours repetition, and negative logits are multiplied.
  assert.deepEqual(await run([2], 0.5), [2, 2, 2, 2]);
});

Deno.test("sampling refuses options out of their range, and logits that are no numbers", async () => {
  const { model } = madeModel(() => 0, { vocabSize: 4 });
  const bad: [SamplingOptions, RegExp][] = [
    [{ temperature: -1 }, /expected temperature to be a finite number of at least 0, got -1/],
    [{ temperature: NaN }, /temperature .*got NaN/],
    [{ topK: 0 }, /expected topK to be an integer of at least 1, got 0/],
    [{ topK: 2.5 }, /topK/],
    [{ topP: 0 }, /expected topP to be a number above 0 and at most 1, got 0/],
    [{ topP: 1.1 }, /topP/],
    [{ minP: -0.1 }, /expected minP to be a number from 0 to 1, got -0.1/],
    [{ repetitionPenalty: 0 }, /expected repetitionPenalty to be a finite number above 0, got 0/],
    [{ seed: Infinity }, /expected seed to be a finite number or a text, got Infinity/],
  ];
  for (const [options, message] of bad) {
    await assert.rejects(
      generateTokens(model, [[0]], options),
      (error) => error instanceof RangeError && message.test(error.message),
    );
  }
  const nan = madeModel(() => Float32Array.of(0, NaN), { vocabSize: 2 }).model;
  const none = madeModel(() => Float32Array.of(-Infinity, -Infinity), { vocabSize: 2 }).model;
  for (const temperature of [0, 1]) {
    await assert.rejects(
      generateTokens(nan, [[0]], { temperature }),
      /expected logits that are numbers, got NaN for token 1/,
    );
    await assert.rejects(generateTokens(none, [[0]], { temperature }), /expected a finite .*logit/);
  }
});

Deno.test("a very small temperature takes the likeliest token without overflow", async () => {
  const { model } = madeModel(() => Float32Array.of(1, 3e38, 2e38), { vocabSize: 3 });
  assert.deepEqual((await generateTokens(model, [[0]], { temperature: 1e-30, maxTokens: 3 })).tokens[0], [1, 1, 1]);
});
