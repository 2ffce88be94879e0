// The study of tslab-quickstart.ipynb: a module for Deno, which runs it for the notebook.

import { dataReference, loadDataset } from "lib/data/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { meanSquaredError, rowCosine } from "lib/nn/mod.ts";
import { defineStudy, seeds } from "lib/sweep/mod.ts";
import { adam } from "lib/train/mod.ts";

const data = dataReference(await loadDataset("wordnet-20k"), { x: "embedding" });

export const study = defineStudy({
  name: "tslab-quickstart",
  space: { studentDim: [32, 64], seed: seeds(2) },
  trial: ({ studentDim }) => ({
    model: lnspStudent({ studentDim, latentDim: 32 }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
    metrics: ({ output }, { x }) => ({ cosine: rowCosine(output, x) }),
    data,
    optimizer: adam({ learningRate: 2e-3 }),
    epochs: 2,
    batchSize: 256,
  }),
});
