import assert from "node:assert/strict";
import {
  analogyScore,
  analogySet,
  analogySimilarityScore,
  type Compressor,
  estimateRate,
  estimateScore,
  evaluateAnalogies,
  meanByPair,
  outcomeOf,
  passes,
  scoreValue,
  teacherCompressor,
  type Vectors,
} from "lib/evaluate/mod.ts";
import { random, standardDeviation } from "lib/statistics/mod.ts";

const words = Array.from({ length: 24 }, (_, i) => `w${i}`);
const WIDTH = 6;
const vectors: Vectors = {
  shape: [words.length, WIDTH],
  data: random(1, "words").fillUniform(new Float32Array(words.length * WIDTH), -1, 1),
};
// Two categories; in the first, two questions ask for the same pair.
const set = analogySet([
  { category: "x", a: "w0", b: "w1", c: "w2", d: "w3" },
  { category: "x", a: "w4", b: "w5", c: "w2", d: "w3" },
  { category: "x", a: "w6", b: "w7", c: "w8", d: "w9" },
  { category: "y", a: "w10", b: "w11", c: "w12", d: "w13" },
  { category: "y", a: "w14", b: "w15", c: "w16", d: "w17" },
], words);
const rule = { method: "3CosAdd", variant: "full", inputs: "excluded" } as const;
const turned: Compressor = {
  name: "turned",
  bytesPerVector: 4 * WIDTH,
  compress: ({ shape, data }) => {
    const ranked = { shape, data: data.map((_, i) => data[i - i % WIDTH + (i + 1) % WIDTH] * (i % 2 ? 1 : -1)) };
    return Promise.resolve({ ranked, decoded: null });
  },
};

Deno.test("a score's items are pairs, of all categories or of one", async () => {
  const [{ scores }] = await evaluateAnalogies([teacherCompressor(WIDTH)], { set, vectors, seed: 1 });
  const all = analogyScore(scores, rule, { k: 5 });
  assert.deepEqual(all.items, meanByPair(scores, passes(outcomeOf(scores, rule), 5)));
  assert.equal(all.n, 4);
  const inX = analogyScore(scores, rule, { k: 5, category: "x" });
  const passed = passes(outcomeOf(scores, rule), 5);
  assert.deepEqual([...inX.items], [(passed[0] + passed[1]) / 2, passed[2]]);
  assert.throws(() => analogyScore(scores, rule, { category: "z" }), /expected a category of x, y, got z/);
});

Deno.test("similarities are averaged by pair, and consistency is one less their spread", async () => {
  const [{ scores }] = await evaluateAnalogies([teacherCompressor(WIDTH)], { set, vectors, seed: 1 });
  const pairs = meanByPair(scores, scores.targetSimilarity);
  assert.deepEqual(analogySimilarityScore(scores, "targetSimilarity").items, pairs);
  assert.deepEqual(
    analogySimilarityScore(scores, "relationshipSimilarity").items,
    meanByPair(scores, scores.relationshipSimilarity),
  );
  assert.equal(scoreValue(analogySimilarityScore(scores, "consistencyScore")), 1 - standardDeviation(pairs));
});

Deno.test("an orthogonal map answers as the teacher does, both ways of asking, and 3CosAvg is asked on demand", async () => {
  const compressors = [teacherCompressor(WIDTH), turned];
  const [teacher, student] = await evaluateAnalogies(compressors, { set, vectors, seed: 1, averaged: true });
  assert.deepEqual(outcomeOf(student.scores, rule).ranks, outcomeOf(teacher.scores, rule).ranks);
  assert.equal(student.averaged?.outcomes[0].method, "3CosAvg");
  const [, encoded] = await evaluateAnalogies(compressors, { set, vectors, seed: 1, arithmetic: "teacher" });
  assert.deepEqual(outcomeOf(encoded.scores, rule).ranks, outcomeOf(teacher.scores, rule).ranks);
  assert.equal(encoded.averaged, null);
});

Deno.test("a rate of none or all has Wilson's interval, any other the bootstrap's", () => {
  const score = (items: number[]) => ({ quantity: "top1", items: Float64Array.from(items), n: items.length });
  const options = { seed: 1, resamples: 200 };
  for (const value of [0, 1]) {
    const { interval, n } = estimateRate([score(Array(15).fill(value)), score(Array(15).fill(value))], options);
    assert.equal(n, 15);
    assert.ok(interval.high - interval.low > 0.15 && interval.low >= 0 && interval.high <= 1);
  }
  const mixed = [score([0, 1, 1, 0]), score([0, 1, 1, 1])];
  assert.deepEqual(estimateRate(mixed, options), estimateScore(mixed, options));
  const halves = [score([0.5, 0.5, 0.5])];
  assert.deepEqual(estimateRate(halves, options), estimateScore(halves, options));
});
