// How much memory a run will take, from its graphs alone.

import { bindDimensions, elementCount, parameterCount, topologicalOrder } from "../graph/mod.ts";
import type { TrainingProgram } from "./program.ts";

/** Bytes a parameter: value, two moments, gradient, and the copy of the best epoch, in float32. */
const STATE_BYTES_PER_PARAMETER = 5 * 4;

/**
 * Predicts the growth of resident memory by a CPU run: state, plus what forward and backward pass hold at once (an
 * activation and its gradient for each operation of the loss). The runtime itself and the data are not counted.
 *
 * @param batchSize rows of a step
 * @returns bytes
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
export function predictTrainingBytes(program: TrainingProgram, batchSize: number): number {
  const fixed = bindDimensions(program.loss, { batch: batchSize });
  const activations = topologicalOrder(Object.values(fixed.outputs)).flatMap(({ outputs }) => outputs)
    .reduce((sum, { shape }) => sum + 4 * elementCount(shape as number[]), 0);
  return STATE_BYTES_PER_PARAMETER * parameterCount(program.loss) + 2 * activations;
}
