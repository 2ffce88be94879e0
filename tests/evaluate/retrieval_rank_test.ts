// Recall at several k, mean reciprocal rank, duplicates and asymmetric queries.

import assert from "node:assert/strict";
import { type Dataset, randomDataset } from "lib/data/mod.ts";
import {
  distinctRows,
  firstNeighbours,
  hammingBlock,
  nearestNeighbours,
  type RetrievalTask,
  retrievalTask,
  scoreRetrieval,
  selectRows,
  type Vectors,
} from "lib/evaluate/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { geometryGolden, goldenX, normalVectors, rotated, scaled } from "./geometry_golden.ts";
import { vectorsOf } from "./golden.ts";

const all = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);

/** A task on vectors without a dataset. */
async function taskOn(vectors: Vectors, queryCount: number, k: number): Promise<RetrievalTask> {
  const teacher = await nearestNeighbours(vectors, { queries: all(queryCount), k });
  return { k, rows: all(vectors.shape[0]), queryCount, duplicates: 0, teacher };
}

const signsOf = ({ shape, data }: Vectors): Vectors => ({ shape, data: data.map((value) => (value > 0 ? 1 : -1)) });

Deno.test("ranks by sign bits agree with scipy's mean ranks, with Hamming distance and asymmetric queries", async () => {
  const { queries, hammingRank, asymmetricRank } = geometryGolden.binary;
  const task = await taskOn(goldenX, queries, 10);
  const signs = signsOf(goldenX);
  const hamming = await scoreRetrieval(task, signs, { product: hammingBlock });
  assertAllClose(hamming.rank, hammingRank, { rtol: 1e-12 });
  const asymmetric = await scoreRetrieval(task, signs, { queryVectors: selectRows(goldenX, all(queries)) });
  assertAllClose(asymmetric.rank, asymmetricRank, { rtol: 1e-12 });
  assertAllClose(asymmetric.reciprocalRank, asymmetricRank.map((rank) => 1 / rank), { rtol: 1e-12 });
});

Deno.test("a rotated and scaled copy has recall 1 at every k and MRR 1", async () => {
  const x = normalVectors(150, 6, "copy");
  const task = await taskOn(x, 20, 100);
  const { recallAt, mrr, k } = await scoreRetrieval(task, rotated(scaled(x, 4)));
  assert.deepEqual([[...recallAt.keys()], k, mrr], [[1, 10, 100], 100, 1]);
  assert.deepEqual([...recallAt.get(1)!, ...recallAt.get(10)!], Array(40).fill(1));
  assertAllClose([...recallAt.get(100)!], Array(20).fill(1), { atol: 0.021 }); // rounding may swap the last two
});

Deno.test("unrelated vectors rank the teacher's nearest neighbour anywhere", async () => {
  const task = await taskOn(normalVectors(201, 8, "teacher"), 200, 10);
  const { rank, mrr } = await scoreRetrieval(task, normalVectors(201, 8, "student"));
  const middle = rank.reduce((sum, value) => sum + value, 0) / 200;
  assert.ok(Math.abs(middle - 100.5) < 13, `${middle}`); // standard error 4.1
  assert.ok(Math.abs(mrr - 0.0294) < 0.02, `${mrr}`); // the harmonic number of 200 by 200
});

Deno.test("vectors that are all equal get no credit for the order of rows", async () => {
  const task = await taskOn(normalVectors(40, 4, "teacher"), 10, 5);
  const { rank } = await scoreRetrieval(task, { shape: [40, 2], data: new Float32Array(80).fill(1) });
  assert.deepEqual([...rank], Array(10).fill(20)); // 39 items level: (39 + 1) / 2
});

Deno.test("where the teacher has several nearest neighbours, the best of them counts", async () => {
  const teacher = vectorsOf([1, 0, 1, 1, 1, 1, 0, 1], 2); // rows 1 and 2 are level for row 0
  const task = await taskOn(teacher, 1, 1);
  const student = vectorsOf([1, 0, 0, 1, 1, 0.1, 0.5, 1], 2); // finds row 2 first, row 1 last
  assert.deepEqual([...(await scoreRetrieval(task, student)).rank], [1]);
});

Deno.test("rank 1 and recall@1 say the same where nothing is level", async () => {
  const task = await taskOn(normalVectors(80, 5, "teacher"), 80, 10);
  const noise = normalVectors(80, 5, "noise");
  const student = normalVectors(80, 5, "teacher");
  student.data.forEach((value, i) => student.data[i] = value + 0.4 * noise.data[i]);
  const { rank, recallAt, reciprocalRank } = await scoreRetrieval(task, student);
  assert.deepEqual([...recallAt.get(1)!], Array.from(rank, (value) => (value === 1 ? 1 : 0)));
  assert.ok(rank.some((value) => value > 1) && rank.some((value) => value === 1));
  rank.forEach((value, i) => assert.ok(value >= 1 && value <= 79 && reciprocalRank[i] === 1 / value));
});

Deno.test("firstNeighbours is a search with a smaller k, ties included", async () => {
  const gallery = vectorsOf([1, 0, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 0, 1, 1, 1], 2);
  const queries = all(8);
  const six = await nearestNeighbours(gallery, { queries, k: 6 });
  for (const k of [1, 2, 3, 4, 5, 6]) {
    assert.deepEqual(firstNeighbours(six, k), await nearestNeighbours(gallery, { queries, k }), `k ${k}`);
  }
  for (const k of [0, 7, 1.5]) assert.throws(() => firstNeighbours(six, k), new RegExp(`from 1 to 6, got ${k}`));
});

Deno.test("distinctRows keeps the first of equal vectors", () => {
  const vectors = vectorsOf([1, 0, 2, 3, 1, -0, 2, 3, 4, 4], 2);
  assert.deepEqual([...distinctRows(vectors, all(5))], [0, 1, 4]);
  assert.deepEqual([...distinctRows(vectors, Uint32Array.of(3, 2, 1, 0))], [3, 2]);
  assert.throws(() => distinctRows(vectors, Uint32Array.of(5)), /rows below 5, got 5/);
});

Deno.test("retrievalTask leaves out copies of queries and of training rows", async () => {
  const dataset: Dataset = randomDataset({ rows: 100, width: 6, seed: 91 });
  const { data } = dataset.columns.embedding;
  const copy = (from: number, to: number) => data.copyWithin(to * 6, from * 6, from * 6 + 6);
  const queries = dataset.splits.validation; // rows 80 to 89
  copy(queries[0], 3); // a query in the training rows
  copy(queries[1], queries[4]); // a query twice
  copy(10, 11); // a training row twice
  const task = await retrievalTask(dataset, { queries, k: 5 });
  assert.deepEqual([task.duplicates, task.queryCount, task.rows.length], [3, 9, 87]);
  for (const row of [3, 11, queries[4]]) assert.ok(!task.rows.includes(row));
  assert.deepEqual([...task.rows.subarray(0, 9)], [...queries].filter((row) => row !== queries[4]));
  const { mrr, recallMean } = await scoreRetrieval(task, selectRows(dataset.columns.embedding, task.rows));
  assert.deepEqual([mrr, recallMean], [1, 1]);
});

Deno.test("scoreRetrieval refuses k beyond the task's and queries of another shape", async () => {
  const x = normalVectors(30, 4, "refused");
  const task = await taskOn(x, 5, 10);
  for (const k of [0, 11, 1.5]) {
    await assert.rejects(scoreRetrieval(task, x, { ks: [k] }), new RegExp(`k to be an integer from 1 to 10, got ${k}`));
  }
  for (const shape of [[4, 4], [5, 3]]) {
    const queryVectors = normalVectors(shape[0], shape[1], "queries");
    await assert.rejects(scoreRetrieval(task, x, { queryVectors }), /expected query vectors of \[5, 4\]/);
  }
  const queryVectors = { shape: [5, 4], data: new Float32Array(20).fill(NaN) };
  await assert.rejects(scoreRetrieval(task, x, { queryVectors }), /expected finite vectors, got NaN in row 0/);
});
