// Settings of a run as plain data, checked by one schema wherever a run or a trial starts.

import { z } from "zod";
import { type Engine, ENGINES } from "./create_stepper.ts";
import type { OptimizerSpec, ScheduleSpec } from "./optimizer.ts";

const count = z.number().int().min(1);

const common = { learningRate: z.number().positive(), weightDecay: z.number().min(0) };
const share = z.number().min(0).lt(1);

const optimizerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.enum(["adam", "adamW", "adam8bit"]),
    ...common,
    beta1: share,
    beta2: share,
    epsilon: z.number().positive(),
    biasCorrection: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal("sgd"), ...common, momentum: share, nesterov: z.boolean() }),
]);

const settingsSchema = z.strictObject({
  optimizer: optimizerSchema,
  schedule: z.strictObject({
    kind: z.enum(["constant", "cosine", "linear"]),
    warmupSteps: z.number().int().min(0).optional(),
    finalFactor: z.number().min(0).max(1).optional(),
  }),
  epochs: count,
  batchSize: count,
  accumulationSteps: count.optional(),
  maxGradientNorm: z.number().positive().optional(),
  segments: count.optional(),
  maxSteps: count.nullable(),
  stepsPerEpoch: count.optional(),
  earlyStopping: z.strictObject({ patience: count, minDelta: z.number().min(0) }).nullable(),
  seed: z.number().int().min(0),
  engine: z.enum(ENGINES, {
    error: ({ input }) => `expected ${ENGINES.map((name) => `"${name}"`).join(" or ")}, got ${JSON.stringify(input)}`,
  }),
  threads: z.number().int().min(0),
});

/** Settings as a user writes them. */
export interface TrainSettings {
  optimizer: OptimizerSpec;
  /** Default: constant. */
  schedule?: ScheduleSpec;
  /** Passes over the training rows, at most. */
  epochs: number;
  /** Rows a step; a last batch that is smaller is left out of the epoch. Default 256. */
  batchSize?: number;
  /** Batches whose gradients are averaged before each update; the effective batch is this many times larger. Default 1. */
  accumulationSteps?: number;
  /** Gradients are scaled down when their norm over all parameters is larger (Pascanu et al. 2013). Default: never. */
  maxGradientNorm?: number;
  /**
   * Trades time for memory: the forward pass is cut into so many segments, of which only the borders are kept, and each is
   * computed a second time for the backward pass (Chen et al. 2016). About the square root of the number of layers is best; the
   * gradients stay the same. 1: everything is kept, but memory is given back as soon as it is free, as with any other number. Default: not
   * even that.
   */
  segments?: number;
  /** Stop after this many steps, for measuring cost. */
  maxSteps?: number | null;
  /**
   * Steps after which an epoch ends, with its validation, wherever in the training rows that is; the rows are passed through as often as it
   * takes. Default: one pass over the training rows.
   */
  stepsPerEpoch?: number;
  /** Stop when for `patience` epochs the validation loss has not fallen by more than `minDelta` (default 0), in one or in several. */
  earlyStopping?: { patience: number; minDelta?: number } | null;
  /** Of initial values and batch order. */
  seed: number;
  /**
   * What computes the steps; validation is on the CPU. Default `cpu`; `webgpu` is the GPU; `tfjs` is tfjs, natively where
   * `deno task setup:tfjs-node` was run.
   */
  engine?: Engine;
  /** Threads inside one operator on the CPU; part of the definition, since it can change the last bits. Default 0: physical cores. */
  threads?: number;
}

/** Settings with every default filled in. */
export type CompleteSettings = z.infer<typeof settingsSchema> & { schedule: ScheduleSpec };

/**
 * Fills in defaults and checks.
 *
 * @throws {RangeError} naming the field, what it expected and what it got
 */
export function completeSettings(settings: TrainSettings): CompleteSettings {
  const { earlyStopping } = settings;
  const filled = {
    schedule: { kind: "constant" },
    batchSize: 256,
    maxSteps: null,
    engine: "cpu",
    threads: 0,
    ...given(settings),
    earlyStopping: earlyStopping ? { minDelta: 0, ...given(earlyStopping) } : null,
  };
  const parsed = settingsSchema.safeParse(filled);
  if (parsed.success) return parsed.data as CompleteSettings;
  const [issue] = parsed.error.issues;
  throw new RangeError(`Cannot train: ${issue.path.join(".") || "settings"}: ${issue.message}`);
}

/** The fields that have a value: `{ batchSize: undefined }` means the default, as leaving it out does. */
function given<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
