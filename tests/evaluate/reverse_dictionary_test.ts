import assert from "node:assert/strict";
import { loadDataset, randomDataset } from "lib/data/mod.ts";
import {
  glossVectors,
  openTestSplit,
  reverseDictionaryTask,
  scoreReverseDictionary,
  synsetLemmas,
  type Vectors,
} from "lib/evaluate/mod.ts";
import { mean } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { geometryGolden, normalVectors, rotated, scaled } from "./geometry_golden.ts";
import { vectorsOf } from "./golden.ts";

const { dictionary, width } = geometryGolden;
const glosses = vectorsOf(dictionary.glosses, width);
const lemmas = vectorsOf(dictionary.lemmas, width);

Deno.test("scoreReverseDictionary agrees with scipy's ranks", async () => {
  const scores = await scoreReverseDictionary(glosses, lemmas, { targets: dictionary.targets });
  assert.deepEqual([...scores.rank], dictionary.rank);
  assertAllClose([scores.mrr], [dictionary.mrr], { rtol: 1e-12 });
  assertAllClose(scores.recallAt.get(10)!, dictionary.recallAt10, { rtol: 1e-12 });
  assert.deepEqual([...scores.hitAt.get(10)!], dictionary.rank.map((rank) => (rank <= 10 ? 1 : 0)));
  assert.deepEqual([[...scores.hitAt.keys()], scores.lemmas], [[1, 10], 30]);
});

Deno.test("its MRR with one right lemma a gloss is scikit-learn's label ranking average precision", async () => {
  const rows = dictionary.single.flatMap((i) => dictionary.glosses.slice(i * width, (i + 1) * width));
  const targets = dictionary.single.map((i) => dictionary.targets[i]);
  const { mrr } = await scoreReverseDictionary(vectorsOf(rows, width), lemmas, { targets });
  assertAllClose([mrr], [dictionary.singleMrr], { rtol: 1e-12 });
});

Deno.test("glosses that are their lemmas find them, rotated and scaled too", async () => {
  const words = normalVectors(40, 6, "words");
  const targets = Array.from({ length: 40 }, (_, i) => [i]);
  for (const turn of [(vectors: Vectors) => vectors, (vectors: Vectors) => rotated(scaled(vectors, 3))]) {
    const { mrr, medianRank, hitAt } = await scoreReverseDictionary(turn(words), turn(words), { targets });
    assert.deepEqual([mrr, medianRank, mean(hitAt.get(1)!)], [1, 1, 1]);
  }
});

Deno.test("unrelated glosses find their lemma about as often as chance does", async () => {
  const targets = Array.from({ length: 500 }, (_, i) => [i % 100]);
  const { medianRank, mrr, hitAt } = await scoreReverseDictionary(
    normalVectors(500, 8, "unrelated glosses"),
    normalVectors(100, 8, "unrelated lemmas"),
    { targets },
  );
  const harmonic = Array.from({ length: 100 }, (_, i) => 1 / (i + 1)).reduce((sum, value) => sum + value, 0) / 100;
  assert.ok(Math.abs(medianRank - 50.5) < 8, `${medianRank}`); // standard error 2.2
  assert.ok(Math.abs(mrr - harmonic) < 0.02, `${mrr} beside ${harmonic}`); // standard error 0.005
  assert.ok(Math.abs(mean(hitAt.get(10)!) - 0.1) < 0.045); // standard error 0.013
});

Deno.test("a model that gives everything one vector ranks its lemma in the middle, whatever the order of lemmas", async () => {
  const one = (rows: number): Vectors => ({ shape: [rows, 2], data: new Float32Array(2 * rows).fill(1) });
  const { rank, hitAt } = await scoreReverseDictionary(one(3), one(9), { targets: [[0], [8], [0, 1, 2, 3]] });
  // Of m targets among n level items in random order, the first is expected at (n + 1) / (m + 1).
  assert.deepEqual([...rank], [5, 5, 2]);
  assert.deepEqual([...hitAt.get(1)!], [0, 0, 0]);
});

Deno.test("two clusters: the right cluster is found, the word in it is not", async () => {
  const words = vectorsOf([1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1], 2);
  const { rank, recallAt, hitAt } = await scoreReverseDictionary(vectorsOf([5, 1, 1, 5], 2), words, {
    targets: [[1], [3, 4]],
    ks: [2, 3, 6],
  });
  assertAllClose(rank, [2, 4 / 3], { rtol: 1e-12 });
  assert.deepEqual([...recallAt.get(3)!], [1, 1]);
  assert.deepEqual([...hitAt.get(2)!], [1, 1]);
});

Deno.test("a lemma added to the targets never ranks the gloss lower", async () => {
  for (let extra = 0; extra < 30; extra++) {
    const targets = dictionary.targets.map((rows) => (rows.includes(extra) ? rows : [...rows, extra]));
    const { rank } = await scoreReverseDictionary(glosses, lemmas, { targets });
    rank.forEach((value, i) => assert.ok(value >= 1 && value <= dictionary.rank[i]));
  }
});

Deno.test("reverseDictionaryTask joins glosses and lemmas by synset", async () => {
  const dataset = await loadDataset("wordnet-20k");
  const queries = dataset.splits.validation.slice(0, 3);
  const [first, , third] = Array.from(queries, (row) => dataset.texts.synset[row]);
  const synsetLemmas = [[third, 11], [first, 9], [third, 2], [third, 11], ["nothing", 0]] as const;
  const task = reverseDictionaryTask(dataset, { queries, synsetLemmas });
  assert.deepEqual([...task.glossRows], [queries[0], queries[2]]);
  assert.deepEqual(task.targets.map((rows) => [...rows]), [[9], [2, 11]]);
  assert.equal(task.withoutLemma, 1);
  const vectors = glossVectors(dataset, task);
  assert.deepEqual(vectors.data.subarray(384), dataset.columns.embedding.data.slice(queries[2] * 384).subarray(0, 384));
  assert.throws(
    () => reverseDictionaryTask(dataset, { queries, synsetLemmas: [] }),
    /glosses whose synset has a lemma, got none among 3/,
  );
  assert.throws(
    () => reverseDictionaryTask(dataset, { queries, synsetLemmas, column: "lemma" }),
    /expected a text column lemma, got synset, split, text/,
  );
});

Deno.test("synsetLemmas finds rows by name, and refuses unknown and repeated lemmas", () => {
  const glosses = [{ synset: "a", lemmas: ["y", "x"] }, { synset: "b", lemmas: ["x"] }];
  assert.deepEqual(synsetLemmas(glosses, ["x", "y"]), [["a", 1], ["a", 0], ["b", 0]]);
  assert.throws(() => synsetLemmas(glosses, ["y"]), /lemmas of the vocabulary, got "x" for a/);
  assert.throws(() => synsetLemmas(glosses, ["x", "y", "x"]), /each lemma once in the vocabulary, got "x" again/);
});

Deno.test("reverseDictionaryTask refuses test glosses until a report opens the test split", () => {
  const synset = Array.from({ length: 100 }, (_, i) => `s${i}`);
  const dataset = { ...randomDataset({ rows: 100, width: 4, seed: 61 }), texts: { synset } };
  const options = { queries: dataset.splits.test, synsetLemmas: synset.map((name, i) => [name, i] as const) };
  assert.throws(() => reverseDictionaryTask(dataset, options), /which openTestSplit has not opened, got row 90/);
  const queries = openTestSplit(dataset, { report: "reverse dictionary test" });
  assert.equal(reverseDictionaryTask(dataset, { ...options, queries }).targets.length, 10);
});

Deno.test("scoreReverseDictionary refuses bad input", async () => {
  const rejects = (targets: readonly number[][], message: RegExp, ks?: number[]) =>
    assert.rejects(scoreReverseDictionary(glosses, lemmas, { targets, ks }), message);
  const good = dictionary.targets;
  await rejects(good.slice(1), /targets for 12 glosses, got 11/);
  await rejects([[], ...good.slice(1)], /at least one target and none twice, got none for gloss 0/);
  await rejects([[4, 4], ...good.slice(1)], /none twice, got 4,4 for gloss 0/);
  for (const row of [30, -1, 1.5]) await rejects([[row], ...good.slice(1)], /expected targets below 30/);
  for (const k of [0, 31, 2.5]) await rejects(good, new RegExp(`k to be an integer from 1 to 30, got ${k}`), [k]);
  await assert.rejects(
    scoreReverseDictionary(glosses, normalVectors(30, 4, "narrow"), { targets: good }),
    /a gallery of \[n, 9\], got \[30, 4\]/,
  );
  const broken = { ...lemmas, data: lemmas.data.with(10, Infinity) };
  await assert.rejects(scoreReverseDictionary(glosses, broken, { targets: good }), /got Infinity in row 1/);
  await assert.rejects(
    scoreReverseDictionary({ shape: [0, 9], data: new Float32Array() }, lemmas, { targets: [] }),
    /expected vectors of \[n, width\], got \[0,9\]/,
  );
});
