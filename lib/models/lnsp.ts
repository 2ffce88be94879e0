// The LNSP students: dense autoencoders that squeeze a teacher's embedding through a narrow latent layer.
//
// One model, I -> S -> L -> S -> I, covers both families of "LNSP Model Size Analysis" (Trent Carter, 2025-07-23): the
// bottleneck family has I = 384 and L = 192 and varies S; the square family has I = S = D and L = D/2. A third, ours, has
// I = 384, S = D and L = D/2, since teacher's vectors of other widths do not ship.

import { relu } from "../graph/mod.ts";
import { linear, type Model, model, tensor } from "../nn/mod.ts";

/** Widths of a student. */
export interface LnspConfig {
  /** Width S of the two hidden layers. */
  studentDim: number;
  /** Width of the teacher's vectors, in and out. Default 384 (all-MiniLM-L6-v2). */
  inputDim?: number;
  /** Width of the latent layer. Default 192. */
  latentDim?: number;
}

/** Refuses widths that no layer can have. */
function checkWidths(widths: Readonly<Record<string, number>>): void {
  for (const [name, width] of Object.entries(widths)) {
    if (!Number.isInteger(width) || width < 1) {
      throw new RangeError(`Cannot build the student: expected ${name} to be an integer of at least 1, got ${width}`);
    }
  }
}

/**
 * The student `inputDim -> S -> latentDim -> S -> inputDim` with ReLU after all layers but the last.
 *
 * Inputs: `x [batch, inputDim]`. Outputs: `latent [batch, latentDim]`, `output [batch, inputDim]`.
 *
 * @throws {RangeError} for widths that are not integers of at least 1
 *
 * @example
 * ```ts
 * import { parameterCount } from "lib/graph/mod.ts";
 * import { lnspParameterCount, lnspStudent } from "lib/models/lnsp.ts";
 * const student = lnspStudent({ studentDim: 256 });
 * if (parameterCount(student.trace()) !== 296_000) throw new Error("the model has 296,000 parameters");
 * if (lnspParameterCount({ studentDim: 256 }) !== 296_000) throw new Error("so says the formula");
 * ```
 */
export function lnspStudent({ studentDim, inputDim = 384, latentDim = 192 }: LnspConfig): Model {
  checkWidths({ studentDim, inputDim, latentDim });
  return model("lnsp", { inputs: { x: tensor("float32", ["batch", inputDim]) } }, (scope, { x }) => {
    const hidden = relu(linear(scope.child("inputProjection"), x, studentDim));
    const latent = relu(linear(scope.child("compression"), hidden, latentDim));
    const expanded = relu(linear(scope.child("expansion"), latent, studentDim));
    return { latent, output: linear(scope.child("teacherAlignment"), expanded, inputDim) };
  });
}

/**
 * Parameters of the student: `2 S (I + L + 1) + L + I`, for I = 384 and L = 192 `1154 S + 576`.
 * (The document's `962 S + 576` forgets the expansion's 192 S.)
 */
export function lnspParameterCount({ studentDim, inputDim = 384, latentDim = 192 }: LnspConfig): number {
  return 2 * studentDim * (inputDim + latentDim + 1) + latentDim + inputDim;
}

/**
 * Widths of the square student `D -> D -> D/2 -> D -> D`, which reads vectors of D dimensions: `3 D^2 + 3.5 D` parameters.
 *
 * @throws {RangeError} when D is odd or no positive integer
 */
export function squareWidths(studentDim: number): Required<LnspConfig> {
  return { ...projectedSquareWidths(studentDim), inputDim: studentDim };
}

/**
 * Widths of `inputDim -> D -> D/2 -> D -> inputDim`: ours, so that a latent of D/2 can be trained on the teacher's vectors.
 *
 * @throws {RangeError} when D is odd or no positive integer
 */
export function projectedSquareWidths(studentDim: number, inputDim = 384): Required<LnspConfig> {
  checkWidths({ studentDim });
  if (studentDim % 2 !== 0) {
    throw new RangeError(`Cannot build the student: expected an even studentDim, got ${studentDim}`);
  }
  return { studentDim, inputDim, latentDim: studentDim / 2 };
}
