import assert from "node:assert/strict";
import { type Column, gatherRows, loadDataset } from "lib/data/mod.ts";
import { fitPca } from "lib/evaluate/mod.ts";
import { linearAutoencoder } from "lib/models/linear_autoencoder.ts";
import { meanSquaredError } from "lib/nn/mod.ts";
import { adam, train, type TrainingData } from "lib/train/mod.ts";

const ROWS = 2000;
const LATENT_DIM = 16;

Deno.test("a linear autoencoder trained by gradient descent reaches PCA's loss, and not less", async () => {
  const dataset = await loadDataset("wordnet-20k");
  const rows = dataset.splits.train.subarray(0, ROWS);
  const data = gatherRows(dataset.columns.embedding, rows);
  const column: Column = { dtype: "float32", shape: [ROWS, 384], data };
  const { variances } = fitPca(column);
  // Mean squared error that is left without the first components; covariances divide by rows - 1.
  const pcaLoss = variances.slice(LATENT_DIM).reduce((sum, value) => sum + value, 0) * (ROWS - 1) / ROWS / 384;

  // Validated on the rows it is trained on: the question is whether the optimizer finds the optimum, not generalisation.
  const indices = Uint32Array.from({ length: ROWS }, (_, i) => i);
  const training: TrainingData = {
    reference: { dataset: dataset.source, columns: { x: "embedding" }, hash: dataset.hash },
    columns: { x: column },
    train: indices,
    validation: indices,
  };
  const { history } = await train({
    model: linearAutoencoder({ latentDim: LATENT_DIM }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
    data: training,
    optimizer: adam({ learningRate: 2e-2 }),
    schedule: { kind: "cosine" },
    epochs: 60,
    batchSize: 100,
    seed: 1,
    threads: 2,
  }).result;
  const ratio = history.at(-1)!.validation.loss / pcaLoss;
  assert.ok(ratio < 1.01, `expected at most 1.01 times PCA's loss, got ${ratio}`);
  assert.ok(ratio > 1 - 1e-6, `PCA is the optimum, got ${ratio} times its loss`);
});
