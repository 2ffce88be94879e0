// Run as a child: our side of the sweep benchmark. Argument: a `SweepTask` as JSON. It runs the study as often as it is asked to and
// sends how long each took, with the final losses of the last: from `study.run` to its rows, with starting the
// processes of trials, storing every epoch in SQLite and writing checkpoints.

import process from "node:process";
import { dataReference, loadDataset } from "../data/mod.ts";
import { lnspStudent } from "../models/lnsp.ts";
import { meanSquaredError } from "../nn/mod.ts";
import { connectParent } from "../process/mod.ts";
import { defineStudy, removeStudy, seeds } from "../sweep/mod.ts";
import { adam } from "../train/mod.ts";
import type { SweepTask } from "./sweep_benchmark.ts";

async function main({ rates, seedCount, epochs, batchSize, studentDim, trials, threads }: SweepTask): Promise<void> {
  const parent = connectParent();
  const startMs = performance.now();
  const data = dataReference(await loadDataset("wordnet-20k"), { x: "embedding" });
  const createMs = performance.now() - startMs;
  const name = `benchmark-${process.pid}`;
  const sweep = async () => {
    const beforeMs = performance.now();
    const study = defineStudy({
      name,
      space: { rate: rates, seed: seeds(seedCount) },
      trial: ({ rate }) => ({
        model: lnspStudent({ studentDim }),
        loss: ({ output }, { x }) => meanSquaredError(output, x),
        optimizer: adam({ learningRate: rate }),
        data,
        epochs,
        batchSize,
      }),
    });
    try {
      const rows = await study.run({ trials: trials ?? "auto", threads: threads ?? undefined });
      const sampleMs = performance.now() - beforeMs;
      return { losses: rows.map(({ validation }) => validation.loss), sampleMs };
    } finally {
      await removeStudy(name);
    }
  };
  parent.send({ createMs, checkedStepsMs: 0 });
  for await (const message of parent.messages) {
    const { steps } = message as { steps: number };
    const samplesMs = new Float64Array(steps);
    let losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const swept = await sweep();
      samplesMs[i] = swept.sampleMs;
      losses = swept.losses;
    }
    parent.send({ samplesMs, losses });
  }
}

main(JSON.parse(process.argv[2]));
