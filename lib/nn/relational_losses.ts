// Losses that compare a batch's own similarities with the teacher's: they ask a student to keep which rows are near each
// other, not where a row lies, so that its latent vectors need not have the teacher's width.

import {
  add,
  cumSum,
  describe,
  div,
  equal,
  formatShape,
  gemm,
  logSoftmax,
  mul,
  reduceMean,
  reduceSum,
  slice,
  softmax,
  sqrt,
  squeeze,
  sub,
  type Tensor,
  unsqueeze,
  where,
} from "../graph/mod.ts";
import { SMALLEST_SQUARED_NORM } from "./losses.ts";

/** Far below any cosine over a temperature, and still exact in float32: `exp` of it is 0. */
const EXCLUDED = -1e4;

/**
 * Cosines of all pairs of rows.
 *
 * @param x `[batch, width]`
 * @returns `[batch, batch]`, in [-1, 1]
 */
export function cosineSimilarities(x: Tensor): Tensor {
  expectRows(x);
  const norm = sqrt(add(reduceSum(mul(x, x), { axes: [1], keepDims: true }), SMALLEST_SQUARED_NORM));
  const unit = div(x, norm);
  return gemm(unit, unit, null, { transB: true });
}

/**
 * Similarity matching: the mean squared difference of the cosines of all pairs of different rows (Tung & Mori 2019, without
 * their row normalisation; Jasper's similarity loss, Zhang et al. 2024).
 *
 * @param latent `[batch, width]`, what is trained
 * @param teacher `[batch, teacherWidth]`, any width
 * @returns scalar, at least 0; it depends on which rows share the batch
 */
export function similarityLoss(latent: Tensor, teacher: Tensor): Tensor {
  expectSameRows(latent, teacher);
  const difference = sub(cosineSimilarities(latent), cosineSimilarities(teacher));
  // The diagonal is 1 on both sides and adds nothing.
  return reduceMean(mul(difference, difference));
}

/**
 * Neighbour matching: for each row, the Kullback-Leibler divergence from the student's to the teacher's distribution over the
 * other rows of the batch, `softmax(cosine / temperature)`; averaged over rows. A list-wise ranking loss (Cao et al. 2007) on
 * the neighbourhoods of stochastic neighbour embedding (Hinton & Roweis 2002): the lower the temperature, the more only the
 * nearest rows count.
 *
 * @param latent `[batch, width]`, what is trained
 * @param teacher `[batch, teacherWidth]`, any width
 * @param options temperature, above 0; cosines are divided by it
 * @returns scalar, at least 0, in nats; it depends on the batch, which should be large enough to hold neighbours
 * @throws {RangeError} for a temperature that is not above 0
 *
 * @example
 * ```ts
 * import { graph, input, interpret } from "lib/graph/mod.ts";
 * import { neighbourLoss } from "lib/nn/mod.ts";
 * const [latent, teacher] = [input("latent", "float32", ["batch", 1]), input("teacher", "float32", ["batch", 2])];
 * const { value } = interpret(graph("g", { value: neighbourLoss(latent, teacher, { temperature: 0.1 }) }), {
 *   latent: { data: [1, 2, -1], shape: [3, 1] },
 *   teacher: { data: [1, 0, 2, 0, -3, 0], shape: [3, 2] },
 * });
 * if (Math.abs(value.data[0]) > 1e-9) throw new Error("the same cosines, whatever the widths and lengths");
 * ```
 */
export function neighbourLoss(latent: Tensor, teacher: Tensor, { temperature }: { temperature: number }): Tensor {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`Cannot match neighbours: expected a temperature above 0, got ${temperature}`);
  }
  expectSameRows(latent, teacher);
  const itself = diagonal(teacher);
  const logits = (x: Tensor) => where(itself, EXCLUDED, div(cosineSimilarities(x), temperature));
  const wanted = logits(teacher);
  const surprise = sub(logSoftmax(wanted), logSoftmax(logits(latent)));
  return reduceMean(reduceSum(mul(softmax(wanted), surprise), { axes: [1] }));
}

/** Whether row and column are the same, `[batch, batch]`: counted at run time, since the batch may be a name. */
function diagonal(x: Tensor): Tensor {
  const column = squeeze(slice(x, { axis: 1, start: 0, end: 1 }), [1]);
  const ones = where(equal(column, column), add(mul(column, 0), 1), 1);
  const position = cumSum(ones, { axis: 0 });
  return equal(unsqueeze(position, [0]), unsqueeze(position, [1]));
}

function expectRows(x: Tensor): void {
  if (x.shape.length !== 2) throw new TypeError(`Cannot compare rows of ${describe(x)}: expected [batch, width]`);
}

function expectSameRows(latent: Tensor, teacher: Tensor): void {
  expectRows(latent);
  expectRows(teacher);
  if (latent.shape[0] !== teacher.shape[0]) {
    throw new TypeError(
      `Cannot compare rows of ${describe(latent)} with the teacher's: expected ${
        formatShape([teacher.shape[0], "width"])
      }, got ${formatShape(latent.shape)}`,
    );
  }
}
