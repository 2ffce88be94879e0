// How much memory a run on the CPU will take, from its graphs alone.

import { bindDimensions, explain, type Graph, type Parameter, scalePerProduct, tensorBytes } from "../graph/mod.ts";
import type { FrozenWeights } from "./lora/base.ts";
import { gradientGraph } from "./sized_steps.ts";
import type { TrainingProgram } from "./program.ts";
import { validationChunkRows } from "./validation.ts";

/** Parameters, both moments and gradients. */
const STATE_REGIONS = 4;
/**
 * What ONNX Runtime's allocator holds for each byte that is live at the peak: its blocks grow by powers of two, and from the
 * second run on it asks for one more block that fits the whole pattern. Measured: 1.4 to 1.5 (tests/train/memory_test.ts).
 */
const ALLOCATOR_FACTOR = 1.5;
/** The same of a step that gives memory back; what is left are gaps. */
const LEAN_FACTOR = 1.2;

/** What training takes whatever the model, in bytes: sessions, threads, compiled code, garbage. See `fixedTrainingBytes`. */
export const TRAINING_ENGINE_BYTES = 64 * 2 ** 20;

/** Sizes of a run whose memory is predicted. */
export interface PredictionOptions {
  /** Of the data. Default: as many as are validated at once, at most 1024. */
  validationRows?: number;
  /** As in the settings of the run. */
  segments?: number;
  /** Sizes of named dimensions beside `batch`, such as the length of the longest row. */
  sizes?: Readonly<Record<string, number>>;
  /** Values that the run is given and does not train: those in files are counted once, those in memory are there already. */
  frozen?: FrozenWeights;
}

/**
 * Predicts the growth of resident memory by a CPU run beyond what the engine itself takes ({@link TRAINING_ENGINE_BYTES}): parameters,
 * moments and gradients; the copy of the best epoch; intermediate results of a step and of validation as `explain` finds
 * them; and the copy of the gradients that onnxruntime-node hands back from a step. The data is not counted.
 *
 * @param batchSize rows of a step
 * @returns bytes; within 20% or 24 MiB of what is measured, for students of 256 to 8192; of adapters to a language model the peak of the
 *   process is within a quarter; all of its parameters take up to 1.4 times as much as is predicted
 *
 * @example
 * ```ts
 * import { lnspStudent } from "lib/models/lnsp.ts";
 * import { meanSquaredError } from "lib/nn/mod.ts";
 * import { predictTrainingBytes, traceProgram } from "lib/train/mod.ts";
 * const program = traceProgram({
 *   model: lnspStudent({ studentDim: 256 }),
 *   loss: ({ output }, { x }) => meanSquaredError(output, x),
 * });
 * if (predictTrainingBytes(program, 256) < 20 * 296_000) throw new Error("the state alone takes 20 bytes a parameter");
 * ```
 */
export function predictTrainingBytes(
  program: TrainingProgram,
  batchSize: number,
  { validationRows = Infinity, segments, sizes = {}, frozen }: PredictionOptions = {},
): number {
  const fixed = bindDimensions(program.loss, { ...sizes, batch: batchSize });
  const trained = fixed.parameters.filter(({ source }) => source.trainable);
  const learnedBytes = bytesOf(trained);
  const others = fixed.parameters.filter(({ source }) => !source.trainable && !frozen?.parameters[source.name]);
  const drawn = others.filter(({ source }) => !frozen?.external?.tensors[source.name]);
  // Parameters, both moments, gradients, and their copy; the best epoch's.
  const heldBytes = STATE_REGIONS * learnedBytes + bytesOf(others) + learnedBytes + learnedBytes + bytesOf(drawn);
  const step = explain(scalePerProduct(gradientGraph(fixed, trained, { segments }))).peakActivationBytes;
  const rows = Math.min(validationRows, validationChunkRows(program.metrics, sizes));
  const validation = explain(withRows(program.metrics, { ...sizes, batch: rows })).peakActivationBytes;
  return Math.round(heldBytes + activationBytes({ step, validation }, { segments, frozen }));
}

/** What sessions hold: one that gives memory back leaves it to the other, else each keeps what its allocator has taken. */
function activationBytes(
  { step, validation }: { step: number; validation: number },
  { segments, frozen }: Pick<PredictionOptions, "segments" | "frozen">,
): number {
  if (frozen !== undefined) return LEAN_FACTOR * Math.max(step, validation);
  return (segments === undefined ? ALLOCATOR_FACTOR : LEAN_FACTOR) * step + ALLOCATOR_FACTOR * validation;
}

function bytesOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, parameter) => sum + tensorBytes(parameter), 0);
}

function withRows(metrics: Graph, sizes: Readonly<Record<string, number>>): Graph {
  const named = Object.values(metrics.inputs).some(({ shape }) => shape.includes("batch"));
  return named ? bindDimensions(metrics, sizes) : metrics;
}
