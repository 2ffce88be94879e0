import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { definitionOf, hashOrder, sameTextKey, textTable, wordnetCorpus } from "lib/data/mod.ts";
import { projectPath } from "lib/process/mod.ts";

Deno.test("definitionOf cuts examples off, and gives up where a quotation stands inside", () => {
  assert.equal(definitionOf('a small dog; "the puppy slept"'), "a small dog");
  assert.equal(definitionOf('a small  dog:"the puppy"; "more"'), "a small dog");
  assert.equal(definitionOf(" ; one; two : "), "one; two");
  assert.equal(definitionOf('the word "dog" itself'), null);
  assert.equal(definitionOf('"dog"'), null);
  assert.equal(definitionOf(""), "");
});

Deno.test("sameTextKey leaves case, spacing and punctuation out", () => {
  assert.equal(sameTextKey("  A small,  DOG's dinner. "), "a small dog s dinner");
  assert.equal(sameTextKey("...!"), "");
});

Deno.test("hashOrder depends on seed and key, and not on the order that it starts from", () => {
  const items = ["a", "b", "c", "d", "e", "f"];
  const same = (item: string) => item;
  assert.deepEqual(hashOrder(items, 1, same), hashOrder(items.toReversed(), 1, same));
  assert.notDeepEqual(hashOrder(items, 1, same), hashOrder(items, 2, same));
  assert.deepEqual(hashOrder(items, 1, same).sort(), items);
});

Deno.test("wordnetCorpus makes the shipped texts and licence of wordnet-20k, byte for byte", async () => {
  const { columns, rows, licence, dropped } = await wordnetCorpus("wordnet-20k");
  const shipped = (name: string) => readFileSync(projectPath("data", "wordnet-20k", name));
  assert.ok(shipped("texts.tsv").equals(textTable(columns, rows)));
  assert.equal(shipped("LICENSE").toString(), licence);
  assert.deepEqual(dropped, JSON.parse(shipped("manifest.json").toString()).build.dropped);
});

Deno.test("wordnet-220k has each text once, lemmas in train only, and the held-out rows of wordnet-20k", async () => {
  const large = await wordnetCorpus("wordnet-220k");
  const small = await wordnetCorpus("wordnet-20k");
  assert.equal(large.rows.length, 220_000);
  assert.equal(new Set(large.rows.map(([, , text]) => sameTextKey(text))).size, 220_000);
  assert.deepEqual(large.rows.slice(216_000), small.rows.slice(16_000));
  assert.deepEqual(large.rows.slice(0, 16_000), small.rows.slice(0, 16_000));
  const lemmas = large.rows.filter(([synset]) => synset === "lemma");
  assert.equal(lemmas.length, 220_000 - 116_899);
  assert.ok(lemmas.every(([, split, text]) => split === "train" && !/[_\t]/.test(text)));
  assert.deepEqual(large.counts, { train: 216_000, validation: 2_000, test: 2_000 });
});

Deno.test("wordnetCorpus refuses a folder without WordNet", async () => {
  await assert.rejects(wordnetCorpus("wordnet-20k", projectPath("data")), /Cannot read WordNet: expected data.noun/);
});
