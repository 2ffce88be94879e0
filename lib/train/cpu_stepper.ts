// One training step on the CPU: ONNX Runtime computes loss and gradients from the state's memory and writes the gradients
// back into it; the kernel then updates parameters and moments in place. Nothing but the batch is copied.

import { availableParallelism } from "node:os";
import type { Column } from "../data/mod.ts";
import {
  bindDimensions,
  elementCount,
  type GradientOptions,
  gradients,
  type Graph,
  graph,
  type Parameter,
} from "../graph/mod.ts";
import { initialValues } from "../nn/mod.ts";
import { type ArrayValue, compile, readsSharedMemory, type Session } from "../runtime/mod.ts";
import { featureMajor } from "./feature_major.ts";
import { InPlaceStepper } from "./in_place_stepper.ts";
import { UpdateThreads } from "./kernel/update_threads.ts";
import type { OptimizerSpec } from "./optimizer.ts";
import { allocateState, type TrainingState } from "./state.ts";
import type { BatchRows } from "./training_data.ts";

/** Takes training steps on one engine; holds parameters and whatever else a step carries over to the next. */
export interface Stepper {
  /** Batch tensors by name, filled by `load` or by hand before each step; those that `load` fills on a device are not here. */
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
  /** All parameters by name, trained and frozen: views or copies, to be read before the next step. */
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
  /** All parameters by name, trained (views of the state) and frozen. */
  readonly weights: Readonly<Record<string, ArrayValue>>;
}

/** What a stepper is made of. */
export interface StepperOptions {
  /** What `load` takes rows from, by batch tensor. Must not change: WebGPU keeps a copy. */
  columns?: Readonly<Record<string, Column>>;
  /** Largest column that stays on the WebGPU device, in bytes; batches of larger ones are sent. Default 128 MiB. */
  residentLimitBytes?: number;
  /** Rows of a batch. */
  batchSize: number;
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

/** What computes the gradients of a stepper whose state is in host memory. */
export interface GradientEngine {
  /** Prepares the graph of loss and gradients. */
  compileGradients(graph: Graph, options: { threads: number; leanMemory: boolean }): Promise<Session>;
  /** Rewrites the loss before gradients are taken, for speed. */
  layout?(fixed: Graph): Graph;
  /** Threads for the optimizer's update. Default 1: others than our own sessions refuse memory that threads share. */
  updateThreads?(threads: number, parameterCount: number): number;
}

/** ONNX Runtime's CPU provider. */
export const ON_CPU: Required<GradientEngine> = {
  compileGradients: (graph, options) => compile(graph, { ...options, flushDenormals: true, stopSpinning: true }),
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
export type StepperRun = Pick<StepperOptions, "optimizer" | "seed" | "columns" | "maxGradientNorm">;

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
  const stepper = prepared.start(options);
  const releaseRun = stepper.release.bind(stepper);
  stepper.release = async () => {
    await releaseRun();
    await prepared.release();
  };
  return stepper;
}

async function prepareInPlace(
  lossGraph: Graph,
  options: StepperOptions,
  { compileGradients, layout = (fixed) => fixed, updateThreads = () => 1 }: GradientEngine,
): Promise<PreparedStepper> {
  const { batchSize, optimizer, threads = 0 } = options;
  const bound = bindDimensions(lossGraph, { batch: batchSize });
  const fixed = layout(bound);
  // In the order of the model, which a rewrite need not keep.
  const trained = bound.parameters.filter(({ source }) => source.trainable);
  if (trained.length === 0) throw new TypeError(`Cannot train ${lossGraph.name}: it has no trainable parameter`);
  const helped = updateThreads(threads, trained.reduce((sum, { shape }) => sum + elementCount(shape as number[]), 0));
  const state = allocateState(trained, {
    optimizer,
    limitBytes: options.memoryLimitBytes,
    accumulates: (options.accumulationSteps ?? 1) > 1,
    threads: helped,
  });
  const session = await compileGradients(gradientGraph(fixed, trained, options), {
    threads,
    leanMemory: options.segments !== undefined,
  });
  const weights = parameterWeights(fixed, state);
  const arrays = bindArrays(session, { fixed, state, weights });
  const updaters = new KeptUpdater(state, helped);
  let isNew = true;
  return {
    start: ({ optimizer, seed, columns = {}, maxGradientNorm }) => {
      if (!isNew) { for (const { memory } of state.memories) new Uint8Array(memory.buffer).fill(0); }
      isNew = false;
      for (const leaf of fixed.parameters) initialValues(leaf, seed, weights[leaf.source.name].data as Float32Array);
      const updater = updaters.of(optimizer);
      return new InPlaceStepper({ state, weights, updater, maxGradientNorm, columns, ...arrays });
    },
    release: () => {
      updaters.release();
      return session.release();
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

const gradientName = (parameterName: string) => `gradient:${parameterName}`;

/** The loss and the gradient of each trained parameter, as one graph. */
export function gradientGraph(fixed: Graph, trained: readonly Parameter[], { segments }: GradientOptions = {}): Graph {
  const named = gradients(fixed.outputs.loss, trained, { segments }).map((gradient, i) =>
    [gradientName(trained[i].source.name), gradient] as const
  );
  return graph(`${fixed.name}-step`, { loss: fixed.outputs.loss, ...Object.fromEntries(named) });
}

const float32 = (shape: readonly number[], data: Float32Array = new Float32Array(elementCount(shape))) =>
  ({ dtype: "float32", shape, data }) as const satisfies ArrayValue;

/** Values of all parameters: views of the state for those that are trained. */
export function parameterWeights({ parameters }: Graph, state: TrainingState): Record<string, ArrayValue> {
  return Object.fromEntries([
    ...state.parameters.map(({ name, shape, parameter }) => [name, float32(shape, parameter)] as const),
    ...parameters.filter(({ source }) => !source.trainable)
      .map((leaf) => [leaf.source.name, float32(leaf.shape as number[])] as const),
  ]);
}

/** What a session reads and writes. */
interface BoundTo {
  fixed: Graph;
  state: TrainingState;
  weights: Readonly<Record<string, ArrayValue>>;
  /** Arrays of the batch that another run reads too. Default: new ones. */
  batch?: Readonly<Record<string, Float32Array>>;
  /** Whether the session computes gradients. Default true. */
  withGradients?: boolean;
}

/** Binds a session of loss and gradients to the state. */
export function bindArrays(session: Session, { fixed, state, weights, batch: given, withGradients = true }: BoundTo) {
  const batch = Object.entries(fixed.inputs).map(([name, { shape }]) =>
    [name, float32(shape as number[], given?.[name])] as const
  );
  const loss = new Float32Array(1);
  const fetches = Object.fromEntries([
    ["loss", float32([], loss)] as const,
    ...(withGradients ? state.parameters : []).map(({ name, shape, gradient }) =>
      [gradientName(name), float32(shape, gradient)] as const
    ),
  ]);
  return {
    batch: Object.fromEntries(batch.map(([name, { data }]) => [name, data])),
    loss,
    run: session.bind({ ...Object.fromEntries(batch), ...weights }, fetches),
  };
}
