import assert from "node:assert/strict";
import type { TextCorpus } from "lib/data/mod.ts";
import { corpusTexts, takeEvenly } from "lib/language/mod.ts";

const corpus: TextCorpus = {
  name: "made",
  title: "Made",
  hash: "abc",
  provenance: { origin: "here", terms: "none" },
  texts: ["a", "z", "b", "c"],
  keys: ["1:1", "1:2", "2:1", "3:1"],
  splits: { train: Uint32Array.of(0, 3), validation: Uint32Array.of(2), test: Uint32Array.of(1) },
};

Deno.test("corpusTexts takes training and validation texts in order, named, and never those of the test split", () => {
  const { form, train, validation, test } = corpusTexts(corpus);
  assert.deepEqual([form, train.map(({ text }) => text), validation.map(({ text }) => text)], ["text", ["a", "c"], [
    "b",
  ]]);
  assert.deepEqual(test, []);
  assert.equal(train[1].place, "made, 3:1");
  assert.deepEqual(corpusTexts(corpus, { train: 1 }).train.map(({ text }) => text), ["a"]);
});

Deno.test("corpusTexts refuses to take more texts than a split has, or none", () => {
  assert.throws(() => corpusTexts(corpus, { train: 3 }), /expected 1 to 2 for train, got 3/);
  assert.throws(() => corpusTexts(corpus, { validation: 0 }), /expected 1 to 1 for validation, got 0/);
});

Deno.test("takeEvenly takes items from all over a list, in order and each once", () => {
  const items = Array.from({ length: 10 }, (_, i) => i);
  assert.deepEqual(takeEvenly(items, 4), [0, 2, 5, 7]);
  assert.deepEqual([takeEvenly(items, 10), takeEvenly(items, 99), takeEvenly(items, 0)], [items, items, []]);
  assert.equal(new Set(takeEvenly(items, 9)).size, 9);
});
