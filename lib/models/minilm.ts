// The teacher: all-MiniLM-L6-v2 (Wang et al. 2020, MiniLM; Reimers & Gurevych 2019, sentence embeddings), a BERT encoder whose
// last layer is averaged over the tokens of a text and scaled to norm 1.

import { add, cast, constant, div, gelu, mul, reduceSum, sqrt, type Tensor, unsqueeze } from "../graph/mod.ts";
import {
  bertAttention,
  embedding,
  layerNorm,
  linear,
  type Model,
  model,
  type Scope,
  sequencePositions,
  tensor,
} from "../nn/mod.ts";

/** Sizes of a BERT encoder; the defaults are those of all-MiniLM-L6-v2. */
export interface MinilmConfig {
  /** Rows of the table of words. Default 30522. */
  vocabularySize?: number;
  /** Width of a token's vector and of the embedding. Default 384. */
  hiddenDim?: number;
  /** Default 6. */
  layers?: number;
  /** Heads of each attention, dividing hiddenDim. Default 12. */
  heads?: number;
  /** Width between the two products of a layer. Default 1536. */
  intermediateDim?: number;
  /** Longest sequence that has position vectors. Default 512. */
  maxPositions?: number;
  /** Kinds of tokens; all texts use kind 0. Default 2. */
  tokenTypes?: number;
}

/** Sizes of all-MiniLM-L6-v2. */
export const MINILM: Required<MinilmConfig> = {
  vocabularySize: 30522,
  hiddenDim: 384,
  layers: 6,
  heads: 12,
  intermediateDim: 1536,
  maxPositions: 512,
  tokenTypes: 2,
};

const EPSILON = 1e-12;

function checkSizes(sizes: Required<MinilmConfig>): Required<MinilmConfig> {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(`Cannot build minilm: expected ${name} to be an integer of at least 1, got ${size}`);
    }
  }
  return sizes;
}

/** Sum of word, position and kind vectors, normalised: `[batch, sequence, hiddenDim]`. */
function embeddings(scope: Scope, ids: Tensor, sizes: Required<MinilmConfig>): Tensor {
  const { vocabularySize, hiddenDim: width, maxPositions, tokenTypes } = sizes;
  const words = embedding(scope.child("word_embeddings"), ids, { count: vocabularySize, width });
  const kinds = embedding(scope.child("token_type_embeddings"), constant([0], { dtype: "int64" }), {
    count: tokenTypes,
    width,
  });
  const places = embedding(scope.child("position_embeddings"), cast(sequencePositions(words), "int32"), {
    count: maxPositions,
    width,
  });
  return layerNorm(scope.child("LayerNorm"), add(add(words, kinds), places), { epsilon: EPSILON });
}

/** One layer of the encoder: attention, then two products with GELU between, each with a residual and a normalisation. */
function encoderLayer(
  scope: Scope,
  x: Tensor,
  { mask, heads, intermediateDim, hiddenDim }: {
    mask: Tensor;
    heads: number;
    intermediateDim: number;
    hiddenDim: number;
  },
): Tensor {
  const attended = bertAttention(scope.child("attention"), x, { heads, mask, epsilon: EPSILON });
  const inner = gelu(linear(scope.child("intermediate").child("dense"), attended, intermediateDim));
  const output = scope.child("output");
  const projected = linear(output.child("dense"), inner, hiddenDim);
  return layerNorm(output.child("LayerNorm"), add(projected, attended), { epsilon: EPSILON });
}

/** Mean over the positions where `mask` is 1, scaled to norm 1: `[batch, width]`. */
function meanDirection(hidden: Tensor, mask: Tensor): Tensor {
  // The mean's divisor falls out when the length is made 1.
  const sum = reduceSum(mul(hidden, unsqueeze(mask, [2])), { axes: [1] });
  const norm = sqrt(add(reduceSum(mul(sum, sum), { axes: [1], keepDims: true }), EPSILON ** 2));
  return div(sum, norm);
}

/**
 * The encoder as a model.
 *
 * Inputs: `ids int32 [batch, sequence]` in [0, vocabularySize), `mask float32 [batch, sequence]`, 1 for tokens and 0 for padding
 * after them. Outputs: `embedding [batch, hiddenDim]`, rows of norm 1. Parameters have the names of transformers' `BertModel`.
 *
 * @throws {RangeError} for sizes that are no integers of at least 1
 *
 * @example
 * ```ts
 * import { parameterCount } from "lib/graph/mod.ts";
 * import { minilm, minilmParameterCount } from "lib/models/minilm.ts";
 * if (parameterCount(minilm().trace()) !== 22_565_376) throw new Error("22.6 million parameters");
 * if (minilmParameterCount() !== 22_565_376) throw new Error("so says the formula");
 * ```
 */
export function minilm(config: MinilmConfig = {}): Model {
  const sizes = checkSizes({ ...MINILM, ...config });
  const { layers, heads, intermediateDim, hiddenDim } = sizes;
  const inputs = {
    ids: tensor("int32", ["batch", "sequence"]),
    mask: tensor("float32", ["batch", "sequence"]),
  };
  return model("minilm", { inputs }, (scope, { ids, mask }) => {
    let hidden = embeddings(scope.child("embeddings"), ids, sizes);
    const layer = scope.child("encoder").child("layer");
    for (let i = 0; i < layers; i++) {
      hidden = encoderLayer(layer.child(String(i)), hidden, { mask, heads, intermediateDim, hiddenDim });
    }
    return { embedding: meanDirection(hidden, mask) };
  });
}

/**
 * Parameters of the encoder: `(V + P + K) H + 2 H + N (4 H^2 + 2 H I + 9 H + I)` for V words, P positions, K kinds, width H, N layers and
 * inner width I. (The 22,713,216 often quoted count the `H^2 + H` of a pooling layer that sentence embeddings do not use.)
 */
export function minilmParameterCount(config: MinilmConfig = {}): number {
  const { vocabularySize, hiddenDim: h, layers, intermediateDim: i, maxPositions, tokenTypes } = {
    ...MINILM,
    ...config,
  };
  return (vocabularySize + maxPositions + tokenTypes) * h + 2 * h + layers * (4 * h * h + 2 * h * i + 9 * h + i);
}
