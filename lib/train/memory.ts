// How much memory a run on the CPU will take, from its graphs alone.

import { bindDimensions, explain, type Graph, parameterCount } from "../graph/mod.ts";
import { gradientGraph } from "./sized_steps.ts";
import type { TrainingProgram } from "./program.ts";
import { validationChunkRows } from "./validation.ts";

const VALUE_BYTES = 4;
/** Parameters, both moments and gradients. */
const STATE_REGIONS = 4;
/**
 * What ONNX Runtime's allocator holds for each byte that is live at the peak: its blocks grow by powers of two, and from the
 * second run on it asks for one more block that fits the whole pattern. Measured: 1.4 to 1.5 (tests/train/memory_test.ts).
 */
const ALLOCATOR_FACTOR = 1.5;
/** The same of a step that gives memory back; what is left are gaps. */
const LEAN_FACTOR = 1.2;

/**
 * Predicts the growth of resident memory by a CPU run beyond what the engine itself takes (fixedTrainingBytes): parameters,
 * moments and gradients; the copy of the best epoch; intermediate results of a step and of validation as `explain` finds
 * them; and the copy of the gradients that onnxruntime-node hands back from a step. The data is not counted.
 *
 * @param batchSize rows of a step
 * @param options validationRows of the data (default: as many as are validated at once, at most 1024); segments as in the settings
 * @returns bytes; within 20% or 24 MiB of what is measured, for students of 256 to 8192
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
  { validationRows = Infinity, segments }: { validationRows?: number; segments?: number } = {},
): number {
  const fixed = bindDimensions(program.loss, { batch: batchSize });
  const trained = fixed.parameters.filter(({ source }) => source.trainable);
  const stateBytes = STATE_REGIONS * VALUE_BYTES * parameterCount({ parameters: trained });
  const gradientCopyBytes = VALUE_BYTES * parameterCount({ parameters: trained });
  const { parameterBytes, peakActivationBytes } = explain(gradientGraph(fixed, trained, { segments }));
  const frozenBytes = parameterBytes - VALUE_BYTES * parameterCount({ parameters: trained });
  const bestBytes = parameterBytes;
  const validation = explain(withRows(program.metrics, Math.min(validationRows, validationChunkRows(program.metrics))));
  // Each session keeps what its allocator has taken, also while the other one computes.
  const stepFactor = segments === undefined ? ALLOCATOR_FACTOR : LEAN_FACTOR;
  const activationBytes = stepFactor * peakActivationBytes + ALLOCATOR_FACTOR * validation.peakActivationBytes;
  return Math.round(stateBytes + frozenBytes + bestBytes + gradientCopyBytes + activationBytes);
}

function withRows(metrics: Graph, rows: number): Graph {
  const named = Object.values(metrics.inputs).some(({ shape }) => shape.includes("batch"));
  return named ? bindDimensions(metrics, { batch: rows }) : metrics;
}
