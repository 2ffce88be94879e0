import assert from "node:assert/strict";
import { compareGeometry, decode, encode, fitPca, type LinearCodec, pcaCodec, type Vectors } from "lib/evaluate/mod.ts";
import { randomRotationCodec, truncationCodec } from "lib/evaluate/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { golden, goldenTrain, goldenVectors, vectorsOf } from "./golden.ts";

function reconstruct(codec: LinearCodec, vectors: Vectors): Vectors {
  return decode(codec, encode(codec, vectors));
}

Deno.test("fitPca agrees with scikit-learn", () => {
  const pca = fitPca(goldenTrain);
  for (const key of ["mean", "variances", "explainedVarianceRatio"] as const) {
    assertAllClose(pca[key], golden.pca[key], { rtol: 1e-10, atol: 1e-12, label: key });
  }
  assertAllClose(pca.components, golden.pca.components, { rtol: 1e-8, atol: 1e-10, label: "components" });
  const codec = pcaCodec(pca, golden.latentDim);
  assertAllClose(encode(codec, goldenVectors).data, golden.pca.latent, { rtol: 1e-6, atol: 1e-6 });
  assertAllClose(reconstruct(codec, goldenVectors).data, golden.pca.reconstructed, { rtol: 1e-6, atol: 1e-6 });
});

Deno.test("fitPca finds orthonormal directions, and all of them lose nothing", () => {
  const data = random(5, "pca test").fillNormal(new Float32Array(50 * 9), 2, 3);
  const vectors = { shape: [50, 9], data };
  const pca = fitPca(vectors);
  for (let i = 0; i < 9; i++) {
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let k = 0; k < 9; k++) product += pca.components[i * 9 + k] * pca.components[j * 9 + k];
      assertAllClose([product], [i === j ? 1 : 0], { atol: 1e-12 });
    }
  }
  assertAllClose(reconstruct(pcaCodec(pca, 9), vectors).data, data, { atol: 1e-5 });
});

Deno.test("fitPca copes with fewer rows than dimensions and with equal rows", () => {
  const line = fitPca(vectorsOf([0, 0, 0, 2, 2, 1], 3));
  assertAllClose(line.components.slice(0, 3), [2 / 3, 2 / 3, 1 / 3], { atol: 1e-12 });
  assertAllClose(line.variances, [4.5, 0, 0], { atol: 1e-12 });
  assert.ok(line.variances.every((variance) => variance >= 0));
  const still = fitPca(vectorsOf([1, 2, 1, 2], 2));
  assert.deepEqual([...still.explainedVarianceRatio], [0, 0]);
  assert.throws(() => fitPca(vectorsOf([1, 2], 2)), /at least 2 vectors, got 1/);
  assert.throws(() => fitPca(vectorsOf([1, 2, 3, Infinity], 2)), /got Infinity in row 1/);
});

Deno.test("PCA has a smaller squared error than truncation and random directions of the same size", () => {
  const pca = fitPca(goldenVectors);
  for (let latentDim = 1; latentDim < golden.width; latentDim++) {
    const best = compareGeometry(reconstruct(pcaCodec(pca, latentDim), goldenVectors), goldenVectors);
    const others = [truncationCodec(pca.mean, latentDim), randomRotationCodec(pca.mean, latentDim, { seed: 1 })];
    for (const codec of others) {
      const { mse } = compareGeometry(reconstruct(codec, goldenVectors), goldenVectors);
      assert.ok(best.mse < mse, `${codec.name}: ${best.mse} ${mse}`);
    }
    // Fitted on the same rows, the explained variance is the spectrum's own sum.
    const expected = pca.explainedVarianceRatio.slice(0, latentDim).reduce((sum, ratio) => sum + ratio, 0);
    assertAllClose([best.explainedVariance], [expected], { rtol: 1e-6 });
  }
});

Deno.test("truncationCodec keeps the first values and fills the rest with the mean", () => {
  const codec = truncationCodec(Float64Array.of(10, 20, 30), 2);
  assert.deepEqual(reconstruct(codec, vectorsOf([1, 2, 3], 3)).data, Float32Array.of(1, 2, 30));
});

Deno.test("randomRotationCodec has orthonormal directions and follows its seed", () => {
  const mean = new Float64Array(40);
  const { basis } = randomRotationCodec(mean, 40, { seed: 3 });
  for (let i = 0; i < 40; i++) {
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let k = 0; k < 40; k++) product += basis[i * 40 + k] * basis[j * 40 + k];
      assertAllClose([product], [i === j ? 1 : 0], { atol: 1e-13 });
    }
  }
  assert.deepEqual(randomRotationCodec(mean, 40, { seed: 3 }).basis, basis);
  assert.notDeepEqual(randomRotationCodec(mean, 40, { seed: 4 }).basis, basis);
});

Deno.test("codecs refuse other widths", () => {
  const pca = fitPca(goldenTrain);
  for (const latentDim of [0, 1.5, golden.width + 1]) {
    assert.throws(() => pcaCodec(pca, latentDim), new RegExp(`integer from 1 to ${golden.width}, got ${latentDim}`));
    assert.throws(() => truncationCodec(pca.mean, latentDim), RangeError);
    assert.throws(() => randomRotationCodec(pca.mean, latentDim, { seed: 1 }), RangeError);
  }
  const codec = pcaCodec(pca, 3);
  assert.throws(() => encode(codec, vectorsOf([1, 2], 2)), /PCA-3: expected \[n, 7\], got \[1, 2\]/);
  assert.throws(() => decode(codec, vectorsOf([1, 2], 2)), /PCA-3: expected \[n, 3\], got \[1, 2\]/);
});
