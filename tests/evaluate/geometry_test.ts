import assert from "node:assert/strict";
import { compareGeometry } from "lib/evaluate/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { golden, goldenVectors, vectorsOf } from "./golden.ts";

Deno.test("compareGeometry agrees with scipy and scikit-learn", () => {
  const scores = compareGeometry(vectorsOf(golden.pca.reconstructed, golden.width), goldenVectors);
  assertAllClose(scores.cosine, golden.geometry.cosine, { rtol: 1e-12 });
  for (const key of ["cosineMean", "cosineP5", "mse", "explainedVariance"] as const) {
    assertAllClose([scores[key]], [golden.geometry[key]], { rtol: 1e-12, label: key });
  }
  assertAllClose([scores.squaredError.reduce((sum, error) => sum + error, 0) / golden.rows], [golden.geometry.mse]);
});

Deno.test("compareGeometry of known cases", () => {
  const original = vectorsOf([1, 0, 0, 2, 3, 4], 2);
  const same = compareGeometry(original, original);
  assert.deepEqual([same.cosineMean, same.mse, same.explainedVariance, same.zeroRows], [1, 0, 1, 0]);
  const opposite = compareGeometry(vectorsOf([-1, 0, 0, -2, -3, -4], 2), original);
  assert.deepEqual([...opposite.cosine], [-1, -1, -1]);
  const scaled = compareGeometry(vectorsOf([2, 0, 0, 4, 6, 8], 2), original);
  assert.equal(scaled.cosineMean, 1);
  assertAllClose(scaled.squaredError, [0.5, 2, 12.5]);
  // The originals' own mean explains nothing; the means here are exact in float32.
  const plane = vectorsOf([1, 0, 0, 2, 2, 4], 2);
  assert.equal(compareGeometry(vectorsOf([1, 2, 1, 2, 1, 2], 2), plane).explainedVariance, 0);
});

Deno.test("compareGeometry counts rows of zeros with cosine 0 and keeps tiny ones", () => {
  const scores = compareGeometry(vectorsOf([0, 0, 1e-30, 0], 2), vectorsOf([1, 0, 1, 0], 2));
  assert.deepEqual([[...scores.cosine], scores.zeroRows], [[0, 1], 1]);
});

Deno.test("compareGeometry gives no explained variance for originals that do not vary", () => {
  const scores = compareGeometry(vectorsOf([1, 0], 2), vectorsOf([0, 1], 2));
  assert.ok(Number.isNaN(scores.explainedVariance));
});

Deno.test("compareGeometry refuses other shapes and values that are not finite", () => {
  const original = vectorsOf([1, 0, 0, 1], 2);
  assert.throws(() => compareGeometry(vectorsOf([1, 0], 2), original), /expected \[2, 2\], got \[1, 2\]/);
  assert.throws(
    () => compareGeometry(vectorsOf([1, 0, 0, NaN], 2), original),
    /expected finite vectors, got NaN in row 1/,
  );
  assert.throws(
    () => compareGeometry({ shape: [2, 2], data: new Float32Array(5) }, original),
    /expected 4 values.*got 5/,
  );
  assert.throws(() => compareGeometry({ shape: [4], data: new Float32Array(4) }, original), /\[n, width\], got \[4\]/);
  assert.throws(
    () => compareGeometry({ shape: [0, 2], data: new Float32Array(0) }, original),
    /\[n, width\], got \[0,2\]/,
  );
});
