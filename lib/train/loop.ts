// The training loop: epochs of steps, validation, early stopping, checkpoints. Interrupted and resumed, it gives the same
// bits as without interruption: batch order depends on seed and epoch only, and a checkpoint holds all other state.

import { parameterCount } from "../graph/mod.ts";
import { BatchOrder } from "./batch_order.ts";
import { type EpochSummary, readSidecar, readTensors, saveCheckpoint } from "./checkpoint.ts";
import type { CpuStepper, Stepper } from "./cpu_stepper.ts";
import { epochsWithoutGain } from "./early_stopping.ts";
import { copyInto, type Weights } from "./kept_weights.ts";
import { scheduleFactor } from "./optimizer.ts";
import type { TrainingProgram } from "./program.ts";
import { programFileText } from "./program_file.ts";
import type { RunOptions, StopReason, TrainingResult } from "./run_types.ts";
import type { CompleteSettings } from "./settings.ts";
import { batchLength, type TrainingData } from "./training_data.ts";
import type { Validator } from "./validation.ts";

interface Progress {
  step: number;
  epoch: number;
  stepInEpoch: number;
  epochLossSum: number;
  epochSeconds: number;
  history: EpochSummary[];
  bestEpoch: number;
}

/** Whether a stepper takes batches of several sizes. */
const isSized = (stepper: Stepper): stepper is CpuStepper => "resize" in stepper;

/** What a run works with. */
export interface LoopParts {
  program: TrainingProgram;
  data: TrainingData;
  settings: CompleteSettings;
  stepper: Stepper;
  validation: Validator;
  options: RunOptions;
  /** Hash of what determines the run's numbers. */
  definition: string;
}

/** One run, from its checkpoint or its beginning to its end. */
export class Loop {
  readonly #parts: LoopParts;
  readonly #definition: string;
  readonly #accumulationSteps: number;
  readonly #stepsPerEpoch: number;
  readonly #totalSteps: number;
  readonly #order: BatchOrder;
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
    const { data, settings, definition } = parts;
    this.#parts = parts;
    this.#definition = definition;
    this.#accumulationSteps = settings.accumulationSteps ?? 1;
    const stepsPerPass = Math.floor(data.train.length / (settings.batchSize * this.#accumulationSteps));
    this.#stepsPerEpoch = settings.stepsPerEpoch ?? stepsPerPass;
    const batchesPerPass = settings.stepsPerEpoch === undefined
      ? stepsPerPass * this.#accumulationSteps
      : Math.floor(data.train.length / settings.batchSize);
    this.#order = new BatchOrder(data.train, { batchSize: settings.batchSize, seed: settings.seed, batchesPerPass });
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
      const due = this.#progress.step % (options.checkpointEverySteps ?? Infinity) === 0 ||
        performance.now() - this.#savedAt >= (options.checkpointEverySeconds ?? 30) * 1000;
      if (!stopped && due) await this.#save("running", null);
    }
    await this.#save("finished", stopped);
    return this.#result(stopped);
  }

  /** Steps until the epoch or the run ends; false when it was aborted before. */
  async #trainEpoch(): Promise<boolean> {
    const { options } = this.#parts;
    const progress = this.#progress;
    while (progress.stepInEpoch < this.#stepsPerEpoch && progress.step < this.#totalSteps) {
      if (options.signal?.aborted) return false;
      await this.#trainStep();
      const { step, stepInEpoch } = progress;
      const due = step % (options.checkpointEverySteps ?? Infinity) === 0;
      // At the end of an epoch, its validation comes first.
      if (due && stepInEpoch < this.#stepsPerEpoch && step < this.#totalSteps) await this.#save("running", null);
    }
    return true;
  }

  async #trainStep(): Promise<void> {
    const { stepper, options } = this.#parts;
    const progress = this.#progress;
    const start = performance.now();
    const batchCount = this.#accumulationSteps;
    const taken: Uint32Array[] = [];
    for (let i = 0; i < batchCount; i++) {
      taken.push(await this.#load(progress.step * batchCount + i));
      if (i < batchCount - 1) await stepper.accumulate();
    }
    const learningRate = this.#learningRate(progress.step);
    const loss = await stepper.step({ step: progress.step + 1, learningRate });
    const seconds = (performance.now() - start) / 1000;
    progress.step++;
    progress.stepInEpoch++;
    progress.epochLossSum += loss;
    progress.epochSeconds += seconds;
    const endsEpoch = progress.stepInEpoch === this.#stepsPerEpoch || progress.step === this.#totalSteps;
    options.onStep?.({ step: progress.step, loss, learningRate, seconds, batches: taken, endsEpoch });
  }

  /** Loads a batch, counted from 0 over the whole run. Batches are numbered through, so that each draws masks of its own. */
  async #load(batch: number): Promise<Uint32Array> {
    const { stepper, data: { lengths } } = this.#parts;
    const rows = this.#order.rowsOf(batch);
    let length: number | undefined;
    if (lengths && isSized(stepper)) {
      length = batchLength(lengths, rows);
      await stepper.resize({ [lengths.dimension]: length });
    }
    stepper.load({ rows, step: batch + 1, length });
    return rows;
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
    const state = status === "running" ? await stepper.readState() : null;
    this.#expectFinite(state ?? {});
    const sidecar = { status, stopped, definition: this.#definition, parameterCount: parameterCount(program.loss) };
    await saveCheckpoint(options.checkpointDir, { ...sidecar, ...this.#progress }, {
      state,
      weights: this.#progress.bestEpoch > 0 ? this.#best : null,
      program: programFileText(program, data.reference),
    });
    this.#savedAt = performance.now();
  }

  /** An update can overflow after a loss that was still finite: the checkpoint before it is the last good one. */
  #expectFinite(state: Readonly<Weights>): void {
    for (const [name, { dtype, data }] of Object.entries(state)) {
      if (dtype !== "float32" || (data as Float32Array).every(Number.isFinite)) continue;
      const { step } = this.#progress;
      const rate = this.#learningRate(step - 1);
      throw new RangeError(`Training diverged: ${name} is not finite after step ${step} with learning rate ${rate}`);
    }
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
