// Which parameters learn at all? A parameter whose effect something later cancels, or that only shifts a softmax over one
// value, is counted in a model's size and never moves.

import { bindDimensions, type FeedArray, gradients, graph, interpret } from "../graph/mod.ts";
import { initialValues, TRAINING_STEP } from "../nn/mod.ts";
import type { TrainingProgram } from "./program.ts";

/** Values of a batch by name, all with the same number of rows. */
export type BatchValues = Readonly<Record<string, Required<FeedArray>>>;

/**
 * Norm of the loss's gradient in each trained parameter, computed in float64, so that a gradient that vanishes by algebra is
 * zero up to about 1e-16 of the others.
 *
 * @param batch few rows are enough: a gradient that is not zero shows in almost any batch
 * @param options parameters by name, or the seed of their first values (default 1). First values can hide a gradient: a
 *   matrix that is multiplied by one that starts at zero gets none before the first step
 * @returns norms by parameter name, in the model's order
 * @throws {TypeError} when a batch tensor or parameter is missing or misshapen
 *
 * @example
 * ```ts
 * import { add, softmax } from "lib/graph/mod.ts";
 * import { linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
 * import { gradientNorms, traceProgram } from "lib/train/mod.ts";
 * const attention = model("one-position", { inputs: { x: tensor("float32", ["batch", 1]) } }, (scope, { x }) => ({
 *   output: add(softmax(linear(scope.child("query"), x, 1)), linear(scope.child("value"), x, 1)),
 * }));
 * const program = traceProgram({ model: attention, loss: ({ output }, { x }) => meanSquaredError(output, x) });
 * const norms = gradientNorms(program, { x: { data: [1, 2], shape: [2, 1] } });
 * if (norms["query.weight"] !== 0 || norms["value.weight"] === 0) throw new Error("a softmax of one score is 1");
 * ```
 */
export function gradientNorms(
  program: TrainingProgram,
  batch: BatchValues,
  { seed = 1, weights }: { seed?: number; weights?: Readonly<Record<string, FeedArray>> } = {},
): Record<string, number> {
  const [first] = Object.values(batch);
  if (!first) throw new TypeError("Cannot compute gradients: expected a batch, got no tensors");
  const loss = bindDimensions(program.loss, { batch: first.shape[0] });
  const trained = loss.parameters.filter(({ source }) => source.trainable);
  const named = gradients(loss.outputs.loss, trained).map((tensor, i) => [trained[i].source.name, tensor] as const);
  const parameters = loss.parameters.map((leaf) =>
    [leaf.source.name, weights?.[leaf.source.name] ?? { data: initialValues(leaf, seed) }] as const
  );
  const feeds = { ...Object.fromEntries(parameters), ...batch, [TRAINING_STEP]: { data: [1], shape: [] } };
  const values = interpret(graph(`${loss.name}-gradients`, Object.fromEntries(named)), feeds);
  return Object.fromEntries(named.map(([name]) => [name, norm(values[name].data)]));
}

/** Names of the parameters whose gradient is below `tolerance` of the largest one. Default 1e-12. */
export function withoutGradient(norms: Readonly<Record<string, number>>, tolerance = 1e-12): string[] {
  const largest = Math.max(...Object.values(norms));
  return Object.keys(norms).filter((name) => norms[name] <= tolerance * largest);
}

function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
