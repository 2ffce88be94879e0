// From a program, data and settings to a result: everything is checked and prepared here, then the loop runs.

import { bindDimensions } from "../graph/mod.ts";
import { canonicalJson, sha256Hex } from "../process/mod.ts";
import { createStepper } from "./create_stepper.ts";
import { copiesOfLearned } from "./kept_weights.ts";
import { Loop } from "./loop.ts";
import { serializeProgram, type TrainingProgram } from "./program.ts";
import type { RunOptions, StartingValues, TrainingResult } from "./run_types.ts";
import { completeSettings, type TrainSettings } from "./settings.ts";
import { checkData, type TrainingData } from "./training_data.ts";
import { validator } from "./validation.ts";

/** SHA-256 of what determines a run's numbers. */
export function definitionHash(
  program: TrainingProgram,
  data: TrainingData,
  settings: TrainSettings,
  start?: Pick<StartingValues, "hash">,
): string {
  const { hash, columns, trainRows } = data.reference;
  return sha256Hex(canonicalJson({
    program: serializeProgram(program),
    data: { hash, columns, ...(trainRows !== undefined && { trainRows }) },
    settings: completeSettings(settings),
    ...(start && { start: start.hash }),
  }));
}

/**
 * Runs a program to its end.
 *
 * @throws {TypeError} when the data does not fit, or the folder's checkpoint is of another run
 * @throws {RangeError} when the loss becomes NaN or infinite, naming step and learning rate
 */
export async function runProgram(
  program: TrainingProgram,
  data: TrainingData,
  { settings: given, ...options }: RunOptions & { settings: TrainSettings },
): Promise<TrainingResult> {
  const settings = completeSettings(given);
  checkData(program.loss, data);
  checkData(program.metrics, data);
  const { engine, batchSize, optimizer, seed, threads, accumulationSteps = 1, maxGradientNorm, segments } = settings;
  const rows = settings.stepsPerEpoch === undefined ? batchSize * accumulationSteps : batchSize;
  if (data.train.length < rows) {
    throw new RangeError(`Cannot train: expected at least ${rows} training rows, got ${data.train.length}`);
  }
  if (data.validation.length === 0) throw new RangeError("Cannot train: expected at least 1 validation row, got 0");
  const { start } = options;
  const kept = engine === "cpu" && !start && !data.lengths ? options.sessions : undefined;
  const stepperOptions = {
    batchSize,
    optimizer,
    seed,
    threads,
    accumulationSteps,
    maxGradientNorm,
    segments,
    memoryLimitBytes: options.memoryLimitBytes,
    columns: data.columns,
    ...(data.lengths && { sizes: { [data.lengths.dimension]: data.lengths.longest } }),
    ...(start?.initial && { initial: start.initial }),
    ...(start?.frozen && { frozen: start.frozen }),
  };
  let ended = false;
  // On a device everything is as long as the longest row: what is compiled there holds the weights.
  const lossGraph = engine === "webgpu" && stepperOptions.sizes
    ? bindDimensions(program.loss, stepperOptions.sizes)
    : program.loss;
  const stepper = await (kept?.stepper(lossGraph, stepperOptions) ?? createStepper(engine, lossGraph, stepperOptions));
  try {
    const weights = () => stepper.readParameters();
    const session = await kept?.validation(program.metrics, { threads });
    const frozen = start?.frozen;
    const validation = await validator(program.metrics, { data, weights, threads, kept: session, frozen });
    try {
      const best = copiesOfLearned(await stepper.readParameters(), start);
      const definition = definitionHash(program, data, settings, start);
      const parts = { program, data, settings, stepper, validation, options, definition };
      const result = await new Loop(parts, best).run();
      ended = true;
      return result;
    } finally {
      await validation.release();
    }
  } finally {
    await stepper.release();
    if (!ended) await kept?.release();
  }
}
