import assert from "node:assert/strict";
import { type Dataset, randomDataset } from "lib/data/mod.ts";
import {
  nearestNeighbours,
  openTestSplit,
  recallAtK,
  retrievalTask,
  scoreRetrieval,
  selectRows,
  type SimilarityBlock,
  similarityBlock,
  type Vectors,
} from "lib/evaluate/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { golden, goldenVectors, vectorsOf } from "./golden.ts";

/** Vectors on the unit circle at these angles in degrees: nearest by cosine is nearest by angle. */
function onCircle(...degrees: number[]): Vectors {
  return vectorsOf(degrees.flatMap((angle) => [Math.cos(angle * Math.PI / 180), Math.sin(angle * Math.PI / 180)]), 2);
}

const all = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);

Deno.test("nearestNeighbours and recallAtK agree with scikit-learn", async () => {
  const options = { queries: all(golden.queries), k: golden.k };
  const teacher = await nearestNeighbours(goldenVectors, options);
  const student = await nearestNeighbours(vectorsOf(golden.pca.reconstructed, golden.width), options);
  assert.deepEqual([...teacher.indices], golden.teacher.flat());
  assert.deepEqual([...student.indices], golden.student.flat());
  assertAllClose(recallAtK(teacher, student), golden.recall, { rtol: 1e-12 });
});

Deno.test("nearestNeighbours excludes the query, finds its duplicate and sorts by cosine", async () => {
  const found = await nearestNeighbours(onCircle(0, 0, 10, 30, 180), { queries: Uint32Array.of(0, 4), k: 3 });
  assert.deepEqual([...found.indices], [1, 2, 3, 3, 2, 0]);
  assertAllClose(found.similarities.subarray(0, 3), [1, Math.cos(Math.PI / 18), Math.cos(Math.PI / 6)], { rtol: 1e-6 });
  assert.deepEqual(found.ties.map((tie) => [...tie]), [[], [1]]); // rows 0 and 1 are equal: one of them did not fit
});

Deno.test("nearestNeighbours gives the same result for every tile size", async () => {
  const whole = await nearestNeighbours(goldenVectors, { queries: all(golden.rows), k: 4, queryTile: 1000 });
  for (const queryTile of [1, 7, 59]) {
    assert.deepEqual(await nearestNeighbours(goldenVectors, { queries: all(golden.rows), k: 4, queryTile }), whole);
  }
});

Deno.test("ties: equal items are listed by row, and any of them counts for recall", async () => {
  const gallery = onCircle(0, 90, 90, 90, 180);
  const queries = Uint32Array.of(0);
  const teacher = await nearestNeighbours(gallery, { queries, k: 1 });
  assert.deepEqual([[...teacher.indices], [...teacher.ties[0]]], [[1], [2, 3]]);
  for (const [angles, recall] of [[[0, 50, 60, 10, 180], 1], [[0, 50, 60, 70, 10], 0]] as const) {
    const student = await nearestNeighbours(onCircle(...angles), { queries, k: 1 });
    assert.deepEqual([...recallAtK(teacher, student)], [recall]);
  }
});

Deno.test("recallAtK counts the overlap whatever its order", async () => {
  const queries = Uint32Array.of(0);
  const teacher = await nearestNeighbours(onCircle(0, 1, 2, 3, 4, 5, 6), { queries, k: 3 });
  const student = await nearestNeighbours(onCircle(0, 3, 9, 1, 2, 8, 7), { queries, k: 3 });
  assert.deepEqual([...student.indices], [3, 4, 1]);
  assertAllClose(recallAtK(teacher, student), [2 / 3]);
});

Deno.test("rows of zeros are neighbours of nothing in particular, not an error", async () => {
  const found = await nearestNeighbours(vectorsOf([1, 0, 0, 0, -1, 0, 1, 1], 2), {
    queries: Uint32Array.of(0, 1),
    k: 2,
  });
  assert.deepEqual([...found.indices], [3, 1, 0, 2]);
  assert.deepEqual([...found.ties[1]], [3]);
});

Deno.test("nearestNeighbours refuses bad k, queries and values", async () => {
  const gallery = onCircle(0, 1, 2);
  for (const k of [0, 3, 1.5]) {
    await assert.rejects(nearestNeighbours(gallery, { queries: all(1), k }), new RegExp(`from 1 to 2, got ${k}`));
  }
  await assert.rejects(nearestNeighbours(gallery, { queries: all(0), k: 1 }), /at least one query/);
  await assert.rejects(nearestNeighbours(gallery, { queries: Uint32Array.of(3), k: 1 }), /below 3, got 3/);
  await assert.rejects(nearestNeighbours(vectorsOf([1, NaN], 1), { queries: all(1), k: 1 }), /got NaN in row 1/);
  const short: SimilarityBlock = () => new Float32Array(2);
  await assert.rejects(
    nearestNeighbours(gallery, { queries: all(1), k: 1, product: short }),
    /products of \[1, 3\], got 2/,
  );
});

Deno.test("retrievalTask puts the queries before the training rows and remembers the teacher's neighbours", async () => {
  const dataset = randomDataset({ rows: 100, width: 8, seed: 11 });
  let calls = 0;
  const product: SimilarityBlock = (queries, gallery) => {
    calls++;
    return Promise.resolve(similarityBlock(queries, gallery));
  };
  const { validation, train } = dataset.splits;
  const task = await retrievalTask(dataset, { queries: validation, k: 5, product });
  assert.deepEqual([...task.rows], [...validation, ...train]);
  await retrievalTask(dataset, { queries: validation, k: 5, product });
  assert.equal(calls, 1);
  await retrievalTask(dataset, { queries: validation, k: 6, product });
  await retrievalTask(dataset, { queries: validation.slice(1), k: 5, product });
  await retrievalTask(randomDataset({ rows: 100, width: 8, seed: 12 }), { queries: validation, k: 5, product });
  assert.equal(calls, 4);
  const scores = await scoreRetrieval(task, selectRows(dataset.columns.embedding, task.rows));
  assert.deepEqual([...scores.recall], Array(10).fill(1));
});

Deno.test("retrievalTask forgets a product that failed", async () => {
  const dataset = randomDataset({ rows: 100, width: 8, seed: 13 });
  const queries = dataset.splits.validation;
  const failing: SimilarityBlock = () => Promise.reject(new Error("no device"));
  await assert.rejects(retrievalTask(dataset, { queries, product: failing }), /no device/);
  assert.equal((await retrievalTask(dataset, { queries })).queryCount, 10);
});

Deno.test("unrelated vectors find about as many neighbours as chance does", async () => {
  const dataset = randomDataset({ rows: 1000, width: 8, seed: 14 });
  const task = await retrievalTask(dataset, { queries: dataset.splits.validation, k: 10 });
  const unrelated = randomDataset({ rows: 1000, width: 8, seed: 15 }).columns.embedding;
  const { recallMean } = await scoreRetrieval(task, selectRows(unrelated, task.rows));
  // Chance is 10 / 899 = 0.011; its standard error over 100 queries of 10 is 0.0033.
  assert.ok(recallMean < 0.025, `${recallMean}`);
});

Deno.test("scoreRetrieval refuses vectors of other rows", async () => {
  const dataset = randomDataset({ rows: 100, width: 8, seed: 11 });
  const task = await retrievalTask(dataset, { queries: dataset.splits.validation, k: 5 });
  await assert.rejects(scoreRetrieval(task, dataset.columns.embedding), /expected \[90, width\], got \[100,8\]/);
});

Deno.test("retrievalTask on training rows keeps each row once, and refuses repeated queries", async () => {
  const dataset = randomDataset({ rows: 100, width: 8, seed: 11 });
  const task = await retrievalTask(dataset, { queries: Uint32Array.of(5, 3), k: 5 });
  assert.equal(task.rows.length, 80);
  assert.deepEqual([...task.rows.subarray(0, 3)], [5, 3, 0]);
  await assert.rejects(
    retrievalTask(dataset, { queries: Uint32Array.of(5, 5), k: 5 }),
    /distinct queries, got 1 repeated/,
  );
});

Deno.test("retrievalTask refuses test rows until a report opens the test split", async () => {
  const dataset: Dataset = randomDataset({ rows: 100, width: 8, seed: 16 });
  const closed = { queries: dataset.splits.test, k: 5 };
  await assert.rejects(retrievalTask(dataset, closed), /which openTestSplit has not opened, got row 90/);
  const queries = openTestSplit(dataset, { report: "retrieval test" });
  assert.equal((await retrievalTask(dataset, { queries, k: 5 })).queryCount, 10);
});
