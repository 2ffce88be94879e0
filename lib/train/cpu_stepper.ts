// One training step on the CPU: ONNX Runtime computes loss and gradients from the state's memory and writes the gradients
// back into it; the kernel then updates parameters and moments in place. Nothing but the batch is copied.

import { availableParallelism } from "node:os";
import type { Column } from "../data/mod.ts";
import { type Graph, parameterCount, scalePerProduct } from "../graph/mod.ts";
import { type ArrayValue, compile, type CompileOptions, readsSharedMemory, type Session } from "../runtime/mod.ts";
import { featureMajor } from "./feature_major.ts";
import { InPlaceStepper } from "./in_place_stepper.ts";
import { UpdateThreads } from "./kernel/update_threads.ts";
import type { FrozenWeights } from "./lora/base.ts";
import type { OptimizerSpec } from "./optimizer.ts";
import { fillParameters, parameterWeights, SizedSteps } from "./sized_steps.ts";
import { allocateState, type TrainingState } from "./state.ts";
import type { BatchRows } from "./training_data.ts";

/** Takes training steps on one engine; holds parameters and whatever else a step carries over to the next. */
export interface Stepper {
  /**
   * Batch tensors by name, filled by `load` or by hand before each step; those that `load` fills on a device are not here. Others after
   * `resize`.
   */
  readonly batch: Readonly<Record<string, Float32Array>>;
  /**
   * Takes rows of the stepper's columns as the batch.
   *
   * @throws {TypeError} when it was made without a column for a batch tensor
   * @throws {RangeError} when there are not `batchSize` rows, or one is outside a column
   */
  load(batch: BatchRows): void;
  /**
   * Adds the gradients of what `batch` holds to those of the step under way; `step` then averages over all of them.
   *
   * @throws {RangeError} when the loss is not finite
   */
  accumulate(): Promise<void>;
  /**
   * Takes a step on what `batch` holds.
   *
   * @param step counted from 1
   * @returns the loss before the update, averaged over the batches that were accumulated
   * @throws {RangeError} when the loss is not finite; parameters and moments are then unchanged
   */
  step(options: { step: number; learningRate: number }): Promise<number>;
  /**
   * All parameters by name, trained and frozen: views or copies, to be read before the next step. Those that lie in files are not among
   * them.
   */
  readParameters(): Promise<Record<string, ArrayValue>>;
  /** What a step carries over: `parameter/NAME`, `firstMoment/NAME`, `secondMoment/NAME`; to be read before the next step. */
  readState(): Promise<Record<string, ArrayValue>>;
  /** Puts back what `readState` gave. */
  writeState(state: Readonly<Record<string, ArrayValue>>): Promise<void>;
  /** Frees the native memory. */
  release(): Promise<void>;
}

/** The stepper of an engine that keeps its state in this process's memory, open to other code. */
export interface CpuStepper extends Stepper {
  /** Parameters, moments and the last step's gradients, as views: read and write them between steps. */
  readonly state: TrainingState;
  /** All parameters by name, trained (views of the state) and frozen; those that lie in files left out. */
  readonly weights: Readonly<Record<string, ArrayValue>>;
  /**
   * Goes on with batches of other sizes: parameters, moments and gradients that were accumulated stay as they are. What was compiled for a
   * size is kept, so that a few sizes can alternate.
   *
   * @param sizes of `batch` and of the names that were given `sizes`; those left out stay
   * @throws {RangeError} for a name that the loss does not have, or a size that is no integer from 1
   */
  resize(sizes: Readonly<Record<string, number>>): Promise<void>;
}

/** What a stepper is made of. */
export interface StepperOptions {
  /** What `load` takes rows from, by batch tensor. Must not change: WebGPU keeps a copy. */
  columns?: Readonly<Record<string, Column>>;
  /** Largest column that stays on the WebGPU device, in bytes; batches of larger ones are sent. Default 128 MiB. */
  residentLimitBytes?: number;
  /** Rows of a batch. */
  batchSize: number;
  /** Sizes of named dimensions beside `batch`. */
  sizes?: Readonly<Record<string, number>>;
  /**
   * Values of parameters that are not trained. They are read where they are, never copied, and memory is given back as soon as it is free.
   * Default: such parameters are drawn as trained ones are.
   */
  frozen?: FrozenWeights;
  /** First values of trained parameters by name; the others are drawn. */
  initial?: Readonly<Record<string, ArrayValue>>;
  optimizer: OptimizerSpec;
  /** Of the initial parameter values. */
  seed: number;
  /** Threads inside one operator; 0: one a physical core. */
  threads?: number;
  /** Batches whose gradients are averaged before an update. Default 1. */
  accumulationSteps?: number;
  /** Gradients are scaled down to this norm over all parameters. Default: never. */
  maxGradientNorm?: number;
  /** Parts of the forward pass that are computed twice to save memory; see `GradientOptions`. Default 1: nothing is. */
  segments?: number;
  /** Largest WebAssembly memory; tests force splits with it. */
  memoryLimitBytes?: number;
}

/**
 * Prepares training of a loss graph whose named dimension is `batch`.
 *
 * @param lossGraph batch tensors and parameters to `loss`
 */
export function cpuStepper(lossGraph: Graph, options: StepperOptions): Promise<CpuStepper> {
  return inPlaceStepper(lossGraph, options, ON_CPU);
}

/** How a session of gradients is made. */
export interface GradientSessionOptions
  extends
    Required<Pick<CompileOptions, "threads" | "leanMemory" | "weightsInPlace">>,
    Pick<CompileOptions, "external"> {}

/** What computes the gradients of a stepper whose state is in host memory. */
export interface GradientEngine {
  /** Prepares the graph of loss and gradients. */
  compileGradients(graph: Graph, options: GradientSessionOptions): Promise<Session>;
  /** Rewrites the loss before gradients are taken, for speed. */
  layout?(fixed: Graph): Graph;
  /** Threads for the optimizer's update. Default 1: others than our own sessions refuse memory that threads share. */
  updateThreads?(threads: number, parameterCount: number): number;
}

/**
 * A product that is scaled becomes one node that rounds otherwise where nothing else reads the unscaled one: whether the backward pass reads
 * it, or computes it again (see `segments`), would show in the last bits.
 */
const ROUNDS_OTHERWISE = ["MatMulScaleFusion"];

/** ONNX Runtime's CPU provider. */
export const ON_CPU: Required<GradientEngine> = {
  compileGradients: (graph, options) =>
    compile(scalePerProduct(graph), {
      ...options,
      flushDenormals: true,
      stopSpinning: true,
      disabledOptimizers: ROUNDS_OTHERWISE,
    }),
  layout: featureMajor,
  updateThreads,
};

/** Fewer values than this for a thread are updated sooner than a helper wakes up. */
const VALUES_PER_THREAD = 2 ** 17;
/** More threads than this only wait for memory. */
const MOST_UPDATE_THREADS = 4;

function updateThreads(threads: number, parameterCount: number): number {
  if (!readsSharedMemory()) return 1;
  const allowed = threads === 0 ? availableParallelism() : threads;
  return Math.max(1, Math.min(allowed, MOST_UPDATE_THREADS, Math.floor(parameterCount / VALUES_PER_THREAD)));
}

/** What can be chosen anew for each run of a prepared stepper. */
export type StepperRun = Pick<StepperOptions, "optimizer" | "seed" | "initial" | "columns" | "maxGradientNorm">;

/** A compiled step with its memory, in which several runs can take place one after the other. */
export interface PreparedStepper {
  /**
   * A stepper at its beginning, with the same bits as a new one. Earlier ones must not be used any more; releasing it leaves
   * what was prepared.
   *
   * @param run an optimizer of the kind that was prepared for
   */
  start(run: StepperRun): CpuStepper;
  release(): Promise<void>;
}

/** Prepares a stepper on ONNX Runtime's CPU provider; see `cpuStepper`. */
export function prepareCpuStepper(lossGraph: Graph, options: StepperOptions): Promise<PreparedStepper> {
  return prepareInPlace(lossGraph, options, ON_CPU);
}

/** A stepper whose gradients any runtime computes. */
export async function inPlaceStepper(
  lossGraph: Graph,
  options: StepperOptions,
  engine: GradientEngine,
): Promise<CpuStepper> {
  const prepared = await prepareInPlace(lossGraph, options, engine);
  try {
    return Object.assign(prepared.start(options), { release: () => prepared.release() });
  } catch (error) {
    await prepared.release();
    throw error;
  }
}

async function prepareInPlace(
  lossGraph: Graph,
  options: StepperOptions,
  { compileGradients, layout = (fixed) => fixed, updateThreads = () => 1 }: GradientEngine,
): Promise<PreparedStepper> {
  const { optimizer, threads = 0, frozen } = options;
  const trained = lossGraph.parameters.filter(({ source }) => source.trainable);
  if (trained.length === 0) throw new TypeError(`Cannot train ${lossGraph.name}: it has no trainable parameter`);
  const helped = updateThreads(threads, parameterCount({ parameters: trained }));
  const state = allocateState(trained, {
    optimizer,
    limitBytes: options.memoryLimitBytes,
    accumulates: (options.accumulationSteps ?? 1) > 1,
    threads: helped,
  });
  const weights = parameterWeights(lossGraph, state, frozen);
  const sized = await SizedSteps.open({ lossGraph, trained, state, weights, options, compileGradients, layout });
  const updaters = new KeptUpdater(state, helped);
  let isNew = true;
  return {
    start: ({ optimizer, seed, initial, columns = {}, maxGradientNorm }) => {
      if (!isNew) { for (const { memory } of state.memories) new Uint8Array(memory.buffer).fill(0); }
      isNew = false;
      fillParameters(lossGraph.parameters, weights, { seed, initial, given: frozen?.parameters });
      const updater = updaters.of(optimizer);
      return new InPlaceStepper({ state, weights, updater, maxGradientNorm, columns, sized });
    },
    release: () => {
      updaters.release();
      return sized.release();
    },
  };
}

/** The threads of an update are kept while the optimizer is the same: starting them takes longer than a hundred steps. */
class KeptUpdater {
  #kept: { settings: string; updater: UpdateThreads } | null = null;

  constructor(private readonly state: TrainingState, private readonly threads: number) {}

  of(optimizer: OptimizerSpec): UpdateThreads {
    const settings = JSON.stringify({ ...optimizer, learningRate: null }); // which comes with every step
    if (this.#kept?.settings === settings) return this.#kept.updater;
    this.release();
    this.#kept = { settings, updater: new UpdateThreads(this.state.memories, optimizer, this.threads) };
    return this.#kept.updater;
  }

  release(): void {
    this.#kept?.updater.release();
    this.#kept = null;
  }
}
