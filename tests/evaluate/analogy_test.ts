import assert from "node:assert/strict";
import {
  type AnalogyOutcome,
  analogyRates,
  analogySet,
  analogySimilarities,
  type AnalogySpace,
  meanByPair,
  normalizeRows,
  outcomeOf,
  passes,
  scoreAnalogies,
  scoreAveragedAnalogies,
  similarityBlock,
  type Vectors,
} from "lib/evaluate/mod.ts";
import { shuffledSecondWords } from "../../lib/evaluate/analogy_ranks.ts";
import { mcNemar, mean, random, twoLevelBootstrap } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import {
  chained,
  direction,
  golden,
  goldenVectors,
  ranksByName,
  relation,
  rotated,
  top1,
  vocabularyOf,
} from "./analogy_fixtures.ts";

const goldenSet = analogySet(golden.questions, vocabularyOf(golden.words));

Deno.test("scoreAnalogies agrees with numpy on ranks of 3CosAdd, 3CosMul, only-b and ignore-a", async () => {
  const scores = await scoreAnalogies({ vectors: goldenVectors }, goldenSet, { seed: 1 });
  const ranks = ranksByName(scores);
  assert.equal(Object.keys(golden.ranks).length, 12);
  for (const [name, expected] of Object.entries(golden.ranks)) assert.deepEqual(ranks[name], expected, name);
  assertAllClose(scores.targetSimilarity, golden.targetSimilarity, { atol: 1e-6 });
  assertAllClose(scores.relationshipSimilarity, golden.relationshipSimilarity, { atol: 1e-6 });
  const [all] = analogySimilarities(scores);
  assertAllClose([all.consistencyScore!], [golden.consistencyScore], { rtol: 1e-6 });
});

Deno.test("scoreAveragedAnalogies agrees with numpy", async () => {
  const scores = await scoreAveragedAnalogies({ vectors: goldenVectors }, goldenSet);
  assert.deepEqual(ranksByName(scores), golden.average.ranks);
  assertAllClose(scores.targetSimilarity, golden.average.target, { atol: 1e-6 });
  assertAllClose(scores.relationshipSimilarity, golden.average.relationship, { atol: 1e-6 });
});

Deno.test("shuffled-pairs is the question asked with another pair's second word", async () => {
  const shuffled = shuffledSecondWords(goldenSet.questions, 5);
  const swapped = { ...goldenSet, questions: goldenSet.questions.map((q, i) => ({ ...q, b: shuffled[i] })) };
  const control = ranksByName(await scoreAnalogies({ vectors: goldenVectors }, goldenSet, { seed: 5 }));
  const asked = ranksByName(await scoreAnalogies({ vectors: goldenVectors }, swapped, { seed: 5 }));
  for (const method of ["3CosAdd", "3CosMul"]) {
    for (const inputs of ["excluded", "included"]) {
      assert.deepEqual(control[`${method} shuffled-pairs ${inputs}`], asked[`${method} full ${inputs}`]);
    }
  }
  goldenSet.questions.forEach(({ a, b, c, accepted, category }, i) => {
    assert.ok(![a, b, c, ...accepted].includes(shuffled[i]));
    assert.ok(goldenSet.questions.some((q) => q.category === category && [q.b, ...q.accepted].includes(shuffled[i])));
  });
});

Deno.test("exact offsets pass every question; only-b passes none, and shuffled pairs few", async () => {
  const vectors = relation(random(3, "exact"), { pairs: 60, width: 8, half: 1 });
  const set = analogySet(chained(60), vocabularyOf(120));
  const scores = await scoreAnalogies({ vectors }, set, { seed: 1 });
  for (const inputs of ["excluded", "included"]) assert.equal(top1(scores, `3CosAdd full ${inputs}`), 1);
  assertAllClose(scores.targetSimilarity, new Float64Array(60).fill(1), { rtol: 1e-6 });
  assertAllClose(scores.relationshipSimilarity, new Float64Array(60).fill(1), { rtol: 1e-6 });
  assert.equal(top1(scores, "3CosAdd only-b excluded"), 0, "the nearest word to a source is another source");
  assert.ok(top1(scores, "3CosAdd shuffled-pairs excluded") < 0.3);
  assert.equal(top1(scores, "3CosAdd only-b included"), 0);
  assert.equal((await scoreAveragedAnalogies({ vectors }, set)).outcomes[0].ranks.every((rank) => rank === 1), true);
});

Deno.test("only-b passes where the answer is simply the nearest neighbour, and fails when inputs may be answers", async () => {
  const stream = random(4, "neighbours");
  const rows = Array.from({ length: 15 }, () => direction(stream, 16)).flatMap((row) => [
    row,
    row.map((value) => value + 0.02 * stream.normal()), // its partner lies beside it in a direction of its own: no relation
  ]);
  const vectors = { shape: [30, 16], data: Float32Array.from(rows.flat()) };
  const scores = await scoreAnalogies({ vectors }, analogySet(chained(15), vocabularyOf(30)), { seed: 1 });
  assert.equal(top1(scores, "3CosAdd full excluded"), 1);
  assert.equal(top1(scores, "3CosAdd only-b excluded"), 1);
  assert.equal(top1(scores, "3CosAdd only-b included"), 0);
  assert.ok(Math.abs(mean(scores.relationshipSimilarity)) < 0.2, "the offsets have nothing in common");
});

Deno.test("random vectors are at chance under every rule", async () => {
  const stream = random(9, "chance");
  const vectors = { shape: [300, 40], data: stream.fillNormal(new Float32Array(300 * 40), 0, 1) };
  const scores = await scoreAnalogies({ vectors }, analogySet(chained(150), vocabularyOf(300)), { seed: 2 });
  for (const { method, variant, inputs, ranks } of scores.outcomes) {
    const middle = mean(Float64Array.from(ranks)) / 300;
    assert.ok(middle > 0.4 && middle < 0.6, `${method} ${variant} ${inputs}: mean rank ${middle} of the vocabulary`);
  }
});

Deno.test("ranks do not change when all vectors are rotated or rows are scaled", async () => {
  const stream = random(6, "invariance");
  const layout = { pairs: 20, width: 12, half: 0.4, noise: 0.25, others: 30 };
  const vectors = relation(stream, layout);
  const set = analogySet(chained(20), vocabularyOf(70));
  const scaled = { shape: vectors.shape, data: vectors.data.map((value, i) => value * (1 + Math.floor(i / 12) % 7)) };
  const ask = async (vectors: Vectors) => {
    const [scores, averaged] = [
      await scoreAnalogies({ vectors }, set, { seed: 3 }),
      await scoreAveragedAnalogies({ vectors }, set),
    ];
    return { ...ranksByName(scores), ...ranksByName(averaged) };
  };
  const expected = await ask(vectors);
  assert.deepEqual(await ask(rotated(vectors, 8)), expected);
  assert.deepEqual(await ask(scaled), expected);
});

Deno.test("arithmetic elsewhere: the identity and a rotation give the same answers, a collapsing student none", async () => {
  const ask = async (space: AnalogySpace) => ({
    add: await scoreAnalogies(space, goldenSet, { seed: 1 }),
    average: await scoreAveragedAnalogies(space, goldenSet),
  });
  const inSpace = await ask({ vectors: goldenVectors });
  const turn = (vectors: Vectors) => rotated(vectors, 2);
  for (const encode of [(vectors: Vectors) => vectors, turn, (vectors: Vectors) => Promise.resolve(turn(vectors))]) {
    const space = { vectors: await encode(goldenVectors), arithmetic: { vectors: goldenVectors, encode } };
    const encoded = await ask(space);
    assert.deepEqual(
      ranksByName(encoded.add),
      Object.fromEntries(Object.entries(ranksByName(inSpace.add)).filter(([name]) => name.startsWith("3CosAdd"))),
    );
    assert.deepEqual(ranksByName(encoded.average), ranksByName(inSpace.average));
    assertAllClose(encoded.add.targetSimilarity, inSpace.add.targetSimilarity, { atol: 1e-6 });
    assertAllClose(encoded.average.targetSimilarity, inSpace.average.targetSimilarity, { atol: 1e-6 });
  }
  const collapse = ({ shape: [rows] }: Vectors) => ({ shape: [rows, 3], data: new Float32Array(3 * rows).fill(1) });
  const collapsed = await ask({
    vectors: collapse(goldenVectors),
    arithmetic: { vectors: goldenVectors, encode: collapse },
  });
  for (const scores of [collapsed.add, collapsed.average]) {
    for (const { ranks } of scores.outcomes) assert.ok(ranks.every((rank) => rank > 40));
    assert.equal(analogySimilarities(scores)[0].consistencyScore, 1);
  }
});

Deno.test("encoded arithmetic feeds the student vectors of norm 1", async () => {
  const norms: number[] = [];
  const encode = (vectors: Vectors) => {
    assertAllClose(normalizeRows(vectors).data, vectors.data, { atol: 1e-6 });
    norms.push(vectors.shape[0]);
    return vectors;
  };
  await scoreAnalogies({ vectors: goldenVectors, arithmetic: { vectors: goldenVectors, encode } }, goldenSet, {
    seed: 1,
  });
  assert.deepEqual(norms, [32, 32, 32]); // full, ignore-a, shuffled-pairs
});

Deno.test("many words are multiplied in several products with the same result", async () => {
  const stream = random(12, "chunks");
  const vectors = relation(stream, { pairs: 900, width: 6, half: 0.5, noise: 0.1 });
  const set = analogySet(chained(900), vocabularyOf(1800));
  const sizes: number[] = [];
  const product = (queries: Vectors, gallery: Vectors) => {
    sizes.push(queries.shape[0]);
    return similarityBlock(queries, gallery);
  };
  const scores = await scoreAnalogies({ vectors }, set, { seed: 1, product });
  assert.ok(sizes.length > 1 && sizes.every((size) => size <= 1024), `${sizes}`);
  const last = { ...set, questions: set.questions.slice(-5) };
  const alone = await scoreAnalogies({ vectors }, last, { seed: 1 });
  for (const variant of ["full", "only-b", "ignore-a"] as const) {
    const rule = { method: "3CosMul", variant, inputs: "excluded" } as const;
    assert.deepEqual(outcomeOf(scores, rule).ranks.slice(-5), outcomeOf(alone, rule).ranks);
  }
});

Deno.test("rates, similarities and means by pair are those of their questions", async () => {
  const scores = await scoreAnalogies({ vectors: goldenVectors }, goldenSet, { seed: 1 });
  const rates = analogyRates(scores);
  assert.deepEqual([...new Set(rates.map(({ category }) => category))], ["all", "first", "second"]);
  const rule = { method: "3CosAdd", variant: "full", inputs: "excluded" } as const;
  const outcome = outcomeOf(scores, rule);
  for (const { category, n, pairs, top1, top5, mrr } of rates.filter((r) => r.variant === "full").slice(0, 1)) {
    assert.deepEqual([category, n, pairs], ["all", 32, 16]);
    assert.equal(top1, mean(passes(outcome, 1)));
    assert.equal(top5, mean(passes(outcome, 5)));
    assertAllClose([mrr], [mean([...outcome.ranks].map((rank) => 1 / rank))], { rtol: 1e-12 });
  }
  const byPair = meanByPair(scores, scores.targetSimilarity);
  assert.equal(byPair.length, 16);
  assertAllClose([byPair[3]], [(golden.targetSimilarity[6] + golden.targetSimilarity[7]) / 2], { atol: 1e-6 });
  const single = await scoreAnalogies(
    { vectors: goldenVectors },
    { ...goldenSet, questions: [goldenSet.questions[0]] },
    {
      seed: 1,
    },
  );
  assert.equal(analogySimilarities(single)[0].consistencyScore, null);
});

Deno.test("outcomes go into two-level intervals and paired tests", async () => {
  const seeds = await Promise.all([1, 2, 3].map((seed) => {
    const noise = random(seed, "student");
    const vectors = {
      shape: goldenVectors.shape,
      data: goldenVectors.data.map((value) => value + 0.3 * noise.normal()),
    };
    return scoreAnalogies({ vectors }, goldenSet, { seed: 1 });
  }));
  const rule = { method: "3CosAdd", variant: "full", inputs: "excluded" } as const;
  const groups = seeds.map((scores) => meanByPair(scores, passes(outcomeOf(scores, rule), 5)));
  const { value, interval, n } = twoLevelBootstrap(groups, { seed: 1, resamples: 500 });
  assert.equal(n, 3);
  // Every pair is asked for twice here, so that the mean over pairs is the pass rate.
  assertAllClose([value], [mean(seeds.map((scores) => mean(passes(outcomeOf(scores, rule), 5))))], { rtol: 1e-12 });
  assert.ok(interval.low < value && value < interval.high);
  const control = outcomeOf(seeds[0], { ...rule, variant: "only-b" });
  const booleans = (outcome: AnalogyOutcome) => Array.from(passes(outcome, 1), Boolean);
  const { both, onlyA, onlyB, neither } = mcNemar(booleans(outcomeOf(seeds[0], rule)), booleans(control));
  assert.equal(both + onlyA + onlyB + neither, 32);
  assert.equal(both + onlyB, control.ranks.filter((rank) => rank === 1).length);
});

Deno.test("vectors that do not fit are refused", async () => {
  const ask = (vectors: Vectors, arithmetic?: AnalogySpace["arithmetic"]) =>
    scoreAnalogies({ vectors, arithmetic }, goldenSet, { seed: 1 });
  const short = { shape: [59, 5], data: goldenVectors.data.slice(0, 295) };
  const wrong = { shape: [60, 5], data: goldenVectors.data.with(7, NaN) };
  await assert.rejects(ask(short), /Cannot score analogies: expected vectors of \[60, 5\], one a word, got \[59, 5\]/);
  await assert.rejects(ask(wrong), /expected finite vectors, got NaN in row 1/);
  const encode = (vectors: Vectors) => ({ shape: [vectors.shape[0], 1], data: new Float32Array(vectors.shape[0]) });
  await assert.rejects(
    ask(goldenVectors, { vectors: goldenVectors, encode }),
    /expected encoded queries of \[32, 5\], got \[32,1\]/,
  );
  await assert.rejects(ask(goldenVectors, { vectors: short, encode: (vectors) => vectors }), /got \[59, 5\]/);
  const scores = await ask(goldenVectors);
  assert.throws(() => passes(scores.outcomes[0], 0), /expected k from 1, got 0/);
  assert.throws(() => meanByPair(scores, new Float64Array(3)), /expected 32 values, got 3/);
  assert.throws(
    () => outcomeOf(scores, { method: "3CosAvg", variant: "full", inputs: "excluded" }),
    /expected one of 3CosAdd full, inputs excluded; .*, got 3CosAvg full, inputs excluded/,
  );
  const lone = analogySet([{ category: "x", a: 0, b: 1, c: 2, d: 3 }], vocabularyOf(60));
  assert.equal((await scoreAveragedAnalogies({ vectors: goldenVectors }, lone)).n, 1);
  const touching = analogySet([{ category: "x", a: 0, b: 1, c: 2, d: [3, 1] }], vocabularyOf(60));
  assert.equal(touching.questions[0].accepted.length, 1);
});
