// Small programs and data that the tests of training share.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomDataset } from "lib/data/mod.ts";
import { reduceMean, sub } from "lib/graph/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { meanSquaredError, model, rowCosine, tensor } from "lib/nn/mod.ts";
import {
  adam,
  type EpochSummary,
  traceProgram,
  type TrainingData,
  trainingData,
  type TrainingProgram,
  type TrainingResult,
  type TrainSettings,
} from "lib/train/mod.ts";

/** Random vectors: the first 80% of the rows are for training. */
export function smallData({ rows = 100, width = 6, seed = 1 } = {}): TrainingData {
  return trainingData(randomDataset({ rows, width, seed }), { x: "embedding" });
}

/** A student of 6 - 8 - 3 - 8 - 6, with its mean cosine as a metric. */
export function smallProgram({ width = 6 } = {}): TrainingProgram {
  return traceProgram({
    model: lnspStudent({ inputDim: width, studentDim: 8, latentDim: 3 }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
    metrics: ({ output }, { x }) => ({ cosine: rowCosine(output, x) }),
  });
}

/** Settings of a short run of the small program: 5 steps an epoch on 100 rows. */
export function smallSettings(changes: Partial<TrainSettings> = {}): TrainSettings {
  return { optimizer: adam({ learningRate: 1e-2 }), epochs: 4, batchSize: 16, seed: 1, threads: 1, ...changes };
}

/**
 * A program whose one parameter p starts at 0 and whose loss is the mean of (p - x)^2: with Adam at a rate r and x far above, p
 * is r times the step, so that the validation rows alone decide how the validation loss goes.
 */
export function targetProgram(): TrainingProgram {
  const point = model("point", { inputs: { x: tensor("float32", ["batch", 1]) } }, (scope, { x }) => {
    const p = scope.parameter("p", [1], { initializer: { kind: "constant", value: 0 } });
    return { difference: sub(x, p) };
  });
  return traceProgram({
    model: point,
    loss: ({ difference }) => reduceMean(meanSquaredError(difference, sub(difference, difference))),
  });
}

/** Rows of one value each: `train` for training, `validation` for validation. */
export function targetData(train: number[], validation: number[]): TrainingData {
  const data = Float32Array.from([...train, ...validation]);
  const indices = Uint32Array.from(data.keys());
  return {
    reference: { dataset: "targets", columns: { x: "x" }, hash: JSON.stringify([train, validation]) },
    columns: { x: { dtype: "float32", shape: [data.length, 1], data } },
    train: indices.subarray(0, train.length),
    validation: indices.subarray(train.length),
  };
}

/** Calls `use` with an empty folder that is removed afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-train-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A signal that counts as aborted from the `steps + 1`-th time that it is asked: the loop asks before each step. */
export function abortAfter(steps: number): AbortSignal {
  let asked = 0;
  return {
    get aborted() {
      return asked++ >= steps;
    },
  } as AbortSignal;
}

/** All that must not depend on interruptions: the result without times and folder. */
export function reproducible({ history, checkpoint: _, ...rest }: TrainingResult) {
  const untimed = ({ seconds: _s, samplesPerSecond: _r, ...epoch }: EpochSummary) => epoch;
  return { ...rest, history: history.map(untimed) };
}
