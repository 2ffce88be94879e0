// LFM2 (Liquid AI 2025) as a graph: gated short convolutions and grouped-query attention, a feed-forward block after each, one table of
// embeddings at both ends. Parameters have the names of transformers' `Lfm2ForCausalLM`.

import {
  add,
  addDims,
  constant,
  type Dim,
  gather,
  gemm,
  type Graph,
  greaterOrEqual,
  matMul,
  type Tensor,
  transpose,
} from "../../graph/mod.ts";
import {
  cachedGatedShortConv,
  cachedGroupedQueryAttention,
  type Model,
  model,
  rmsNorm,
  type RotaryAngles,
  type Scope,
  swiGlu,
  tensor,
  type TensorSpec,
} from "../../nn/mod.ts";
import type { Lfm2Config } from "./config.ts";

/** Which form of the model is built. */
export interface Lfm2Options {
  /**
   * Whether caches are inputs and outputs, for texts that are continued; else every sequence begins at its first position, for
   * training. Default true.
   */
  cached?: boolean;
  /** Logits of the last position alone, `[batch, vocabSize]`, or of all, `[batch, sequence, vocabSize]`. Default `last`. */
  logits?: "last" | "all";
  /**
   * Whether several texts may share a row: a further input `starts` int32 `[batch, sequence]` holds the position where each place's own
   * text begins, and nothing before it is seen. Without caches. Default false.
   */
  packed?: boolean;
}

/** A cache of one layer: an input of the graph, and the output that is fed at the next step. */
export interface Lfm2Cache {
  readonly kind: "conv" | "key" | "value";
  readonly input: string;
  readonly output: string;
  /** `[batch, convWidth - 1, hiddenSize]`, or `[batch, keyValueHeadCount, past, headDim]` and as output `[.., past+sequence, ..]`. */
  readonly shape: readonly Dim[];
}

/** The caches of all layers, in their order. */
export function lfm2Caches(config: Lfm2Config): Lfm2Cache[] {
  const { hiddenSize, convWidth, keyValueHeadCount, headDim } = config;
  const cache = (kind: Lfm2Cache["kind"], layer: number, rest: readonly Dim[]): Lfm2Cache => ({
    kind,
    input: `past.${layer}.${kind}`,
    output: `present.${layer}.${kind}`,
    shape: ["batch", ...rest],
  });
  return config.layers.flatMap((kind, i) => {
    if (kind === "conv") return [cache("conv", i, [convWidth - 1, hiddenSize])];
    const heads = [keyValueHeadCount, "past", headDim];
    return [cache("key", i, heads), cache("value", i, heads)];
  });
}

/**
 * The model.
 *
 * Inputs: `token_ids` int32 `[batch, sequence]`; `positions` int32 `[batch, sequence]`, -1 where a row is padded. With caches also
 * `key_positions` int32 `[batch, past+sequence]`, those of the cache's slots and of `positions`, -1 where there is nothing,
 * `cosines` and `sines` float32 `[batch, sequence, headDim / 2]` of the positions' rotary angles (see `rotaryAngles`), and the caches;
 * `past` is at least 1, since there are no tensors of size 0: a cache begins with one slot that holds nothing. Packed, `starts`: see the options.
 * Outputs: `logits`, and every cache anew.
 *
 * @example
 * ```ts
 * import { LFM2_1_2B, readLfm2Config } from "lib/models/lfm2/config.ts";
 * import { lfm2 } from "lib/models/lfm2/model.ts";
 * import { parameterCount } from "lib/graph/mod.ts";
 * const graph = lfm2(readLfm2Config(LFM2_1_2B)).trace(); // nothing is allocated
 * if (parameterCount(graph) !== 1_170_340_608) throw new Error("1.2 billion parameters");
 * ```
 */
export function lfm2(config: Lfm2Config, { cached = true, logits = "last", packed = false }: Lfm2Options = {}): Model {
  if (cached && packed) throw new TypeError("Cannot build lfm2: expected packed rows without caches, got cached");
  const caches = cached ? lfm2Caches(config) : [];
  const inputs: Record<string, TensorSpec> = {
    token_ids: tensor("int32", ["batch", "sequence"]),
    positions: tensor("int32", ["batch", "sequence"]),
    ...(packed && { starts: tensor("int32", ["batch", "sequence"]) }),
    ...(cached && {
      key_positions: tensor("int32", ["batch", addDims(["past", "sequence"])]),
      cosines: tensor("float32", ["batch", "sequence", config.headDim / 2]),
      sines: tensor("float32", ["batch", "sequence", config.headDim / 2]),
    }),
    ...Object.fromEntries(caches.map((cache) => [cache.input, tensor("float32", cache.shape)])),
  };
  return model("lfm2", { inputs }, (scope, given) => {
    const root = scope.child("model");
    const table = embeddingTable(root.child("embed_tokens"), config);
    const places: Places = {
      positions: given.positions,
      keyPositions: given.key_positions ?? given.positions,
      angles: cached ? { cosines: given.cosines, sines: given.sines } : null,
      real: greaterOrEqual(given.positions, 0),
      starts: given.starts ?? null,
    };
    let hidden = gather(table, given.token_ids);
    const kept: Record<string, Tensor> = {};
    config.layers.forEach((kind, i) => {
      const own = (part: Lfm2Cache["kind"]): Tensor | null => given[`past.${i}.${part}`] ?? null;
      const { output, caches } = decoderLayer(root.child("layers").child(String(i)), hidden, {
        config,
        kind,
        places,
        own,
      });
      hidden = output;
      for (const [part, tensor] of Object.entries(caches)) kept[`present.${i}.${part}`] = tensor;
    });
    const head = config.tieEmbeddings ? table : embeddingTable(scope.child("lm_head"), config);
    return {
      logits: project(rmsNorm(root.child("embedding_norm"), last(hidden, logits), epsilonOf(config)), head),
      ...kept,
    };
  });
}

/** The graph of {@link lfm2}. */
export function lfm2Graph(config: Lfm2Config, options: Lfm2Options = {}): Graph {
  return lfm2(config, options).trace();
}

interface Places {
  positions: Tensor;
  keyPositions: Tensor;
  /** Fed with caches, else computed of positions. */
  angles: RotaryAngles | null;
  real: Tensor;
  /** Of packed rows. */
  starts: Tensor | null;
}

const epsilonOf = ({ normEpsilon }: Lfm2Config) => ({ epsilon: normEpsilon });

function embeddingTable(scope: Scope, { vocabSize, hiddenSize }: Lfm2Config): Tensor {
  return scope.parameter("weight", [vocabSize, hiddenSize], {
    initializer: { kind: "normal", mean: 0, standardDeviation: 0.02 },
  });
}

/** Convolution or attention, then the feed-forward block, each on what its norm gives and added to what came in. */
function decoderLayer(
  scope: Scope,
  x: Tensor,
  { config, kind, places, own }: {
    config: Lfm2Config;
    kind: Lfm2Config["layers"][number];
    places: Places;
    own: (part: Lfm2Cache["kind"]) => Tensor | null;
  },
): { output: Tensor; caches: Record<string, Tensor> } {
  const normal = rmsNorm(scope.child("operator_norm"), x, epsilonOf(config));
  const { mixed, caches } = kind === "conv"
    ? convolved(scope.child("conv"), normal, { config, places, state: own("conv") })
    : attended(scope.child("self_attn"), normal, { config, places, keys: own("key"), values: own("value") });
  const between = add(x, mixed);
  const inner = rmsNorm(scope.child("ffn_norm"), between, epsilonOf(config));
  return { output: add(between, swiGlu(scope.child("feed_forward"), inner, config.feedForwardSize)), caches };
}

function convolved(
  scope: Scope,
  x: Tensor,
  { config, places: { positions, starts, real }, state }: { config: Lfm2Config; places: Places; state: Tensor | null },
): { mixed: Tensor; caches: Record<string, Tensor> } {
  const result = cachedGatedShortConv(scope, x, {
    kernel: config.convWidth,
    real,
    state,
    places: starts && { positions, starts },
  });
  return { mixed: result.output, caches: result.state ? { conv: result.state } : {} };
}

function attended(
  scope: Scope,
  x: Tensor,
  { config, places, keys, values }: {
    config: Lfm2Config;
    places: Places;
    keys: Tensor | null;
    values: Tensor | null;
  },
): { mixed: Tensor; caches: Record<string, Tensor> } {
  const { output, cache } = cachedGroupedQueryAttention(scope, x, {
    heads: config.headCount,
    keyValueHeads: config.keyValueHeadCount,
    headDim: config.headDim,
    theta: config.ropeTheta,
    normEpsilon: config.normEpsilon,
    positions: places.positions,
    keyPositions: places.keyPositions,
    starts: places.starts,
    angles: places.angles,
    cache: keys && values && { keys, values },
  });
  return { mixed: output, caches: keys ? { key: cache.keys, value: cache.values } : {} };
}

/** The last position of each row, which padding in front leaves in its place: `[batch, hiddenSize]`. */
function last(hidden: Tensor, logits: "last" | "all"): Tensor {
  return logits === "all" ? hidden : gather(hidden, constant(-1, { dtype: "int64" }), 1);
}

function project(hidden: Tensor, head: Tensor): Tensor {
  return hidden.shape.length === 2 ? gemm(hidden, head, null, { transB: true }) : matMul(hidden, transpose(head));
}

/**
 * Cosines and sines of rotary angles, `[..., headDim / 2]` for positions `[...]`. Frequencies and angles are rounded to float32, as
 * transformers has them.
 */
export function rotaryAngles(
  positions: Int32Array,
  { headDim, ropeTheta }: Pick<Lfm2Config, "headDim" | "ropeTheta">,
): { cosines: Float32Array; sines: Float32Array } {
  const half = headDim / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => 1 / ropeTheta ** (2 * i / headDim));
  const cosines = new Float32Array(positions.length * half);
  const sines = new Float32Array(positions.length * half);
  for (let k = 0; k < cosines.length; k++) {
    const angle = Math.fround(positions[Math.floor(k / half)] * frequencies[k % half]);
    cosines[k] = Math.cos(angle);
    sines[k] = Math.sin(angle);
  }
  return { cosines, sines };
}
