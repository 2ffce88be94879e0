// Training a language model iteration by iteration: lib/train's loop on rows of tokens, told by speed, tokens and memory.

import type { ArrayValue } from "../../graph/mod.ts";
import { ownMemory } from "../../process/mod.ts";
import {
  adam,
  type Adapter,
  adapterOf,
  type EpochSummary,
  type OptimizerSpec,
  predictTrainingBytes,
  RunQueue,
  type ScheduleSpec,
  type StepSummary,
  TRAINING_ENGINE_BYTES,
  type TrainingResult,
  trainProgram,
  type TrainSettings,
} from "../../train/mod.ts";
import { IterationLog } from "./iteration_log.ts";
import type { LanguageData } from "./language_data.ts";
import { type MeasuredIteration, type SpeedWindow, speedWindows } from "./speed_windows.ts";
import { type PreparedTraining, prepareTraining, type TrainableModel, type TrainingTarget } from "./trainable.ts";

/** One iteration: an update of what is trained. */
export interface Iteration extends MeasuredIteration {
  /** Mean over the learned tokens of its batches, before the update. */
  readonly loss: number;
  readonly learningRate: number;
  /** Mean over the learned tokens of the validation rows, after the update; null where there was no validation. */
  readonly validationLoss: number | null;
}

/** Numbers of a fine-tuning, as plain data. */
export interface FineTuneSettings extends Pick<TrainSettings, "maxGradientNorm" | "segments" | "threads"> {
  /** Updates in all. */
  iterations: number;
  /** Default Adam at 1e-5, as mlx-lm has it. */
  optimizer?: OptimizerSpec;
  /** Default: constant. */
  schedule?: ScheduleSpec;
  /** Rows a batch. Default 1. */
  batchSize?: number;
  /** Batches whose gradients are averaged before an update. Default 1. */
  accumulationSteps?: number;
  /** Iterations between two validations; there is one after the last, too. Default 200. */
  validateEvery?: number;
  /** Of what is drawn at first, the order of rows, and dropout. Default 0. */
  seed?: number;
  /** Default `cpu`. */
  engine?: "cpu" | "webgpu";
}

/** Options of {@link fineTune}. */
export interface FineTuneOptions extends TrainingTarget {
  model: TrainableModel;
  data: LanguageData;
  settings: FineTuneSettings;
  /** Folder of the checkpoint, which a run of the same definition goes on from; absent: none is kept. */
  checkpointDir?: string;
  /** Iterations between two checkpoints; one is also kept at the end, and when the signal aborts. Default 100. */
  checkpointEvery?: number;
  /** Default true. */
  resume?: boolean;
  /** Ends the run after the iteration under way, with a checkpoint. */
  signal?: AbortSignal;
  /** Before the first iteration: what is trained, and in how much memory. */
  onPrepared?: (prepared: FineTunePrepared) => void;
  /** Values of the weights converted so far and in all. */
  onProgress?: (done: number, total: number) => void;
}

/** What is known before the first iteration. */
export interface FineTunePrepared extends Pick<PreparedTraining, "plan" | "trainableParameters" | "totalParameters"> {
  /**
   * The most resident memory that the process is expected to hold, in bytes: what it holds now, and what `predictTrainingBytes` adds for the
   * longest row. Null on a GPU.
   */
  readonly expectedPeakBytes: number | null;
}

/** What came of a fine-tuning. */
export interface FineTuneResult {
  /** Iterations of the whole run, those before an interruption included when there is a checkpoint folder. */
  readonly iterations: readonly Iteration[];
  readonly stopped: "finished" | "aborted";
  /** The validation whose weights were kept, the one with the lowest loss; null when a run was aborted before the first. */
  readonly best: { readonly iteration: number; readonly validationLoss: number } | null;
  readonly trainableParameters: number;
  /** What was trained, at the best validation, by name: all parameters or an adapter's factors. */
  readonly weights: Readonly<Record<string, ArrayValue>>;
  /** The same as an adapter; null when all parameters were trained. */
  readonly adapter: Adapter | null;
  /** Speed over iterations 1 to 100, 101 to 300, 301 to 500. */
  readonly windows: readonly SpeedWindow[];
  readonly peakRssBytes: number;
  readonly checkpoint: string | null;
}

/** A fine-tuning under way: iterate over its iterations, await its result, or both. */
export interface FineTuneRun extends AsyncIterable<Iteration> {
  readonly result: Promise<FineTuneResult>;
}

/**
 * Trains a language model, or adapters to a frozen one. The run starts at once; iterations block the JavaScript thread one at a time.
 * Interrupted and resumed, it gives the same bits.
 *
 * ```
 * const run = fineTune({ model: { config, weights: folder }, lora, data, settings: { iterations: 500 }, checkpointDir, signal });
 * for await (const { iteration, loss } of run) console.log(iteration, loss);
 * const { adapter, windows } = await run.result;
 * ```
 *
 * @throws {RangeError} in the result: too few rows, a number out of its range, a loss that is not finite (the last checkpoint stays)
 * @throws {TypeError} likewise: a checkpoint of another run, an adapter of another rank or model
 *
 * @example All parameters of a model of a few thousand, on letters
 * ```ts
 * import { fineTune, languageData, trainingTexts } from "lib/language/mod.ts";
 * import { LFM2_1_2B, readLfm2Config } from "lib/models/lfm2/config.ts";
 * import { adam } from "lib/train/mod.ts";
 * const tokenizer = {
 *   vocabularySize: 128,
 *   specialTokens: {},
 *   chatTemplate: null,
 *   tokenId: () => null,
 *   isSpecial: () => false,
 *   encode: (text: string) => [...new TextEncoder().encode(text)],
 *   decode: (ids: readonly number[]) => String.fromCharCode(...ids),
 * };
 * const sizes = { vocab_size: 128, hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1 };
 * const config = readLfm2Config({ ...LFM2_1_2B, ...sizes, block_ff_dim: 32, block_multiple_of: 16, full_attn_idxs: [1] });
 * const data = languageData(trainingTexts(["abcabcab", "bcabcabc", "cabcabca"]), tokenizer, { multiple: 8 });
 * const optimizer = adam({ learningRate: 0.01 });
 * const run = fineTune({ model: { config, weights: null }, data, settings: { iterations: 10, optimizer } });
 * const losses: number[] = [];
 * for await (const { loss } of run) losses.push(loss);
 * if (!(losses[9] < losses[0])) throw new Error("letters in turn are learned");
 * ```
 */
export function fineTune(options: FineTuneOptions): FineTuneRun {
  const queue = new RunQueue<Iteration>();
  const result = run(options, (iteration) => queue.push(iteration));
  // Whoever only iterates sees a failure there; it must not count as unhandled as well.
  result.then(() => queue.end(), (error) => queue.end(error));
  return { result, [Symbol.asyncIterator]: () => queue.iterate() };
}

async function run(options: FineTuneOptions, onIteration: (iteration: Iteration) => void): Promise<FineTuneResult> {
  const { model, data, checkpointDir, resume = true, signal, checkpointEvery = 100 } = options;
  const settings = trainSettings(options.settings);
  checkContext(options);
  const prepared = await prepareTraining(model, {
    ...options,
    isPacked: data.isPacked,
    seed: settings.seed,
    provider: options.settings.engine ?? "cpu",
  });
  options.onPrepared?.({ ...prepared, expectedPeakBytes: expectedPeakBytes(prepared, options) });
  const log = await IterationLog.open(checkpointDir ?? null, { resume });
  const told = new Telling(data, model.config.vocabSize, (iteration) => {
    log.add(iteration);
    onIteration(iteration);
  });
  const training = trainProgram(prepared.program, data, {
    settings,
    checkpointDir,
    resume,
    signal,
    checkpointEverySteps: checkpointEvery,
    start: prepared.start,
    onStep: (step) => told.step(step),
    onEpoch: (epoch) => told.epoch(epoch),
  });
  return resultOf(await training.result, { prepared, log, options });
}

/** See {@link FineTunePrepared}. */
function expectedPeakBytes(
  { program, start }: PreparedTraining,
  { data, settings: { batchSize = 1, segments, engine } }: FineTuneOptions,
): number | null {
  if (engine === "webgpu") return null;
  const { dimension, longest } = data.lengths!;
  const sizes = { validationRows: data.validation.length, sizes: { [dimension]: longest } };
  const growthBytes = predictTrainingBytes(program, batchSize, { ...sizes, segments, frozen: start?.frozen });
  return ownMemory().rssBytes + TRAINING_ENGINE_BYTES + growthBytes;
}

function trainSettings(
  { iterations, validateEvery = 200, optimizer = adam({ learningRate: 1e-5 }), ...given }: FineTuneSettings,
): TrainSettings {
  for (const [name, value] of Object.entries({ iterations, validateEvery })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(`Cannot fine-tune: expected ${name} to be an integer from 1, got ${value}`);
  }
  return {
    batchSize: 1,
    seed: 0,
    engine: "cpu",
    ...given,
    optimizer,
    epochs: Math.ceil(iterations / validateEvery),
    stepsPerEpoch: validateEvery,
    maxSteps: iterations,
  };
}

function checkContext({ model: { config }, data }: FineTuneOptions): void {
  const { contextLength, vocabSize } = config;
  const most = data.lengths!.ofRow.reduce((longest, length) => Math.max(longest, length), 0);
  if (most > contextLength) {
    throw new RangeError(`Cannot fine-tune: expected rows of at most ${contextLength} tokens, got ${most}`);
  }
  const outside = data.columns.token_ids.data.find((id) => id >= vocabSize);
  if (outside !== undefined) {
    throw new RangeError(`Cannot fine-tune: expected token ids below ${vocabSize}, got ${outside}: another tokenizer?`);
  }
}

/** Relative: rounding of a mean; models that were just drawn are further from predicting all tokens alike. */
const SAME_LOSS = 1e-6;

/** Makes iterations of steps and validations. */
class Telling {
  #waiting: Iteration | null = null;

  constructor(
    private readonly data: LanguageData,
    private readonly vocabSize: number,
    private readonly tell: (iteration: Iteration) => void,
  ) {}

  step({ step, loss, learningRate, seconds, batches, endsEpoch }: StepSummary): void {
    this.#expectPreference(loss, `at step ${step} with learning rate ${learningRate}`);
    const { learnedTokens } = this.data;
    const tokens = batches.reduce((sum, rows) => sum + rows.reduce((part, row) => part + learnedTokens[row], 0), 0);
    const { rssBytes, peakRssBytes } = ownMemory();
    const iteration: Iteration = {
      ...{ iteration: step, loss, learningRate, seconds, tokens, rssBytes, peakRssBytes },
      validationLoss: null,
    };
    // The validation that follows belongs to it.
    if (endsEpoch) this.#waiting = iteration;
    else this.tell(iteration);
  }

  epoch({ validation, learningRate }: EpochSummary): void {
    if (this.#waiting === null) return;
    this.#expectPreference(validation.loss, `after step ${this.#waiting.iteration} with learning rate ${learningRate}`);
    this.tell({ ...this.#waiting, validationLoss: validation.loss });
    this.#waiting = null;
  }

  /** Norms make zeros of what has overflowed: the loss is finite then, and stays where it is. */
  #expectPreference(loss: number, when: string): void {
    const uniform = Math.log(this.vocabSize);
    if (Math.abs(loss - uniform) > SAME_LOSS * uniform) return;
    throw new RangeError(`Training diverged: all ${this.vocabSize} tokens are predicted alike ${when}`);
  }
}

function resultOf(
  { stopped, weights, bestEpoch, history, checkpoint }: TrainingResult,
  { prepared: { plan, trainableParameters }, log, options: { model } }: {
    prepared: PreparedTraining;
    log: IterationLog;
    options: FineTuneOptions;
  },
): FineTuneResult {
  const baseModel = typeof model.weights === "string" ? model.weights : "";
  const before = history.slice(0, bestEpoch);
  const best = before.length === 0 ? null : {
    iteration: before.reduce((sum, { steps }) => sum + steps, 0),
    validationLoss: before.at(-1)!.validation.loss,
  };
  return {
    iterations: log.iterations,
    stopped: stopped === "aborted" ? "aborted" : "finished",
    best,
    trainableParameters,
    weights,
    adapter: plan && adapterOf(plan, weights, { baseModel }),
    windows: speedWindows(log.iterations),
    peakRssBytes: ownMemory().peakRssBytes,
    checkpoint,
  };
}
