// The parts of a training step on the CPU, each alone, to be timed: where does a step's time go?

import { bindDimensions, type Graph, graph, parameterCount } from "../graph/mod.ts";
import { clipFactor, regionNorm } from "./clipping.ts";
import { ON_CPU, type StepperOptions } from "./cpu_stepper.ts";
import { UpdateThreads } from "./kernel/update_threads.ts";
import { bindArrays, fillParameters, gradientGraph, parameterWeights } from "./sized_steps.ts";
import { allocateState } from "./state.ts";

/** Options of {@link trainingStages}. */
export type StageOptions = Pick<
  StepperOptions,
  "batchSize" | "optimizer" | "seed" | "threads" | "maxGradientNorm" | "segments"
>;

/** The parts of a step. */
export interface TrainingStages {
  /** Batch tensors by name, to be filled. */
  readonly batch: Readonly<Record<string, Float32Array>>;
  /** Computes the loss of the batch, nothing more. */
  forward(): Promise<number>;
  /** Computes the loss and the gradient of every parameter, as a step does: forward and backward in one graph. */
  gradients(): Promise<number>;
  /** Clips the gradients that are there, and updates parameters and moments. */
  update(): void;
  /** Frees the native memory. */
  release(): Promise<void>;
}

/**
 * Prepares the parts of a step of `cpuStepper`: the same graphs, layout, memory and update.
 *
 * @param lossGraph batch tensors and parameters to `loss`, with the named dimension `batch`
 *
 * @example
 * ```ts
 * import { lnspStudent } from "lib/models/lnsp.ts";
 * import { meanSquaredError } from "lib/nn/mod.ts";
 * import { adam, traceProgram, trainingStages } from "lib/train/mod.ts";
 * const model = lnspStudent({ inputDim: 8, studentDim: 16, latentDim: 4 });
 * const { loss } = traceProgram({ model, loss: ({ output }, { x }) => meanSquaredError(output, x) });
 * const stages = await trainingStages(loss, { batchSize: 4, optimizer: adam({ learningRate: 0.01 }), seed: 1 });
 * stages.batch.x.fill(1);
 * const first = await stages.gradients();
 * stages.update();
 * if (!(await stages.forward() < first)) throw new Error("the step lowers the loss");
 * await stages.release();
 * ```
 */
export async function trainingStages(lossGraph: Graph, options: StageOptions): Promise<TrainingStages> {
  const { batchSize, optimizer, seed, threads = 0, maxGradientNorm } = options;
  const { compileGradients, layout, updateThreads } = ON_CPU;
  const bound = bindDimensions(lossGraph, { batch: batchSize });
  const fixed = layout(bound);
  const trained = bound.parameters.filter(({ source }) => source.trainable);
  const helped = updateThreads(threads, parameterCount({ parameters: trained }));
  const state = allocateState(trained, { optimizer, threads: helped });
  const weights = parameterWeights(fixed, state);
  fillParameters(fixed.parameters, weights, { seed });
  const leanMemory = options.segments !== undefined;
  const compiling = { threads, leanMemory, weightsInPlace: false };
  const backward = await compileGradients(gradientGraph(fixed, trained, options), compiling);
  const whole = bindArrays(backward, { fixed, state, weights });
  const lossOnly = await compileGradients(graph(`${fixed.name}-loss`, { loss: fixed.outputs.loss }), compiling);
  const alone = bindArrays(lossOnly, { fixed, state, weights, batch: whole.batch, withGradients: false });
  const updater = new UpdateThreads(state.memories, optimizer, helped);
  let step = 0;
  return {
    batch: whole.batch,
    forward: async () => {
      await alone.run.run();
      return alone.loss[0];
    },
    gradients: async () => {
      await whole.run.run();
      return whole.loss[0];
    },
    update() {
      const gradientScale = maxGradientNorm === undefined
        ? 1
        : clipFactor(regionNorm(state.memories, updater, "gradient"), maxGradientNorm);
      updater.update({ step: ++step, learningRate: optimizer.learningRate, gradientScale });
    },
    release: async () => {
      updater.release();
      await backward.release();
      await lossOnly.release();
    },
  };
}
