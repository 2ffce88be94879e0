// The parts of a training iteration of the forecaster, each alone: the loss, the loss with all gradients, the optimizer's update.

import { type ForecasterConfig, forecasterTrial } from "../../models/forecaster.ts";
import { gatherRows } from "../../data/mod.ts";
import { projectPath } from "../../process/mod.ts";
import { adamW, traceProgram, type TrainingStages, trainingStages } from "../../train/mod.ts";
import type { OpenedSubject, OpenOptions } from "../harness/open_subject.ts";
import type { ModuleSubject } from "../harness/subject.ts";
import { readWindows } from "./window_files.ts";

/** Parts that can be measured; `iteration` is gathering a batch, its gradients and the update, one after the other. */
export const TRAINING_PARTS = ["forward", "gradients", "update", "iteration"] as const;
/** One of {@link TRAINING_PARTS}. */
export type TrainingPart = typeof TRAINING_PARTS[number];

/** A part of an iteration. */
export interface ForecasterStage {
  part: TrainingPart;
  config: ForecasterConfig;
  batchSize: number;
  maxGradientNorm: number;
  /** Folder of `writeWindows`. */
  windows: string;
}

/** A subject of this module; `batchSize` must be that of the benchmark. */
export function forecasterStage(options: ForecasterStage): ModuleSubject {
  return {
    name: `forecaster of width ${options.config.hiddenDim}, ${options.part}, batch ${options.batchSize}`,
    module: projectPath("lib", "bench", "subjects", "forecaster_stage.ts"),
    options: JSON.parse(JSON.stringify(options)),
  };
}

const LEARNING_RATE = 1e-4;
/** How far the loss alone may be from the loss of the graph that has the gradients too. */
const BOUND = 1e-4;

/** Opens it, in the process that measures. */
export async function open(
  { part, config, batchSize, maxGradientNorm, windows }: ForecasterStage,
  { provider, threads }: Pick<OpenOptions, "provider" | "threads">,
): Promise<OpenedSubject> {
  if (provider.name !== "cpu") throw new Error(`Cannot take a step apart with ${provider.name}: on the CPU only`);
  const stages = await trainingStages(traceProgram(forecasterTrial(config)).loss, {
    batchSize,
    optimizer: adamW({ learningRate: LEARNING_RATE }),
    seed: 1,
    threads,
    maxGradientNorm,
  });
  const load = loaderOf(stages, { windows, batchSize });
  load();
  await stages.gradients(); // what `update` reads
  const calls: Record<TrainingPart, () => Promise<unknown> | unknown> = {
    forward: () => stages.forward(),
    gradients: () => stages.gradients(),
    update: () => stages.update(),
    iteration: async () => {
      load();
      await stages.gradients();
      stages.update();
    },
  };
  return {
    call: calls[part],
    check: async () => {
      const [alone, whole] = [await stages.forward(), await stages.gradients()];
      const relativeError = Number.isFinite(whole) ? Math.abs(alone - whole) / Math.abs(whole) : Infinity;
      return { reference: "the loss beside its gradients", relativeError, bound: BOUND, output: "loss", elements: 1 };
    },
    release: () => stages.release(),
  };
}

/** Fills the batch with the next rows. */
function loaderOf(
  { batch }: TrainingStages,
  { windows, batchSize }: { windows: string; batchSize: number },
): () => void {
  const { x, y } = readWindows(windows);
  let first = 0;
  return () => {
    const rows = Uint32Array.from({ length: batchSize }, (_, i) => (first + i) % x.shape[0]);
    first += batchSize;
    gatherRows(x, rows, batch.x);
    gatherRows(y, rows, batch.y);
  };
}
