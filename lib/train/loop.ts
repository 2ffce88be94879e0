// The training loop: epochs of steps, validation, early stopping, checkpoints. Interrupted and resumed, it gives the same
// bits as without interruption: batch order depends on seed and epoch only, and a checkpoint holds all other state.

import { batches } from "../data/mod.ts";
import { parameterCount } from "../graph/mod.ts";
import { canonicalJson, sha256Hex } from "../process/mod.ts";
import type { ArrayValue } from "../runtime/mod.ts";
import { type EpochSummary, readSidecar, readTensors, saveCheckpoint } from "./checkpoint.ts";
import type { Stepper } from "./cpu_stepper.ts";
import { createStepper } from "./create_stepper.ts";
import { epochsWithoutGain } from "./early_stopping.ts";
import { scheduleFactor } from "./optimizer.ts";
import { serializeProgram, type TrainingProgram } from "./program.ts";
import { programFileText } from "./program_file.ts";
import type { RunOptions, StopReason, TrainingResult } from "./run_types.ts";
import { type CompleteSettings, completeSettings, type TrainSettings } from "./settings.ts";
import { checkData, type TrainingData } from "./training_data.ts";
import { type Validator, validator } from "./validation.ts";

interface Progress {
  step: number;
  epoch: number;
  stepInEpoch: number;
  epochLossSum: number;
  epochSeconds: number;
  history: EpochSummary[];
  bestEpoch: number;
}

/** SHA-256 of what determines a run's numbers. */
export function definitionHash(program: TrainingProgram, data: TrainingData, settings: TrainSettings): string {
  const { hash, columns, trainRows } = data.reference;
  return sha256Hex(canonicalJson({
    program: serializeProgram(program),
    data: { hash, columns, ...(trainRows !== undefined && { trainRows }) },
    settings: completeSettings(settings),
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
  const rows = batchSize * accumulationSteps;
  if (data.train.length < rows) {
    throw new RangeError(`Cannot train: expected at least ${rows} training rows, got ${data.train.length}`);
  }
  if (data.validation.length === 0) throw new RangeError("Cannot train: expected at least 1 validation row, got 0");
  const kept = engine === "cpu" ? options.sessions : undefined;
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
  };
  let ended = false;
  const stepper = await (kept?.stepper(program.loss, stepperOptions) ??
    createStepper(engine, program.loss, stepperOptions));
  try {
    const weights = () => stepper.readParameters();
    const session = await kept?.validation(program.metrics, { threads });
    const validation = await validator(program.metrics, { data, weights, threads, kept: session });
    try {
      const best = copies(await stepper.readParameters());
      const result = await new Loop({ program, data, settings, stepper, validation, options }, best).run();
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

type Weights = Record<string, ArrayValue>;

function copies(weights: Readonly<Weights>): Weights {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: data.slice() }]),
  );
}

/** Into the same memory: a new copy each time an epoch is the best so far would leave garbage of the model's size. */
function copyInto(target: Readonly<Weights>, weights: Readonly<Weights>): void {
  for (const [name, { data }] of Object.entries(weights)) (target[name].data as Float32Array).set(data as Float32Array);
}

interface LoopParts {
  program: TrainingProgram;
  data: TrainingData;
  settings: CompleteSettings;
  stepper: Stepper;
  validation: Validator;
  options: RunOptions;
}

class Loop {
  readonly #parts: LoopParts;
  readonly #definition: string;
  readonly #accumulationSteps: number;
  readonly #stepsPerEpoch: number;
  readonly #totalSteps: number;
  /** Copies of the parameters at the best epoch so far. */
  #best: Weights;
  #progress: Progress = {
    step: 0,
    epoch: 0,
    stepInEpoch: 0,
    epochLossSum: 0,
    epochSeconds: 0,
    history: [],
    bestEpoch: 0,
  };
  #savedAt = performance.now();

  constructor(parts: LoopParts, best: Weights) {
    const { program, data, settings } = parts;
    this.#parts = parts;
    this.#definition = definitionHash(program, data, settings);
    this.#accumulationSteps = settings.accumulationSteps ?? 1;
    this.#stepsPerEpoch = Math.floor(data.train.length / (settings.batchSize * this.#accumulationSteps));
    this.#totalSteps = Math.min(settings.epochs * this.#stepsPerEpoch, settings.maxSteps ?? Infinity);
    this.#best = best;
  }

  async run(): Promise<TrainingResult> {
    const { options } = this.#parts;
    const finished = options.checkpointDir && options.resume !== false
      ? await this.#restore(options.checkpointDir)
      : null;
    if (finished) return this.#result(finished);
    let stopped = this.#reasonToStop();
    while (!stopped) {
      const complete = await this.#trainEpoch();
      if (!complete) {
        await this.#save("running", null);
        return this.#result("aborted");
      }
      await this.#endEpoch();
      stopped = this.#reasonToStop();
      const due = performance.now() - this.#savedAt >= (options.checkpointEverySeconds ?? 30) * 1000;
      if (!stopped && due) await this.#save("running", null);
    }
    await this.#save("finished", stopped);
    return this.#result(stopped);
  }

  /** Steps until the epoch or the run ends; false when it was aborted before. */
  async #trainEpoch(): Promise<boolean> {
    const { stepper, data, settings, options } = this.#parts;
    const progress = this.#progress;
    const { batchSize, seed } = settings;
    const order = batches(data.train, { batchSize, seed, epoch: progress.epoch, dropLast: true });
    while (progress.stepInEpoch < this.#stepsPerEpoch && progress.step < this.#totalSteps) {
      if (options.signal?.aborted) return false;
      const start = performance.now();
      const batchCount = this.#accumulationSteps;
      for (let i = 0; i < batchCount; i++) {
        // Batches are numbered through, so that each draws masks of its own.
        stepper.load({
          rows: order[progress.stepInEpoch * batchCount + i],
          step: progress.step * batchCount + i + 1,
        });
        if (i < batchCount - 1) await stepper.accumulate();
      }
      const loss = await stepper.step({ step: progress.step + 1, learningRate: this.#learningRate(progress.step) });
      progress.step++;
      progress.stepInEpoch++;
      progress.epochLossSum += loss;
      progress.epochSeconds += (performance.now() - start) / 1000;
    }
    return true;
  }

  /** Of a step, counted from 0. */
  #learningRate(step: number): number {
    const { optimizer, schedule } = this.#parts.settings;
    return optimizer.learningRate * scheduleFactor(schedule, step, this.#totalSteps);
  }

  async #endEpoch(): Promise<void> {
    const { validation, data, settings, stepper, options } = this.#parts;
    const progress = this.#progress;
    const { stepInEpoch: steps, epochLossSum, epochSeconds } = progress;
    const learningRate = this.#learningRate(progress.step - 1);
    const metrics = await validation.evaluate(data.validation);
    if (!Number.isFinite(metrics.loss)) {
      throw new RangeError(
        `Training diverged: the validation loss is ${metrics.loss} after step ${progress.step} with learning rate ${learningRate}`,
      );
    }
    const summary: EpochSummary = {
      epoch: ++progress.epoch,
      steps,
      trainLoss: epochLossSum / steps,
      validation: metrics,
      learningRate,
      seconds: epochSeconds,
      samplesPerSecond: steps * settings.batchSize * this.#accumulationSteps / epochSeconds,
    };
    const best = progress.history[progress.bestEpoch - 1]?.validation.loss ?? Infinity;
    progress.history.push(summary);
    if (metrics.loss < best) {
      progress.bestEpoch = progress.epoch;
      copyInto(this.#best, await stepper.readParameters());
    }
    Object.assign(progress, { stepInEpoch: 0, epochLossSum: 0, epochSeconds: 0 });
    options.onEpoch?.(summary);
  }

  #reasonToStop(): Exclude<StopReason, "aborted"> | null {
    const { epochs, maxSteps, earlyStopping } = this.#parts.settings;
    const { step, epoch, history } = this.#progress;
    if (earlyStopping && epochsWithoutGain(history, earlyStopping.minDelta) >= earlyStopping.patience) {
      return "earlyStopping";
    }
    if (epoch >= epochs) return "epochs";
    return maxSteps !== null && step >= maxSteps ? "maxSteps" : null;
  }

  /** Loads the folder's checkpoint; gives the stop reason when that run had already finished. */
  async #restore(folder: string): Promise<Exclude<StopReason, "aborted"> | null> {
    const sidecar = await readSidecar(folder);
    if (!sidecar) return null;
    if (sidecar.definition !== this.#definition) {
      throw new TypeError(
        `Cannot resume ${folder}: its checkpoint is of another run (program, data or settings differ); choose another folder or resume: false`,
      );
    }
    const { step, epoch, stepInEpoch, epochLossSum, epochSeconds, history, bestEpoch } = sidecar;
    this.#progress = { step, epoch, stepInEpoch, epochLossSum, epochSeconds, history, bestEpoch };
    if (sidecar.weights) this.#best = { ...this.#best, ...await readTensors(folder, sidecar.weights) };
    if (sidecar.state) await this.#parts.stepper.writeState(await readTensors(folder, sidecar.state));
    return sidecar.stopped;
  }

  async #save(status: "running" | "finished", stopped: Exclude<StopReason, "aborted"> | null): Promise<void> {
    const { options, stepper, program, data } = this.#parts;
    if (!options.checkpointDir) return;
    const sidecar = { status, stopped, definition: this.#definition, parameterCount: parameterCount(program.loss) };
    await saveCheckpoint(options.checkpointDir, { ...sidecar, ...this.#progress }, {
      state: status === "running" ? await stepper.readState() : null,
      weights: this.#progress.bestEpoch > 0 ? this.#best : null,
      program: programFileText(program, data.reference),
    });
    this.#savedAt = performance.now();
  }

  #result(stopped: StopReason): TrainingResult {
    const { program, options } = this.#parts;
    const { history, bestEpoch, step } = this.#progress;
    return {
      history,
      bestEpoch,
      stopped,
      steps: step,
      parameterCount: parameterCount(program.loss),
      weights: this.#best,
      checkpoint: options.checkpointDir ?? null,
    };
  }
}
