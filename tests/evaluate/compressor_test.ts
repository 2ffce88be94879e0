import assert from "node:assert/strict";
import { randomDataset } from "lib/data/mod.ts";
import {
  baselineCompressors,
  binaryCompressor,
  compareScore,
  comparisonRecords,
  type Compressor,
  estimateScore,
  evaluateCompressors,
  fitPca,
  linearCompressor,
  modelCompressor,
  openTestSplit,
  pcaCodec,
  pcaWeights,
  retrievalTask,
  robustness,
  type Score,
  scoreRecords,
  scoreValue,
  selectRows,
  similarityBlock,
  type Vectors,
} from "lib/evaluate/mod.ts";
import { pcaModel } from "lib/models/linear_autoencoder.ts";
import { type MachineFacts, recordMaker } from "lib/record/mod.ts";
import { mean, random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { rotated, scaled } from "./geometry_golden.ts";

const WIDTH = 16;
const LATENT = 4;
/** Vectors whose variance falls from one dimension to the next, so that PCA has something to find. */
const dataset = (() => {
  const drawn = randomDataset({ rows: 400, width: WIDTH, seed: 71 });
  const { data } = drawn.columns.embedding;
  const turned = rotated({ shape: [400, WIDTH], data: data.map((value, i) => value / (1 + i % WIDTH)) });
  return { ...drawn, hash: "falling variance", columns: { embedding: { ...drawn.columns.embedding, ...turned } } };
})();
const train = selectRows(dataset.columns.embedding, dataset.splits.train);
const taskOf = () => retrievalTask(dataset, { queries: dataset.splits.validation, k: 10 });
const evaluate = async (compressors: readonly Compressor[]) =>
  await evaluateCompressors(compressors, { task: await taskOf(), dataset, seed: 1 });
const make = recordMaker({ machine: { id: "test" } as MachineFacts, source: "test", inputs: [], rerun: "" });
const QUANTITIES = ["cosine", "cosineP5", "mse", "explainedVariance", "isoScore", "cka", "rsa"];

Deno.test("baselines cost the bytes they should and each scores everything", async () => {
  const baselines = baselineCompressors(train, { latentDims: [LATENT, 8], seed: 1 });
  assert.deepEqual(baselines.map(({ name, bytesPerVector }) => [name, bytesPerVector]), [
    ["teacher", 64],
    ["PCA-4", 16],
    ["PCA-8", 32],
    ["truncation-4", 16],
    ["truncation-8", 32],
    ["random rotation-4", 16],
    ["random rotation-8", 32],
    ["int8", 16],
    ["binary, hamming", 2],
    ["binary, asymmetric", 2],
  ]);
  const results = await evaluate(baselines);
  for (const { name, scores } of results) {
    assert.deepEqual([...scores.keys()], [...QUANTITIES, "recallAt1", "recallAt10", "mrr"], name);
    for (const [quantity, score] of scores) {
      const value = scoreValue(score);
      assert.ok(quantity === "mse" ? value >= 0 : value >= -1 && value <= 1, `${name} ${quantity} ${value}`);
      assert.equal(score.n, 40);
    }
  }
  const value = (name: string, quantity: string) =>
    scoreValue(results.find((one) => one.name === name)!.scores.get(quantity)!);
  for (const quantity of ["cosine", "explainedVariance", "cka", "rsa", "recallAt1", "recallAt10", "mrr"]) {
    assertAllClose([value("teacher", quantity)], [1], { atol: 1e-6, label: quantity });
  }
  for (const other of ["truncation", "random rotation"]) {
    assert.ok(value(`PCA-${LATENT}`, "explainedVariance") > value(`${other}-${LATENT}`, "explainedVariance") + 0.1);
    assert.ok(value("PCA-8", "recallAt10") > value(`${other}-8`, "recallAt10"));
  }
  assert.ok(value("PCA-8", "recallAt10") > value("PCA-4", "recallAt10"));
  assert.ok(value("int8", "cosine") > 0.999);
  assert.ok(value("binary, asymmetric", "recallAt10") > value("binary, hamming", "recallAt10"));
});

Deno.test("evaluateCompressors gives a rotated and scaled store everything but the cosine", async () => {
  const turned: Compressor = {
    name: "turned",
    bytesPerVector: 64,
    compress: (vectors) => Promise.resolve({ ranked: rotated(scaled(vectors, 3)), decoded: null }),
  };
  const [{ scores }] = await evaluate([turned]);
  assert.ok(!scores.has("cosine") && !scores.has("explainedVariance"));
  for (const quantity of ["cka", "rsa", "recallAt1", "recallAt10", "mrr"]) {
    assertAllClose([scoreValue(scores.get(quantity)!)], [1], { atol: 1e-5, label: quantity });
  }
});

Deno.test("a model's compressor is the linear code it was made from, decoded and latent", async () => {
  const pca = fitPca(train);
  const model = pcaModel({ inputDim: WIDTH, latentDim: LATENT }).trace();
  const shared = { width: WIDTH, weights: pcaWeights(pca, LATENT), bytesPerVector: 4 * LATENT };
  for (const rank of ["decoded", "latent"] as const) {
    const traced = await modelCompressor(model, { name: "traced", ...shared, rank }).compress(train);
    const linear = await linearCompressor(pcaCodec(pca, LATENT), { rank }).compress(train);
    assertAllClose(traced.ranked.data, linear.ranked.data, { atol: 1e-5 });
    assertAllClose(traced.decoded!.data, linear.decoded!.data, { atol: 1e-5 });
  }
  const latentOnly = await modelCompressor(model, { name: "latents", ...shared, output: null }).compress(train);
  assert.deepEqual([latentOnly.ranked.shape[1], latentOnly.decoded], [LATENT, null]);
  assert.throws(
    () => modelCompressor(model, { name: "latents", ...shared, output: null, rank: "decoded" }),
    /expected an output, got none/,
  );
});

Deno.test("evaluateCompressors takes a reverse dictionary through every compressor", async () => {
  const lemmas = selectRows(train, Uint32Array.from({ length: 120 }, (_, i) => i));
  const glosses = selectRows(lemmas, Uint32Array.from({ length: 20 }, (_, i) => 3 * i));
  const targets = Array.from({ length: 20 }, (_, i) => Uint32Array.of(3 * i));
  const results = await evaluateCompressors(baselineCompressors(train, { latentDims: [LATENT], seed: 1 }), {
    task: await taskOf(),
    dataset,
    dictionary: { glosses, lemmas, targets },
    seed: 1,
  });
  for (const { name, scores } of results) {
    const mrr = scoreValue(scores.get("reverseMrr")!);
    // A gloss that is its lemma is found by everything that asks as it stores.
    if (name.startsWith("binary")) assert.ok(mrr > 0.5, `${name} ${mrr}`);
    else assert.equal(mrr, 1, name);
    assert.deepEqual([...scores.keys()].slice(-3), ["reverseHitAt1", "reverseHitAt10", "reverseHitAt100"]);
    assert.equal(scores.get("reverseMrr")!.n, 20);
  }
});

Deno.test("evaluateCompressors refuses names twice, none at all, other rows, other widths and NaN", async () => {
  const [teacher] = baselineCompressors(train, { latentDims: [LATENT], seed: 1 });
  await assert.rejects(evaluate([teacher, teacher]), /expected different names, got teacher/);
  await assert.rejects(evaluate([]), /got no compressor/);
  const stub = (ranked: (vectors: Vectors) => Vectors): Compressor => ({
    name: "stub",
    bytesPerVector: 1,
    compress: (vectors) => Promise.resolve({ ranked: ranked(vectors), decoded: null }),
  });
  const fewer = stub((vectors) => selectRows(vectors, Uint32Array.of(0, 1)));
  await assert.rejects(evaluate([fewer]), /Cannot evaluate stub: expected \[360, width\], got \[2,16\]/);
  const broken = stub(({ shape, data }) => ({ shape, data: data.with(17, NaN) }));
  await assert.rejects(evaluate([broken]), /expected finite vectors, got NaN in row 1/);
  const narrow = { shape: [2, 3], data: new Float32Array(6) };
  await assert.rejects(teacher.compress(narrow), /Cannot compress with teacher: expected \[n, 16\], got \[2, 3\]/);
  assert.throws(() => baselineCompressors(train, { latentDims: [17], seed: 1 }), /from 1 to 16, got 17/);
  assert.throws(() => binaryCompressor({ shape: [0, 4], data: new Float32Array() }, { scoring: "hamming" }), /\[0,4\]/);
});

Deno.test("evaluateCompressors on the test split needs it opened, through the task", async () => {
  const closed = { ...dataset, hash: "test split of compressors" };
  await assert.rejects(retrievalTask(closed, { queries: closed.splits.test, k: 5 }), /openTestSplit has not opened/);
  const task = await retrievalTask(closed, { queries: openTestSplit(closed, { report: "compressors" }), k: 5 });
  const results = await evaluateCompressors(baselineCompressors(train, { latentDims: [LATENT], seed: 1 }), {
    task,
    dataset: closed,
    seed: 1,
  });
  assert.deepEqual(results[0].scores.get("mrr")!.n, 40);
});

/** A score of some seeds that share their items' difficulty. */
function seedsOf(count: number, gain: number): Score[] {
  const difficulty = random(81).fillNormal(new Float64Array(50), 0.6, 0.1);
  return Array.from({ length: count }, (_, s) => {
    const noise = random(81, s).fillNormal(new Float64Array(50), 0, 0.01);
    return { quantity: "recallAt10", items: noise.map((value, i) => value + gain + difficulty[i]), n: 50 };
  });
}

Deno.test("estimateScore takes items for one seed, seeds and items for several", () => {
  const options = { seed: 1, resamples: 300 };
  const one = estimateScore(seedsOf(1, 0), options);
  assert.deepEqual([one.n, one.interval.method], [50, "bootstrap percentile, 300 resamples"]);
  const five = estimateScore(seedsOf(5, 0), options);
  assert.equal(five.n, 5);
  assert.match(five.interval.method, /two-level/);
  assertAllClose([five.value], [mean(seedsOf(5, 0).map(scoreValue))], { rtol: 1e-9 });
  const highest = {
    quantity: "p100",
    items: Float64Array.of(1, 3, 2),
    n: 3,
    statistic: (x: Float64Array) => Math.max(...x),
  };
  assert.equal(estimateScore([highest], options).value, 3);
});

Deno.test("compareScore pairs items and refuses different quantities", () => {
  const options = { seed: 1, resamples: 300 };
  const compared = compareScore(seedsOf(5, 0.1), seedsOf(1, 0), options);
  assert.deepEqual([compared.verdict, compared.aHigher, compared.n], ["higher", 50, 50]);
  assert.ok(compared.interval.high - compared.interval.low < 0.05, "items are paired");
  const other = [{ ...seedsOf(1, 0)[0], quantity: "mrr" }];
  assert.throws(() => compareScore(seedsOf(2, 0), other, options), /expected recallAt10 on both sides, got mrr/);
  assert.throws(() => estimateScore([...seedsOf(2, 0), ...other], options), /recallAt10 of every seed, got mrr/);
  assert.throws(() => estimateScore([], options), /at least one seed, got none/);
});

Deno.test("robustness is the coefficient of variation of the seeds' scores", () => {
  const seeds = [0.8, 0.9, 1].map((value) => ({
    quantity: "cosine",
    items: Float64Array.of(value - 0.1, value + 0.1),
    n: 2,
  }));
  const { values, coefficientOfVariation } = robustness(seeds);
  assertAllClose(values, [0.8, 0.9, 1], { rtol: 1e-12 });
  assertAllClose([coefficientOfVariation.value], [0.1 / 0.9], { rtol: 1e-9 });
  const { low, high } = coefficientOfVariation.interval;
  assert.ok(low < 0.1 / 0.9 && high > 0.3, "three seeds say little");
  assert.throws(() => robustness(seeds.slice(1)), /at least 3 samples, got 2/);
});

Deno.test("scores and comparisons become valid records", async () => {
  const [teacher, pca] = await evaluate(baselineCompressors(train, { latentDims: [LATENT], seed: 1 }).slice(0, 2));
  const options = { seed: 1, resamples: 100 };
  const records = scoreRecords(make, "quality.pca-4", [pca], options);
  assert.deepEqual([...records.keys()], ["bytesPerVector", ...pca.scores.keys()]);
  for (const [quantity, record] of records) {
    assert.equal(record.id, `quality.pca-4.${quantity}`);
    if (quantity !== "bytesPerVector") assert.ok(record.interval !== null && record.n === 40);
  }
  const seeds = scoreRecords(make, "quality.pca-4", [pca, pca], options);
  assert.deepEqual([seeds.get("mrr")!.n, seeds.get("mrr")!.note], [2, "2 seeds x 40 items"]);
  const mrr = (one: typeof pca) => [one.scores.get("mrr")!];
  const compared = comparisonRecords(make, "gain.pca-4", compareScore(mrr(pca), mrr(teacher), options));
  assert.deepEqual([compared.verdict.value, compared.aHigher.value, compared.difference.id], [
    "lower",
    0,
    "gain.pca-4.difference",
  ]);
  assert.throws(() => scoreRecords(make, "x", [pca, teacher], options), /expected seeds of 16 bytes.*got 64 bytes/);
  assert.throws(() => scoreRecords(make, "x", [], options), /at least one seed, got none/);
});

Deno.test("a linear code through a product is the portable one up to single precision", async () => {
  const codec = pcaCodec(fitPca(train), LATENT);
  for (const rank of ["decoded", "latent"] as const) {
    const portable = await linearCompressor(codec, { rank }).compress(train);
    const fast = await linearCompressor(codec, { rank, product: similarityBlock }).compress(train);
    assert.deepEqual(fast.ranked.shape, portable.ranked.shape);
    assertAllClose(fast.ranked.data, portable.ranked.data, { rtol: 1e-5, atol: 1e-6 });
    assertAllClose(fast.decoded!.data, portable.decoded!.data, { rtol: 1e-5, atol: 1e-6 });
  }
});
