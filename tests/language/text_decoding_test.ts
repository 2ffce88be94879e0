import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { openLanguageTokenizer } from "lib/data/mod.ts";
import { TextDecoding } from "lib/language/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { byteTokenizer } from "./made_models.ts";

function pieces(tokenizer: ConstructorParameters<typeof TextDecoding>[0], ids: readonly number[]): string[] {
  const decoding = new TextDecoding(tokenizer);
  return [...ids.map((id) => decoding.push(id)), decoding.end()];
}

Deno.test("TextDecoding shows a character when its last byte is there", () => {
  const bytes = [...new TextEncoder().encode("aé日👍b")];
  assert.deepEqual(pieces(byteTokenizer(), bytes), ["a", "", "é", "", "", "日", "", "", "", "👍", "b", ""]);
});

Deno.test("TextDecoding leaves special tokens out, even between the bytes of a character", () => {
  const [first, second] = new TextEncoder().encode("é");
  assert.deepEqual(pieces(byteTokenizer(), [256, first, 257, second, 256]), ["", "", "", "é", "", ""]);
});

Deno.test("TextDecoding shows bytes that are no text as U+FFFD, once that is clear", () => {
  assert.deepEqual(pieces(byteTokenizer(), [0xff, 0x61, 0xf0, 0x9f]), ["", "\uFFFDa", "", "", "\uFFFD"]);
  // A character that means "no character" is text, too.
  assert.equal(pieces(byteTokenizer(), [...new TextEncoder().encode("\uFFFD\uFFFD")]).join(""), "\uFFFD\uFFFD");
});

Deno.test("the pieces of any tokens are together what they decode to at once", async () => {
  const tokenizer = await openLanguageTokenizer(projectPath("tests", "golden", "data", "language_tokenizer"));
  const golden = JSON.parse(readFileSync(projectPath("tests", "golden", "data", "language_tokenizer.json"), "utf8"));
  const numbers = random(3, "ids");
  const lists: number[][] = [
    ...golden.encoded.map(({ withSpecial }: { withSpecial: number[] }) => withSpecial),
    ...golden.decoded.map(({ ids }: { ids: number[] }) => ids),
    ...Array.from(
      { length: 30 },
      () => Array.from({ length: 40 }, () => numbers.integer(tokenizer.vocabularySize + 3)),
    ),
  ];
  for (const ids of lists) assert.equal(pieces(tokenizer, ids).join(""), tokenizer.decode(ids), ids.join());
  for (let i = 0; i < 30; i++) {
    const bytes = Array.from({ length: 50 }, () => numbers.integer(256));
    assert.equal(pieces(byteTokenizer(), bytes).join(""), byteTokenizer().decode(bytes), bytes.join());
  }
});

Deno.test("TextDecoding keeps no more than a window of bytes that never become text", () => {
  let longest = 0;
  const tokenizer = byteTokenizer();
  const watched = {
    isSpecial: tokenizer.isSpecial,
    decode(ids: readonly number[]) {
      longest = Math.max(longest, ids.length);
      return tokenizer.decode(ids);
    },
  };
  const ids = new Array<number>(500).fill(0xff);
  assert.equal(pieces(watched, ids).join(""), "\uFFFD".repeat(500));
  assert.ok(longest <= 128, `${longest} tokens decoded at once`);
});
