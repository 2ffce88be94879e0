import assert from "node:assert/strict";
import { compileChatTemplate } from "lib/data/mod.ts";
import { languageData, type TrainingTexts } from "lib/language/mod.ts";
import { packRows } from "lib/language/fine_tuning/packing.ts";
import { tokenizeTexts } from "lib/language/fine_tuning/examples.ts";
import { byteTokenizer } from "../made_models.ts";
import { textsOf, TOKENIZER } from "./fixtures.ts";

const TEMPLATE = "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }};{% endfor %}" +
  "{% if add_generation_prompt %}<assistant>{% endif %}";

/** Texts of one conversation, validated on itself. */
async function conversation(content: string[]) {
  const template = await compileChatTemplate(TEMPLATE, { bos_token: "<s>" });
  const messages = content.map((text, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content: text }));
  const text = { messages, text: null, place: "train.jsonl, line 7" };
  const texts: TrainingTexts = { form: "chat", train: [text], validation: [text], test: [], isHeldOut: false };
  return { texts, tokenizer: byteTokenizer(template) };
}

const bytes = (text: string) => [...new TextEncoder().encode(text)];

Deno.test("a text gets the model's first and end token, once", () => {
  const texts = textsOf(["ab", "<s>ab</s>"], ["c"]).train;
  const examples = tokenizeTexts(texts, TOKENIZER, { maxLength: 10 });
  assert.deepEqual(examples.map(({ tokens, masked }) => [tokens, masked]), [
    [[256, 97, 98, 257], 0],
    [[256, 97, 98, 257], 0],
  ]);
});

Deno.test("a conversation goes through the chat template; masked, only the last turn is learned", async () => {
  const { texts, tokenizer } = await conversation(["hi", "yo", "so", "no"]);
  const whole = "<user>hi;<assistant>yo;<user>so;<assistant>no;";
  const [plain] = tokenizeTexts(texts.train, tokenizer, { maxLength: 100 });
  assert.deepEqual([plain.tokens, plain.masked], [[256, ...bytes(whole)], 0]);
  const { columns, learnedTokens } = languageData(texts, tokenizer, { maskPrompt: true, multiple: 1 });
  const learned = [...columns.labels.data.subarray(0, columns.labels.shape[1])].filter((label) => label !== -100);
  assert.deepEqual(learned, bytes("no;"));
  assert.deepEqual([...learnedTokens], [3, 3]);
});

Deno.test("a row holds tokens, positions and the next tokens, padded to a multiple", () => {
  const { columns, lengths, learnedTokens, train, validation } = languageData(
    textsOf(["abcd"], ["a", "xyz"]),
    TOKENIZER,
    {
      multiple: 4,
    },
  );
  assert.deepEqual(columns.token_ids.shape, [3, 8]);
  const row = (name: string) => [...columns[name].data.subarray(0, 8)];
  assert.deepEqual(row("token_ids"), [256, 97, 98, 99, 100, 0, 0, 0]);
  assert.deepEqual(row("positions"), [0, 1, 2, 3, 4, -1, -1, -1]);
  assert.deepEqual(row("labels"), [97, 98, 99, 100, 257, -100, -100, -100]);
  assert.deepEqual([[...lengths!.ofRow], lengths!.longest], [[5, 2, 4], 8]);
  assert.deepEqual([[...train], [...validation], [...learnedTokens]], [[0], [1, 2], [5, 2, 4]]);
  // Rows of validation: the mean of a row's sum times its scale is the mean over tokens.
  assert.deepEqual([...columns.scale.data], [1 / 5, 2 / 6, 2 / 6].map(Math.fround));
});

Deno.test("other texts give another hash, the same ones the same", () => {
  const hash = (...train: string[]) => languageData(textsOf(train, ["v"]), TOKENIZER).reference.hash;
  assert.equal(hash("a", "b"), hash("a", "b"));
  assert.notEqual(hash("a", "b"), hash("a", "c"));
  assert.notEqual(hash("a", "b"), hash("b", "a"));
});

Deno.test("packed rows hold several texts, each beginning where it says", () => {
  const { columns, train, validation, isPacked, texts } = languageData(
    textsOf(["abcd", "xy", "klm"], ["v"]),
    TOKENIZER,
    {
      packing: true,
      maxLength: 9,
      multiple: 4,
    },
  );
  // Places: 5, 3 and 4; rows of 8.
  assert.deepEqual([isPacked, train.length, validation.length, texts.train], [true, 2, 1, 3]);
  const row = (name: string) => [...columns[name].data.subarray(0, 8)];
  assert.deepEqual(row("token_ids"), [256, 97, 98, 99, 100, 256, 120, 121]);
  assert.deepEqual(row("labels"), [97, 98, 99, 100, 257, 120, 121, 257]);
  assert.deepEqual(row("positions"), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(row("starts"), [0, 0, 0, 0, 0, 5, 5, 5]);
});

Deno.test("packRows puts each length into one row, none over the capacity, and wastes less than half", () => {
  const lengths = Array.from({ length: 200 }, (_, i) => 1 + (i * i * 7) % 30);
  const rows = packRows(lengths, 32);
  assert.deepEqual(rows.flat().sort((a, b) => a - b), Array.from(lengths.keys()));
  const filled = rows.map((row) => row.reduce((sum, i) => sum + lengths[i], 0));
  assert.ok(Math.max(...filled) <= 32);
  assert.ok(filled.reduce((a, b) => a + b, 0) > 0.9 * 32 * rows.length, `${rows.length} rows`);
  assert.deepEqual(packRows([32, 32], 32), [[0], [1]]);
  assert.throws(() => packRows([33], 32), /expected lengths from 1 to 32, got 33/);
});

Deno.test("a text that is too long is refused with its place, or cut", () => {
  const texts = textsOf(["ab", "abcdefgh"], ["v"]);
  assert.throws(
    () => languageData(texts, TOKENIZER, { maxLength: 6 }),
    { name: "RangeError", message: "Cannot train on train 2: expected at most 6 tokens, got 10" },
  );
  const { columns } = languageData(texts, TOKENIZER, { maxLength: 6, longTexts: "cut", multiple: 1 });
  assert.deepEqual([...columns.token_ids.data.subarray(5, 10)], [256, 97, 98, 99, 100]);
});

Deno.test("texts with nothing to learn, prompts of plain texts, and conversations without a template are refused", async () => {
  const bare = { ...TOKENIZER, specialTokens: {}, encode: bytes };
  assert.throws(
    () => languageData(textsOf(["ab", "a"], ["cd"]), bare),
    /Cannot train on train 2: expected at least one token to learn after another, got 1 tokens/,
  );
  assert.throws(
    () => languageData(textsOf(["ab"], ["cd"]), TOKENIZER, { maskPrompt: true }),
    /Cannot mask the prompt of train 1: expected a conversation or a completion, got a text/,
  );
  const { texts, tokenizer } = await conversation(["a long question", "no"]);
  assert.throws(
    () => languageData(texts, tokenizer, { maskPrompt: true, longTexts: "cut", maxLength: 10 }),
    /Cannot train on train\.jsonl, line 7: .* got 10 tokens of which \d+ are masked/,
  );
  assert.throws(() => languageData(texts, TOKENIZER), /line 7: expected a model with a chat template/);
  for (const [option, value] of [["maxLength", 1], ["multiple", 0]] as const) {
    assert.throws(() => languageData(texts, TOKENIZER, { [option]: value }), /Cannot lay out texts: expected/);
  }
});
