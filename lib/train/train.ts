// The front door: `train` traces a model and runs it, yielding a summary after each epoch.

import type { EpochSummary } from "./checkpoint.ts";
import { runProgram } from "./run_program.ts";
import { type ProgramOptions, traceProgram, type TrainingProgram } from "./program.ts";
import { RunQueue } from "./run_queue.ts";
import type { RunOptions, TrainingResult } from "./run_types.ts";
import type { TrainSettings } from "./settings.ts";
import { type DataSource, openTrainingData } from "./training_data.ts";

/** A run under way: iterate over its epochs, await its result, or both. */
export interface TrainingRun extends AsyncIterable<EpochSummary> {
  readonly result: Promise<TrainingResult>;
}

/** Everything that `train` takes: model and loss, data, settings, and where state is kept. */
export type TrainOptions = ProgramOptions & TrainSettings & Omit<RunOptions, "onEpoch"> & { data: DataSource };

/**
 * Trains a model. The run starts at once; its steps block the JavaScript thread one at a time.
 *
 * @example
 * ```ts
 * import { randomDataset } from "lib/data/mod.ts";
 * import { lnspStudent } from "lib/models/lnsp.ts";
 * import { meanSquaredError } from "lib/nn/mod.ts";
 * import { adam, train, trainingData } from "lib/train/mod.ts";
 * const run = train({
 *   model: lnspStudent({ inputDim: 8, studentDim: 16, latentDim: 4 }),
 *   loss: ({ output }, { x }) => meanSquaredError(output, x),
 *   data: trainingData(randomDataset({ rows: 100, width: 8, seed: 1 }), { x: "embedding" }),
 *   optimizer: adam({ learningRate: 1e-3 }),
 *   epochs: 2,
 *   batchSize: 16,
 *   seed: 1,
 * });
 * for await (const { epoch, trainLoss } of run) console.log(epoch, trainLoss);
 * const { history } = await run.result;
 * if (history.length !== 2) throw new Error("two epochs were run");
 * ```
 */
export function train(options: TrainOptions): TrainingRun {
  const { model, loss, metrics, targets, data, checkpointDir, resume, checkpointEverySeconds, signal, ...rest } =
    options;
  const { memoryLimitBytes, checkpointEverySteps, start, onStep, sessions, ...settings } = rest;
  const program = traceProgram({ model, loss, metrics, targets });
  const kept = { checkpointDir, resume, checkpointEverySeconds, checkpointEverySteps };
  return trainProgram(program, data, { ...kept, signal, memoryLimitBytes, start, onStep, sessions, settings });
}

/** Trains a traced program; see `train`. */
export function trainProgram(
  program: TrainingProgram,
  data: DataSource,
  options: RunOptions & { settings: TrainSettings },
): TrainingRun {
  const epochs = new RunQueue<EpochSummary>();
  const result = openTrainingData(data).then((opened) =>
    runProgram(program, opened, {
      ...options,
      onEpoch: (summary) => {
        options.onEpoch?.(summary);
        epochs.push(summary);
      },
    })
  );
  // Whoever only iterates sees a failure there; it must not count as unhandled as well.
  result.then(() => epochs.end(), (error) => epochs.end(error));
  return { result, [Symbol.asyncIterator]: () => epochs.iterate() };
}
