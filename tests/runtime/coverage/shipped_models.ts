// The models that this project ships, in small: which operators they have does not depend on sizes.

import { bindDimensions, type Graph, type Weights } from "lib/graph/mod.ts";
import { forecaster } from "lib/models/forecaster.ts";
import { lnStages, lnStudent } from "lib/models/ln.ts";
import { linearAutoencoder } from "lib/models/linear_autoencoder.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { minilm } from "lib/models/minilm.ts";
import { pcaStudent } from "lib/models/pca_student.ts";
import { gatedShortConv, groupedQueryAttention, model, rmsNorm, swiGlu, tensor } from "lib/nn/mod.ts";
import { random } from "lib/statistics/mod.ts";

const components = { shape: [4, 8], data: Float32Array.from({ length: 32 }, (_, i) => Number(i % 9 === 0)) };
const mean = { shape: [8], data: new Float32Array(8) };
const SMALL_ENCODER = {
  ...{ vocabularySize: 50, hiddenDim: 24, layers: 2, heads: 3 },
  ...{ intermediateDim: 48, maxPositions: 16, tokenTypes: 2 },
};

const SMALL_FORECASTER = { features: 2, context: 5, horizon: 3, hiddenDim: 8, feedForwardDim: 12, heads: 2 };

/** A decoder's layer: attention with rotary positions under a mask, a short convolution, a gated feed-forward block. */
const decoderLayer = model("decoder-layer", {
  inputs: { x: tensor("float32", ["batch", "sequence", 8]), mask: tensor("float32", ["batch", "sequence"]) },
}, (scope, { x, mask }) => {
  const attended = groupedQueryAttention(scope.child("attention"), x, { heads: 4, keyValueHeads: 2, mask });
  const mixed = gatedShortConv(scope.child("conv"), rmsNorm(scope.child("norm"), attended));
  return { y: swiGlu(scope.child("feedForward"), mixed, 16) };
});

/** Graphs with fixed shapes, by name. */
export const MODELS: Record<string, () => Graph> = {
  lnsp: () => bindDimensions(lnspStudent({ studentDim: 16, inputDim: 8, latentDim: 4 }).trace(), { batch: 3 }),
  "linear autoencoder": () => bindDimensions(linearAutoencoder({ inputDim: 8, latentDim: 4 }).trace(), { batch: 3 }),
  ln: () => bindDimensions(lnStudent({ inputDim: 8, latentDim: 6 }).trace(), { batch: 3 }),
  "ln, two stages": () => bindDimensions(lnStages({ stages: 2, inputDim: 8, latentDim: 6 }).trace(), { batch: 3 }),
  "pca student": () => bindDimensions(pcaStudent({ components, mean }).trace(), { batch: 3 }),
  "pca student with a hidden layer": () =>
    bindDimensions(pcaStudent({ components, mean, hiddenDim: 5 }).trace(), { batch: 3 }),
  "decoder layer": () => bindDimensions(decoderLayer.trace(), { batch: 2, sequence: 8 }),
  forecaster: () => bindDimensions(forecaster(SMALL_FORECASTER).trace(), { batch: 2 }),
  minilm: () => bindDimensions(minilm(SMALL_ENCODER).trace(), { batch: 3, sequence: 8 }),
};

/** Random weights. */
export function weightsOf({ parameters }: Graph): Record<string, Weights[string]> {
  const stream = random(1, "coverage");
  return Object.fromEntries(parameters.map(({ source, shape }) => {
    const sizes = shape as readonly number[];
    const data = Float32Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, () => 0.3 * stream.normal());
    return [source.name, { dtype: "float32" as const, shape: sizes, data }];
  }));
}
