// How well a model predicts texts: the mean loss over the tokens of a split.

import { validator } from "../../train/mod.ts";
import type { LanguageData } from "./language_data.ts";
import { prepareTraining, type TrainableModel, type TrainingTarget } from "./trainable.ts";

/** Options of {@link heldOutLoss}. */
export interface HeldOutOptions extends Pick<TrainingTarget, "adapter" | "baseFormat"> {
  model: TrainableModel;
  data: LanguageData;
  /** Which rows are predicted. Default `validation`. */
  split?: "train" | "validation" | "test";
  /** Threads inside one operator. Default 0: as many as there are physical cores. */
  threads?: number;
}

/** Loss over a split. */
export interface HeldOutLoss {
  /** Mean over tokens of -log p, in nats. */
  readonly loss: number;
  /** exp(loss). */
  readonly perplexity: number;
  readonly tokens: number;
}

/**
 * Predicts the tokens of a split, on the CPU.
 *
 * @throws {RangeError} for a split without rows
 * @throws {TypeError} for a model without weights, an adapter of another model
 */
export async function heldOutLoss(
  { model, data, split = "validation", adapter, baseFormat, threads = 0 }: HeldOutOptions,
): Promise<HeldOutLoss> {
  const rows = data[split];
  if (rows.length === 0) throw new RangeError(`Cannot compute a loss: expected rows of ${split}, got none`);
  if (model.weights === null) {
    throw new TypeError("Cannot compute a loss: expected a model with weights, got one without");
  }
  const { program, start } = await prepareTraining(model, {
    ...(adapter && { lora: adapter, adapter, baseFormat }),
    isPacked: data.isPacked,
    seed: 0,
    provider: "cpu",
  });
  const weights = { ...start?.frozen?.parameters, ...start?.initial };
  const validation = await validator(program.metrics, {
    data,
    threads,
    frozen: start?.frozen,
    weights: () => Promise.resolve(weights),
  });
  try {
    const { loss } = await validation.evaluate(rows);
    const tokens = rows.reduce((sum, row) => sum + data.learnedTokens[row], 0);
    return { loss, perplexity: Math.exp(loss), tokens };
  } finally {
    await validation.release();
  }
}
