// Losses and per-row scores: functions of symbolic tensors, each row one example.

import {
  add,
  cast,
  describe,
  div,
  equal,
  formatShape,
  gatherElements,
  max,
  mul,
  not,
  reduceLogSumExp,
  reduceMean,
  reduceSum,
  sqrt,
  squeeze,
  sub,
  type Tensor,
  unsqueeze,
  where,
} from "../graph/mod.ts";

/** Rows shorter than this are treated as having this length, so that a zero row has cosine 0 and a finite gradient. */
export const SMALLEST_SQUARED_NORM = 1e-12;

function expectSameShape(prediction: Tensor, target: Tensor): void {
  if (formatShape(prediction.shape) !== formatShape(target.shape)) {
    throw new TypeError(
      `Cannot compare ${describe(prediction)} with its target: expected ${formatShape(prediction.shape)}, got ${
        formatShape(target.shape)
      }`,
    );
  }
}

/**
 * Mean squared error over all elements.
 *
 * @param prediction `[batch, width]`
 * @param target same shape
 * @returns scalar, at least 0
 */
export function meanSquaredError(prediction: Tensor, target: Tensor): Tensor {
  return reduceMean(rowSquaredError(prediction, target));
}

/** Mean squared error of each row: `[batch, width]` twice -> `[batch]`. */
export function rowSquaredError(prediction: Tensor, target: Tensor): Tensor {
  expectSameShape(prediction, target);
  const difference = sub(prediction, target);
  return reduceMean(mul(difference, difference), { axes: [-1] });
}

/**
 * Cosine of each row with its target: `[batch, width]` twice -> `[batch]`, in [-1, 1].
 * Written with ReduceSum, Sqrt and Div, all of which the CoreML provider takes.
 */
export function rowCosine(prediction: Tensor, target: Tensor): Tensor {
  expectSameShape(prediction, target);
  const dot = reduceSum(mul(prediction, target), { axes: [-1] });
  const norm = (x: Tensor) => sqrt(add(reduceSum(mul(x, x), { axes: [-1] }), SMALLEST_SQUARED_NORM));
  return div(dot, mul(norm(prediction), norm(target)));
}

/** `1 - cosine`, averaged over rows: scalar in [0, 2]. */
export function cosineLoss(prediction: Tensor, target: Tensor): Tensor {
  return sub(1, reduceMean(rowCosine(prediction, target)));
}

/**
 * `(1 - weight) * MSE + weight * (1 - cosine)`.
 *
 * @param weight of the cosine term, in [0, 1]
 */
export function alignmentLoss(prediction: Tensor, target: Tensor, weight: number): Tensor {
  if (!(weight >= 0 && weight <= 1)) {
    throw new RangeError(`Cannot weigh the loss: expected a weight in [0, 1], got ${weight}`);
  }
  if (weight === 0) return meanSquaredError(prediction, target);
  if (weight === 1) return cosineLoss(prediction, target);
  return add(mul(meanSquaredError(prediction, target), 1 - weight), mul(cosineLoss(prediction, target), weight));
}

/**
 * Cross-entropy of logits with labels, averaged over the positions that count; 0 when none does.
 *
 * @param logits `[..., classes]`
 * @param labels int32 (all that WebGPU compares) or int64 `[...]` in [0, classes - 1], or `ignoreIndex` where a position does
 *   not count
 * @param options ignoreIndex, -100 as in PyTorch
 * @returns scalar, at least 0
 * @throws {TypeError} when labels have another shape than the logits without their last dimension
 *
 * @example
 * ```ts
 * import { graph, input, interpret } from "lib/graph/mod.ts";
 * import { crossEntropy } from "lib/nn/mod.ts";
 * const loss = crossEntropy(input("logits", "float32", ["n", 2]), input("labels", "int64", ["n"]));
 * const feeds = { logits: { data: [0, 0, 5, 5], shape: [2, 2] }, labels: { data: [1, -100], shape: [2] } };
 * const { value } = interpret(graph("g", { value: loss }), feeds);
 * if (Math.abs(value.data[0] - Math.log(2)) > 1e-12) throw new Error("the second position is ignored");
 * ```
 */
export function crossEntropy(
  logits: Tensor,
  labels: Tensor,
  { ignoreIndex = -100 }: { ignoreIndex?: number } = {},
): Tensor {
  const { surprises, ignored } = surprisesOf(logits, labels, ignoreIndex);
  const counted = cast(not(ignored), logits.dtype);
  return div(reduceSum(surprises), max(reduceSum(counted), 1));
}

/**
 * Cross-entropy of logits with labels, position by position; 0 where a position does not count.
 *
 * @param logits `[..., classes]`
 * @param labels as of {@link crossEntropy}
 * @returns the shape of the labels
 * @throws {TypeError} when labels have another shape than the logits without their last dimension
 */
export function crossEntropies(
  logits: Tensor,
  labels: Tensor,
  { ignoreIndex = -100 }: { ignoreIndex?: number } = {},
): Tensor {
  return surprisesOf(logits, labels, ignoreIndex).surprises;
}

function surprisesOf(logits: Tensor, labels: Tensor, ignoreIndex: number): { surprises: Tensor; ignored: Tensor } {
  const expected = formatShape(logits.shape.slice(0, -1));
  if (logits.shape.length === 0 || formatShape(labels.shape) !== expected) {
    throw new TypeError(
      `Cannot compare ${describe(logits)} with labels: expected ${expected}, got ${describe(labels)}`,
    );
  }
  const ignored = equal(labels, ignoreIndex);
  const picked = squeeze(gatherElements(logits, unsqueeze(where(ignored, 0, labels), [-1])), [-1]);
  // log softmax of the label's class, without a tensor of log softmaxes of every class.
  const surprise = sub(reduceLogSumExp(logits, { axes: [-1] }), picked);
  return { surprises: where(ignored, 0, surprise), ignored };
}
