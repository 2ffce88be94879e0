import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import {
  applyModel,
  decode,
  encode,
  engineProduct,
  fitPca,
  nearestNeighbours,
  pcaCodec,
  pcaWeights,
} from "../../lib/evaluate/mod.ts";
import { pcaModel } from "../../lib/models/linear_autoencoder.ts";
import { random } from "../../lib/statistics/mod.ts";

const vectors = { shape: [1500, 6], data: random(1, "vectors").fillNormal(new Float32Array(9000), 0.5, 1) };
const pca = fitPca(vectors);
const model = pcaModel({ latentDim: 3, inputDim: 6 }).trace();
const weights = pcaWeights(pca, 3);

Deno.test("applyModel with PCA's weights is PCA, over several chunks", async () => {
  const codec = pcaCodec(pca, 3);
  const latent = await applyModel(model, vectors, { weights, output: "latent" });
  assert.deepEqual(latent.shape, [1500, 3]);
  assertAllClose(latent.data, encode(codec, vectors).data, { rtol: 1e-4, atol: 1e-5 });
  const output = await applyModel(model, vectors, { weights });
  assertAllClose(output.data, decode(codec, encode(codec, vectors)).data, { rtol: 1e-4, atol: 1e-5 });
});

Deno.test("applyModel refuses what does not fit", async () => {
  await assert.rejects(
    applyModel(model, vectors, { weights, output: "logits" }),
    /expected an output of latent,output, got logits/,
  );
  await assert.rejects(
    applyModel(model, { shape: [2, 5], data: new Float32Array(10) }, { weights }),
    /expected x float32 \[batch, 6\]/,
  );
  await assert.rejects(
    applyModel(model, vectors, { weights: pcaWeights(pca, 2) }),
    /Cannot encode components: expected 72 bytes, got 48/,
  );
});

Deno.test("pcaWeights refuses more components than there are", () => {
  assert.throws(() => pcaWeights(pca, 7), /integer from 1 to 6, got 7/);
});

Deno.test("engineProduct finds the neighbours that the portable product finds", async () => {
  const { product, release } = await engineProduct({ threads: 1 });
  try {
    const queries = Uint32Array.from({ length: 200 }, (_, i) => i * 7);
    const fast = await nearestNeighbours(vectors, { queries, k: 5, product });
    const portable = await nearestNeighbours(vectors, { queries, k: 5 });
    assert.deepEqual(fast.indices, portable.indices);
    assertAllClose(fast.similarities, portable.similarities, { rtol: 1e-5 });
  } finally {
    await release();
  }
});
