// The models of tests/golden/graph/make_models.py, parameter names included, with their losses: for every engine's parity tests.

import {
  add,
  constant,
  div,
  gather,
  gelu,
  matMul,
  mul,
  reduceSum,
  slice,
  squeeze,
  type Tensor,
  transpose,
  unsqueeze,
} from "lib/graph/mod.ts";
import {
  bertAttention,
  crossEntropy,
  embedding,
  gatedShortConv,
  groupedQueryAttention,
  gruCell,
  layerNorm,
  linear,
  lstmCell,
  meanSquaredError,
  model,
  type RecurrentCell,
  rmsNorm,
  scanSequence,
  type Scope,
  swiGlu,
  tensor,
} from "lib/nn/mod.ts";
import type { ProgramOptions } from "lib/train/mod.ts";

const EPSILON = 1e-12;

function bertEmbeddings(
  scope: Scope,
  ids: Tensor,
  { count, width, positions }: { count: number; width: number; positions: number },
) {
  const words = embedding(scope.child("word_embeddings"), ids, { count, width });
  const row = constant(Array.from({ length: positions }, (_, i) => i), { dtype: "int64" });
  const places = embedding(scope.child("position_embeddings"), row, { count: positions, width });
  const types = embedding(scope.child("token_type_embeddings"), constant([0], { dtype: "int64" }), { count: 1, width });
  return layerNorm(scope.child("LayerNorm"), add(add(words, types), places), { epsilon: EPSILON });
}

const attention = model("attention", {
  inputs: { ids: tensor("int32", ["batch", 5]), mask: tensor("float32", ["batch", 5]) },
}, (scope, { ids, mask }) => {
  const embedded = bertEmbeddings(scope.child("embeddings"), ids, { count: 13, width: 8, positions: 5 });
  const layer = scope.child("encoder").child("layer").child("0");
  const attended = bertAttention(layer.child("attention"), embedded, { heads: 2, mask });
  const inner = gelu(linear(layer.child("intermediate").child("dense"), attended, 12));
  const output = layer.child("output");
  const hidden = layerNorm(output.child("LayerNorm"), add(linear(output.child("dense"), inner, 8), attended), {
    epsilon: EPSILON,
  });
  const kept = unsqueeze(mask, [2]);
  const mean = div(reduceSum(mul(hidden, kept), { axes: [1] }), reduceSum(kept, { axes: [1] }));
  return { logits: linear(scope.child("head"), mean, 3) };
});

const recurrent = (name: string, makeCell: (scope: Scope, inputDim: number, hiddenDim: number) => RecurrentCell) =>
  model(name, { inputs: { x: tensor("float32", ["batch", 6, 3]) } }, (scope, { x }) => {
    const { outputs } = scanSequence(x, makeCell(scope.child("cell"), 3, 5));
    return { next: linear(scope.child("head"), squeeze(slice(outputs, { axis: 1, start: 5, end: 6 }), [1]), 2) };
  });

/** LFM2 with a short convolution and an attention layer; the embedding is also the output projection. */
export const lfm2 = (sequence: number | "sequence") =>
  model("lfm2", { inputs: { ids: tensor("int32", ["batch", sequence]) } }, (scope, { ids }) => {
    const root = scope.child("model");
    const weight = root.child("embed_tokens").parameter("weight", [13, 8], {
      initializer: { kind: "normal", mean: 0, standardDeviation: 0.02 },
    });
    let hidden = gather(weight, ids);
    ["conv", "self_attn"].forEach((kind, i) => {
      const layer = root.child("layers").child(String(i));
      const normal = rmsNorm(layer.child("operator_norm"), hidden);
      const mixed = kind === "conv"
        ? gatedShortConv(layer.child("conv"), normal)
        : groupedQueryAttention(layer.child("self_attn"), normal, { heads: 2, keyValueHeads: 1, theta: 1_000_000 });
      hidden = add(hidden, mixed);
      hidden = add(hidden, swiGlu(layer.child("feed_forward"), rmsNorm(layer.child("ffn_norm"), hidden), 12));
    });
    return { logits: matMul(rmsNorm(root.child("embedding_norm"), hidden), transpose(weight)) };
  });

const forecastLoss: ProgramOptions["loss"] = ({ next }, { y }) => meanSquaredError(next, y);

/** By the name of the golden file. */
export const GOLDEN_MODELS: Readonly<Record<string, ProgramOptions>> = {
  attention: {
    model: attention,
    targets: { label: tensor("int32", ["batch"]) },
    loss: ({ logits }, { label }) => crossEntropy(logits, label),
  },
  gru: { model: recurrent("gru", gruCell), targets: { y: tensor("float32", ["batch", 2]) }, loss: forecastLoss },
  lstm: { model: recurrent("lstm", lstmCell), targets: { y: tensor("float32", ["batch", 2]) }, loss: forecastLoss },
  lfm2: {
    model: lfm2(6),
    targets: { labels: tensor("int32", ["batch", 6]) },
    loss: ({ logits }, { labels }) => crossEntropy(logits, labels),
  },
};
