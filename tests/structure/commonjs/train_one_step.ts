// Bundled by the test beside this folder: one training step of a small student on random data, its loss on standard output.

import { randomDataset } from "lib/data/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { meanSquaredError } from "lib/nn/mod.ts";
import { projectRoot } from "lib/process/mod.ts";
import { adam, train, trainingData } from "lib/train/mod.ts";

/** Loss of the first step, and where the library believes the project to be. */
export async function trainOneStep(): Promise<{ loss: number; steps: number; root: string }> {
  const run = train({
    model: lnspStudent({ inputDim: 8, studentDim: 16, latentDim: 4 }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
    data: trainingData(randomDataset({ rows: 100, width: 8, seed: 1 }), { x: "embedding" }),
    optimizer: adam({ learningRate: 1e-3 }),
    epochs: 1,
    maxSteps: 1,
    batchSize: 16,
    seed: 1,
    threads: 1,
  });
  const { history } = await run.result;
  return { loss: history[0].trainLoss, steps: history[0].steps, root: projectRoot() };
}
