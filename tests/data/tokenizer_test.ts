import assert from "node:assert/strict";
import { parseTokenizer } from "lib/data/mod.ts";
import { sha256Hex } from "lib/process/mod.ts";

const TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "one", "two", "##s", "!"];
const special = (content: string) => ({
  id: TOKENS.indexOf(content),
  content,
  special: true,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
});
const FILE = {
  truncation: { max_length: 3, strategy: "LongestFirst", stride: 0 },
  padding: { strategy: { Fixed: 9 }, pad_id: 0 },
  added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(special),
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "[CLS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }, {
      SpecialToken: { id: "[SEP]", type_id: 0 },
    }],
    pair: [],
    special_tokens: {},
  },
  decoder: null,
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 10,
    vocab: Object.fromEntries(TOKENS.map((token, i) => [token, i])),
  },
};

Deno.test("parseTokenizer gives ids between the marker tokens, and knows its vocabulary", async () => {
  const tokenizer = await parseTokenizer(JSON.stringify(FILE));
  assert.equal(tokenizer.vocabularySize, 8);
  assert.equal(tokenizer.vocabularySha256, sha256Hex(`${TOKENS.join("\n")}\n`));
  const ids = (text: string) => tokenizer.encode(text, 100).ids;
  assert.deepEqual(ids("Ones, two!"), [2, 4, 6, 1, 5, 7, 3]);
  assert.deepEqual(ids(""), [2, 3]);
  assert.deepEqual(ids("three onetwothreefour"), [2, 1, 1, 3]);
});

Deno.test("encode cuts the end of a long text, keeps the last marker and says so", async () => {
  const tokenizer = await parseTokenizer(JSON.stringify(FILE));
  assert.deepEqual(tokenizer.encode("one two one", 5), { ids: [2, 4, 5, 4, 3], tokens: 5, truncated: false });
  assert.deepEqual(tokenizer.encode("one two one", 4), { ids: [2, 4, 5, 3], tokens: 5, truncated: true });
  const long = tokenizer.encode("one ".repeat(100_000), 256);
  assert.deepEqual([long.ids.length, long.tokens, long.truncated], [256, 100_002, true]);
  assert.throws(() => tokenizer.encode("one", 1), /maxTokens to be an integer of at least 2, got 1/);
});

Deno.test("parseTokenizer refuses what is no tokenizer.json", async () => {
  for (const text of ["", "{}", "[]", JSON.stringify({ ...FILE, model: { type: "Unknown" } })]) {
    await assert.rejects(parseTokenizer(text, "a file"), /Cannot read a file: expected a tokenizer.json, got/);
  }
});
