// What is trained: a language model and the loss of its next tokens, as graphs.

import { graph, mul, reduceSum } from "../../graph/mod.ts";
import { crossEntropies, crossEntropy, type Model, tensor } from "../../nn/mod.ts";
import { traceProgram, type TrainingProgram } from "../../train/mod.ts";

/**
 * The program of a model that gives logits of all positions, on the batch tensors of `languageData`: the loss is the mean over the learned
 * tokens of the batch; validation gives the mean over all learned tokens of its rows, however long they are.
 *
 * @param model `token_ids` and others `[batch, sequence]` to `logits` `[batch, sequence, vocabSize]`
 */
export function languageProgram(model: Model): TrainingProgram {
  const traced = traceProgram({
    model,
    targets: { labels: tensor("int32", ["batch", "sequence"]), scale: tensor("float32", ["batch"]) },
    loss: ({ logits }, { labels }) => crossEntropy(logits, labels),
    metrics: ({ logits }, { labels, scale }) => ({
      share: mul(reduceSum(crossEntropies(logits, labels), { axes: [1] }), scale),
    }),
  });
  return { ...traced, metrics: graph(traced.metrics.name, { loss: traced.metrics.outputs.share }) };
}
