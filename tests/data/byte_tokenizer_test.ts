import assert from "node:assert/strict";
import { BYTE_TOKENS, byteTokenizerFiles, parseLanguageTokenizer } from "lib/data/mod.ts";

const tokenizer = await parseLanguageTokenizer(byteTokenizerFiles());

Deno.test("every byte is one token, and texts come back as they were", () => {
  const { firstByte, vocabularySize } = BYTE_TOKENS;
  assert.equal(tokenizer.vocabularySize, vocabularySize);
  for (
    const text of ["And God said, Let there be light", " \t two  spaces \n", "é ü 漢字 🕊", "it's 12 o'clock\u0001"]
  ) {
    const bytes = Array.from(new TextEncoder().encode(text), (byte) => firstByte + byte);
    assert.deepEqual(tokenizer.encode(text), bytes, text);
    assert.equal(tokenizer.decode(bytes), text);
  }
  const all = Array.from({ length: 256 }, (_, byte) => firstByte + byte);
  assert.equal(tokenizer.decode(all), new TextDecoder().decode(Uint8Array.from(all, (id) => id - firstByte)));
});

Deno.test("texts begin with the start token when asked, and special tokens are no text", () => {
  const { start, end, pad, firstByte } = BYTE_TOKENS;
  assert.deepEqual(tokenizer.encode("a", { addSpecialTokens: true }), [start, firstByte + 97]);
  assert.equal(tokenizer.decode([start, firstByte + 97, end, pad]), "a");
  const { bos_token, eos_token, pad_token } = tokenizer.specialTokens;
  assert.deepEqual([bos_token, eos_token, pad_token].map((token) => tokenizer.tokenId(token)), [start, end, pad]);
  assert.deepEqual(tokenizer.encode(`${bos_token}b`), [start, firstByte + 98]);
  assert.ok(tokenizer.isSpecial(end) && !tokenizer.isSpecial(firstByte));
});
