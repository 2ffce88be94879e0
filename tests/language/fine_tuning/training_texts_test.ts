import assert from "node:assert/strict";
import { join } from "node:path";
import { readTrainingTexts, trainingTexts } from "lib/language/mod.ts";
import { withFiles } from "./fixtures.ts";

const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const CHAT = { messages: [{ role: "user", content: "Hi" }, { role: "assistant", content: "Hello" }] };
const COMPLETION = { prompt: "2 + 2?", completion: "4" };

Deno.test("a folder's texts are read by split, in any of mlx-lm's forms", async () => {
  const files = { "train.jsonl": lines(CHAT, CHAT), "valid.jsonl": lines(CHAT), "test.jsonl": lines(CHAT) };
  const { form, train, validation, test, isHeldOut } = await withFiles(files, readTrainingTexts);
  assert.deepEqual([form, train.length, validation.length, test.length, isHeldOut], ["chat", 2, 1, 1, false]);
  assert.deepEqual(train[0].messages, CHAT.messages);
  const completions = await withFiles({ "train.jsonl": lines(COMPLETION, COMPLETION) }, readTrainingTexts);
  assert.equal(completions.form, "completion");
  assert.deepEqual(completions.train[0].messages, [
    { role: "user", content: "2 + 2?" },
    { role: "assistant", content: "4" },
  ]);
  const tools = [{ name: "add" }];
  const withTools = await withFiles({ "train.jsonl": lines({ ...CHAT, tools }, CHAT) }, readTrainingTexts);
  assert.deepEqual([...withTools.train, ...withTools.validation].map((text) => text.tools), [tools, undefined]);
});

Deno.test("without valid.jsonl, and of a single file, a seeded share is held out", async () => {
  const all = Array.from({ length: 20 }, (_, i) => ({ text: `text ${i}` }));
  await withFiles({ "all.jsonl": `\ufeff${lines(...all)}\n \n` }, async (folder) => {
    const read = (seed: number) => readTrainingTexts(join(folder, "all.jsonl"), { heldOut: 0.2, seed });
    const { form, train, validation, isHeldOut } = await read(1);
    assert.deepEqual([form, train.length, validation.length, isHeldOut], ["text", 16, 4, true]);
    assert.deepEqual(new Set([...train, ...validation].map(({ text }) => text)).size, 20);
    assert.deepEqual(await read(1), { form, train, validation, test: [], isHeldOut });
    assert.notDeepEqual((await read(2)).validation, validation);
  });
  const { train, validation } = await withFiles({ "train.jsonl": lines(...all) }, readTrainingTexts);
  assert.deepEqual([train.length, validation.length], [18, 2]);
  assert.deepEqual(trainingTexts(["a", "b"]).validation.length, 1);
});

Deno.test("a broken line is refused with its file and number", async () => {
  const cases: [string, RegExp][] = [
    [lines({ text: "a" }) + '{"text": "b"\n', /Cannot read .*train\.jsonl, line 2: expected JSON, got /],
    [lines({ text: "a" }) + "\n" + "[1]\n", /train\.jsonl, line 3: expected an object with .*, got \[1\]/],
    [lines({ text: "a" }, { text: 5 }), /train\.jsonl, line 2: text: .*expected string, received number/],
    [
      lines({ text: "a" }, { prompt: "b" }),
      /train\.jsonl, line 2: expected "text" as in the lines before, got "prompt"/,
    ],
    [lines({ question: "a" }), /line 1: expected the fields "messages", .*, got "question"/],
    [lines({ messages: [] }), /train\.jsonl, line 1: messages: /],
    [lines(CHAT, { messages: [{ content: "x" }] }), /line 2: messages\.0\.role: /],
    [lines(COMPLETION, { prompt: "x" }), /line 2: expected "completion" as in the lines before, got "prompt"/],
  ];
  for (const [text, message] of cases) {
    await assert.rejects(withFiles({ "train.jsonl": text }, readTrainingTexts), { name: "TypeError", message });
  }
  const files = { "train.jsonl": lines(CHAT), "valid.jsonl": lines({ text: "a" }) };
  await assert.rejects(
    withFiles(files, readTrainingTexts),
    /valid\.jsonl, line 1: expected "messages" as in the lines before, got "text"/,
  );
});

Deno.test("no file, an empty one, and too few texts to hold one out are refused", async () => {
  await assert.rejects(readTrainingTexts("/nowhere/texts"), /expected a file or folder at \/nowhere\/texts, got none/);
  await assert.rejects(
    withFiles({ "valid.jsonl": lines(CHAT) }, readTrainingTexts),
    /expected train\.jsonl in .*, got none/,
  );
  for (const text of ["", "\n\n"]) {
    await assert.rejects(
      withFiles({ "train.jsonl": text }, readTrainingTexts),
      /Cannot train on .*train\.jsonl: expected at least one text, got an empty file/,
    );
  }
  await assert.rejects(
    withFiles({ "train.jsonl": lines(CHAT), "valid.jsonl": "" }, readTrainingTexts),
    /valid\.jsonl: expected at least one text, got an empty file/,
  );
  await assert.rejects(
    withFiles({ "train.jsonl": lines(CHAT) }, readTrainingTexts),
    /Cannot hold out a text of .*: expected at least 2 texts, got 1/,
  );
  for (const heldOut of [0, 1, NaN]) {
    assert.throws(() => trainingTexts(["a", "b"], { heldOut }), /expected a share between 0 and 1, got/);
  }
});
