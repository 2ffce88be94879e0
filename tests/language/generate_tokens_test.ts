import assert from "node:assert/strict";
import { generateTokens } from "lib/language/mod.ts";
import { madeModel } from "./made_models.ts";

/** Counts up from the last token. */
const counting = (options: Parameters<typeof madeModel>[1]) =>
  madeModel((tokens) => (tokens[tokens.length - 1] + 1) % options.vocabSize, options);

Deno.test("generateTokens feeds the prompt once, then one token a call", async () => {
  const { model, asked } = counting({ vocabSize: 10 });
  const { tokens, finish, statistics } = await generateTokens(model, [[3, 4]], { maxTokens: 3 });
  assert.deepEqual(tokens, [[5, 6, 7]]);
  assert.deepEqual(finish, ["maxTokens"]);
  assert.deepEqual(asked.calls, [[[3, 4]], [[5]], [[6]]]);
  assert.equal(asked.open, 0);
  assert.deepEqual([statistics.promptTokens, statistics.generatedTokens], [2, 3]);
});

Deno.test("the prompt's time is that to the first token, and no token's after it", async () => {
  const onCall = (call: number) => new Promise((resolve) => setTimeout(resolve, call === 1 ? 100 : 1));
  const { statistics } = await generateTokens(counting({ vocabSize: 10, onCall }).model, [[1, 2, 3]], { maxTokens: 4 });
  // Timers may be a little early; however slow a machine is, it only takes longer.
  assert.ok(statistics.timeToFirstTokenMs! >= 95, `${statistics.timeToFirstTokenMs} ms to the first token`);
  assert.ok(statistics.promptTokensPerSecond! <= 3 / 0.095);
  assert.equal(statistics.generationTokensPerSecond, 3 / statistics.generationMs * 1000);
});

Deno.test("a row that has ended gets padding while others go on", async () => {
  const { model, asked } = counting({ vocabSize: 10, eosTokenIds: [8, 9], padTokenId: 7 });
  const { tokens, finish } = await generateTokens(model, [Int32Array.of(6), [1, 2, 3], [0]], { maxTokens: 5 });
  assert.deepEqual(tokens, [[7, 8], [4, 5, 6, 7, 8], [1, 2, 3, 4, 5]]);
  assert.deepEqual(finish, ["endToken", "endToken", "maxTokens"]);
  assert.deepEqual(asked.calls.slice(1), [[[7], [4], [1]], [[7], [5], [2]], [[7], [6], [3]], [[7], [7], [4]]]);
});

Deno.test("a model without a padding token gets token 0, and other end tokens may be asked for", async () => {
  const { model, asked } = counting({ vocabSize: 10, eosTokenIds: [8], padTokenId: null });
  const { tokens } = await generateTokens(model, [[2], [7]], { endTokens: [9, 4] });
  assert.deepEqual(tokens, [[3, 4], [8, 9]]);
  assert.deepEqual((await generateTokens(model, [[2], [6]], { endTokens: [3, 9] })).tokens, [[3], [7, 8, 9]]);
  assert.deepEqual(asked.calls.at(-1), [[0], [8]]);
});

Deno.test("generation ends when prompt and answer fill the context", async () => {
  const { model } = counting({ vocabSize: 100, contextLength: 6 });
  const { tokens, finish } = await generateTokens(model, [[1, 2, 3]]);
  assert.deepEqual([tokens, finish], [[[4, 5, 6]], ["context"]]);
  // Shorter rows of a batch are padded, and end with the longest.
  const batch = await generateTokens(model, [[1, 2, 3], [1, 2, 3, 4]]);
  assert.deepEqual([batch.tokens, batch.finish], [[[4, 5], [5, 6]], ["context", "context"]]);
});

Deno.test("generateTokens refuses prompts that the model cannot continue", async () => {
  const { model, asked } = counting({ vocabSize: 10, contextLength: 4 });
  const bad: [number[][], RegExp][] = [
    [[], /expected at least one prompt, got none/],
    [[[]], /expected at least one token, got an empty prompt/],
    [[[1], []], /expected at least one token in prompt 1, got an empty prompt/],
    [[[1, 2, 3, 4]], /expected fewer tokens than the model's context of 4, got 4/],
    [[[1, 10]], /expected token ids from 0 to 9, got 10 at position 1/],
    [[[-1]], /got -1 at position 0/],
    [[[1.5]], /got 1.5 at position 0/],
  ];
  for (const [prompts, message] of bad) {
    await assert.rejects(
      generateTokens(model, prompts),
      (error) => error instanceof RangeError && message.test(error.message),
    );
  }
  await assert.rejects(
    generateTokens(model, [[1]], { maxTokens: 0 }),
    /expected maxTokens to be an integer of at least 1, got 0/,
  );
  await assert.rejects(generateTokens(model, [[1]], { endTokens: [10] }), /expected end tokens below 10, got 10/);
  assert.deepEqual([asked.calls.length, asked.open], [0, 0]);
});

Deno.test("an aborted signal ends a generation between two tokens, and keeps what there is", async () => {
  const controller = new AbortController();
  const { model, asked } = counting({
    vocabSize: 1000,
    onCall: (call) => call === 3 && setTimeout(() => controller.abort()),
  });
  // The timer runs between two calls, although the model never waits.
  const { tokens, finish } = await generateTokens(model, [[0], [10]], { signal: controller.signal });
  assert.deepEqual(finish, ["aborted", "aborted"]);
  assert.ok(tokens[0].length >= 3 && tokens[0].length < 100, `${tokens[0].length} tokens`);
  assert.equal(tokens[1][0], 11);
  assert.equal(asked.open, 0);
});

Deno.test("a signal that is aborted before or in the prompt gives no tokens", async () => {
  const { model, asked } = counting({ vocabSize: 10 });
  const before = await generateTokens(model, [[1]], { signal: AbortSignal.abort() });
  assert.deepEqual([before.tokens, before.finish, asked.calls.length], [[[]], ["aborted"], 0]);
  const { timeToFirstTokenMs, promptTokensPerSecond, generationTokensPerSecond } = before.statistics;
  assert.deepEqual([timeToFirstTokenMs, promptTokensPerSecond, generationTokensPerSecond], [null, null, null]);
  const controller = new AbortController();
  const during = counting({ vocabSize: 10, onCall: () => controller.abort(new Error("stop")) });
  const { finish } = await generateTokens(during.model, [[1]], { signal: controller.signal });
  assert.deepEqual([finish, during.asked.open], [["aborted"], 0]);
});

Deno.test("an error of the model is thrown, and its caches are freed", async () => {
  const { model, asked } = counting({
    vocabSize: 10,
    onCall: (call) => {
      if (call === 2) throw new Error("out of memory");
    },
  });
  await assert.rejects(generateTokens(model, [[1]]), /out of memory/);
  assert.equal(asked.open, 0);
  const short = { ...model, start: () => ({ feed: () => Promise.resolve(new Float32Array(3)), release: () => {} }) };
  await assert.rejects(generateTokens(short, [[1]]), /expected logits \[1, 10\], got 3 values/);
});
