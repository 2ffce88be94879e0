import assert from "node:assert/strict";
import { compileChatTemplate } from "lib/data/mod.ts";
import { type GenerateOptions, generateText, generateTexts } from "lib/language/mod.ts";
import { byteTokenizer, speaking } from "./made_models.ts";

const bytes = (text: string) => [...new TextEncoder().encode(text)];

async function said(answer: string, options: GenerateOptions = {}) {
  const { model, asked } = speaking([answer]);
  const generation = generateText(model, byteTokenizer(), "p", options);
  const pieces: string[] = [];
  for await (const piece of generation) pieces.push(piece);
  const result = await generation.result();
  assert.equal(pieces.join(""), result.text);
  assert.equal(asked.open, 0);
  return { pieces, ...result };
}

Deno.test("generateText streams whole characters, and its result is what was streamed", async () => {
  const { pieces, text, tokens, promptTokens, finish } = await said("né 👍!");
  assert.deepEqual(pieces, ["n", "é", " ", "👍", "!"]);
  assert.equal(text, "né 👍!");
  assert.deepEqual(tokens, [...bytes("né 👍!"), 257]);
  assert.deepEqual([promptTokens, finish], [2, "endToken"]);
});

Deno.test("generateText ends at a stop text across tokens, and leaves it out", async () => {
  const { pieces, text, tokens, finish } = await said("one\n\ntwo", { stop: ["\n\n", "##"] });
  assert.deepEqual([text, finish], ["one", "stopText"]);
  assert.deepEqual(pieces, ["o", "n", "e"]);
  assert.equal(tokens.length, 5); // nothing is generated after it
  // What looked like one is shown when it is none, at the latest at the end.
  assert.deepEqual((await said("a\nb\n", { stop: ["\n\n"] })).pieces, ["a", "\nb", "\n"]);
  assert.equal((await said("a\nb\n", { stop: ["\n\n"], maxTokens: 2 })).text, "a\n");
});

Deno.test("a stop text that the last token completes is the reason of the end", async () => {
  assert.deepEqual((({ text, finish }) => [text, finish])(await said("abc.", { stop: ["."], maxTokens: 4 })), [
    "abc",
    "stopText",
  ]);
  assert.deepEqual((({ text, finish }) => [text, finish])(await said("abc.", { stop: ["."], maxTokens: 3 })), [
    "abc",
    "maxTokens",
  ]);
});

Deno.test("bytes that never become a character are shown at the end", async () => {
  const { text, finish } = await said("a👍", { maxTokens: 3 });
  assert.deepEqual([text, finish], ["a\uFFFD", "maxTokens"]);
});

Deno.test("an end token that has a text is no part of the answer", async () => {
  const { text, tokens, finish } = await said("yes. no.", { endTokens: bytes(".") });
  assert.deepEqual([text, finish, tokens.length], ["yes", "endToken", 4]);
});

Deno.test("generateTexts gives each row its text, whatever the others do", async () => {
  const { model } = speaking(["short", "a longer answer", "stop# here"]);
  const generation = generateTexts(model, byteTokenizer(), ["a", "bb", [1, 2, 3]], { stop: ["#"] });
  const rows = ["", "", ""];
  for await (const { row, text } of generation) rows[row] += text;
  const { texts, statistics } = await generation.result();
  assert.deepEqual(texts.map(({ text }) => text), rows);
  assert.deepEqual(rows, ["short", "a longer answer", "stop"]);
  assert.deepEqual(texts.map(({ finish }) => finish), ["endToken", "endToken", "stopText"]);
  assert.deepEqual(texts.map(({ promptTokens }) => promptTokens), [2, 3, 3]);
  assert.equal(statistics.generatedTokens, 6 + 16 + 5);
});

Deno.test("a text prompt begins with the model's first token once, a conversation is written by the template", async () => {
  const template = await compileChatTemplate("<s>{% for m in messages %}{{ m.content }}</s>{% endfor %}");
  const ask = async (prompt: Parameters<typeof generateText>[2], tokenizer = byteTokenizer()) => {
    const { model, asked } = speaking([""]);
    await generateText(model, tokenizer, prompt).result();
    return asked.calls[0][0];
  };
  assert.deepEqual(await ask("hi"), [256, ...bytes("hi")]);
  assert.deepEqual(await ask("<s>hi"), [256, ...bytes("hi")]);
  assert.deepEqual(await ask([7, 8]), [7, 8]);
  assert.deepEqual(await ask(Int32Array.of(7, 8)), [7, 8]);
  assert.deepEqual(await ask([{ role: "user", content: "hi" }], byteTokenizer(template)), [256, ...bytes("hi"), 257]);
  await assert.rejects(
    ask([{ role: "user", content: "hi" }]),
    /expected a model with a chat template for a conversation/,
  );
  await assert.rejects(ask(""), /expected a prompt, got an empty text/);
  await assert.rejects(ask([]), /expected at least one token, got an empty prompt/);
});

Deno.test("leaving the loop or aborting the signal frees the caches, and the text so far is the result", async () => {
  const { model, asked } = speaking(["a long answer"]);
  const left = generateText(model, byteTokenizer(), "p");
  for await (const piece of left) if (piece === "l") break;
  assert.deepEqual((({ text, finish }) => [text, finish])(await left.result()), ["a l", "aborted"]);
  const controller = new AbortController();
  const aborted = generateText(model, byteTokenizer(), "p", { signal: controller.signal, stop: [" long x"] });
  const pieces: string[] = [];
  setTimeout(() => controller.abort());
  for await (const piece of aborted) {
    pieces.push(piece);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const { text, finish } = await aborted.result();
  assert.deepEqual([text, finish], [pieces.join(""), "aborted"]);
  assert.equal(asked.open, 0);
});

Deno.test("nothing is generated before somebody iterates or waits, and bad options are told then", async () => {
  const { model, asked } = speaking(["x"]);
  const generation = generateText(model, byteTokenizer(), "p", { stop: [""] });
  assert.equal(asked.calls.length, 0);
  await assert.rejects(generation.result(), /expected stop texts of at least one character/);
  await assert.rejects(generateText(model, byteTokenizer(), "p", { temperature: -1 }).result(), /expected temperature/);
  assert.equal(asked.open, 0);
});
