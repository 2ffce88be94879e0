// Attention: BERT's multi-head attention under a padding mask, and LFM2's causal grouped-query attention with rotary positions.
// Products of two computed tensors are MatMul throughout, since CoreML takes Gemm with constant weights only.

import {
  add,
  and,
  concat,
  constant,
  describe,
  type Dim,
  greater,
  greaterOrEqual,
  lessOrEqual,
  matMul,
  mul,
  reduceMax,
  reshape,
  slice,
  softmax,
  squeeze,
  type Tensor,
  transpose,
  unsqueeze,
  where,
} from "../graph/mod.ts";
import { lastDim, layerNorm, linear, rmsNorm } from "./layers.ts";
import type { Scope } from "./model.ts";
import { expectSequence, rotary, type RotaryAngles, rotaryBy, sequencePositions } from "./positions.ts";

/** In place of scores that a mask hides: its exponential is 0 beside any other score, and float16 can hold it. */
const HIDDEN_SCORE = -30000;

function headWidth(width: number, heads: number, layer: string): number {
  if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0) {
    throw new RangeError(`Cannot apply ${layer}: expected a number of heads that divides ${width}, got ${heads}`);
  }
  return width / heads;
}

/** softmax(q k') v over the last two dimensions; `allowed` (bool, broadcasting) says which scores count. */
function attend(
  queries: Tensor,
  keysAcross: Tensor,
  { values, allowed, onProbabilities = (p) => p }: {
    values: Tensor;
    allowed: Tensor | null;
    onProbabilities?: (probabilities: Tensor) => Tensor;
  },
): Tensor {
  const scores = matMul(queries, keysAcross);
  const probabilities = softmax(allowed ? where(allowed, scores, HIDDEN_SCORE) : scores);
  return matMul(onProbabilities(probabilities), values);
}

/** Options of {@link multiHeadAttention}. */
export interface MultiHeadOptions {
  /** Number of heads; they divide the width. */
  heads: number;
  /** What asks, `[batch, asking, width]`. Default: x itself. */
  queries?: Tensor;
  /** Whether keys have a bias, as in BERT: a softmax does not see it, so that it never learns. Default true. */
  keyBias?: boolean;
  /** `[batch, sequence]`, above 0 where a position may be attended to. */
  mask?: Tensor | null;
  /** What to do with the probabilities `[batch, heads, asking, sequence]`, such as dropout. */
  onProbabilities?: (probabilities: Tensor) => Tensor;
}

/**
 * Multi-head attention with biases (Vaswani et al. 2017), its parameters named as in BERT's `attention.self`: `query`, `key`,
 * `value`.
 *
 * @param x `[batch, sequence, width]`, what is attended to; batch and sequence may be names
 * @returns `[batch, asking, width]`, x's shape unless others ask: the heads side by side, before any output projection
 */
export function multiHeadAttention(
  scope: Scope,
  x: Tensor,
  { heads, queries = x, keyBias = true, mask = null, onProbabilities }: MultiHeadOptions,
): Tensor {
  for (const tensor of [x, queries]) expectSequence(tensor, "multiHeadAttention");
  const width = lastDim(x, "multiHeadAttention");
  const headDim = headWidth(width, heads, "multiHeadAttention");
  const [batch, asking] = queries.shape;
  const inHeads = (projected: Tensor, order: readonly number[]) =>
    transpose(reshape(projected, [batch, projected.shape[1], heads, headDim]), order);
  const asked = inHeads(linear(scope.child("query"), queries, width), [0, 2, 1, 3]);
  const keysAcross = inHeads(linear(scope.child("key"), x, width, { bias: keyBias }), [0, 2, 3, 1]);
  const values = inHeads(linear(scope.child("value"), x, width), [0, 2, 1, 3]);
  const allowed = mask && unsqueeze(greater(mask, 0), [1, 2]);
  const mixed = attend(mul(asked, 1 / Math.sqrt(headDim)), keysAcross, { values, allowed, onProbabilities });
  return reshape(transpose(mixed, [0, 2, 1, 3]), [batch, asking, width]);
}

/**
 * BERT's attention block: attention over itself, output projection, residual, LayerNorm; parameters under `self` and `output`.
 *
 * @param x `[batch, sequence, width]`
 * @returns the same shape
 */
export function bertAttention(
  scope: Scope,
  x: Tensor,
  { epsilon = 1e-12, ...options }: Omit<MultiHeadOptions, "queries"> & { epsilon?: number },
): Tensor {
  const mixed = multiHeadAttention(scope.child("self"), x, options);
  const output = scope.child("output");
  const projected = linear(output.child("dense"), mixed, lastDim(x, "bertAttention"));
  return layerNorm(output.child("LayerNorm"), add(projected, x), { epsilon });
}

/** Options of {@link groupedQueryAttention}. */
export interface GroupedQueryOptions {
  /** Heads of the queries; they divide the width unless headDim is given. */
  heads: number;
  /** Heads of keys and values, each shared by `heads / keyValueHeads` query heads. */
  keyValueHeads: number;
  /** Width of a head. Default: width / heads. */
  headDim?: number;
  /** Base of the rotary wavelengths. */
  theta?: number;
  /** Of the normalisation of queries and keys; null leaves it out. */
  normEpsilon?: number | null;
  /** `[batch or 1, sequence]`. Default: 0, 1, 2, ... */
  positions?: Tensor;
  /** In place of those of positions and theta. */
  angles?: RotaryAngles | null;
  /** `[batch, sequence]`, above 0 where a position may be attended to; with a cache, `[batch, past+sequence]`. */
  mask?: Tensor | null;
  /**
   * Positions of all keys, those of a cache first: `[batch, past+sequence]`, negative where nothing may be attended to. With them
   * a key is seen by queries of its own position and later ones, and `mask` is left out. Default: the order of their slots.
   */
  keyPositions?: Tensor | null;
  /** The first position that each query sees, `[batch, sequence]`: where several texts share a row. Default: all before it. */
  starts?: Tensor | null;
}

/** Keys (rotated) and values of positions that were seen, each `[batch, keyValueHeads, past, headDim]`. */
export interface KeyValueCache {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/**
 * Causal grouped-query attention (Ainslie et al. 2023) with rotary positions and normalised queries and keys, its parameters
 * named as in LFM2: `q_proj`, `k_proj`, `v_proj`, `out_proj`, `q_layernorm`, `k_layernorm`; no biases.
 *
 * @param x `[batch, sequence, width]`; batch and sequence may be names
 * @returns the same shape
 */
export function groupedQueryAttention(scope: Scope, x: Tensor, options: GroupedQueryOptions): Tensor {
  return cachedGroupedQueryAttention(scope, x, options).output;
}

/**
 * `groupedQueryAttention` of the positions after those in a cache, for models that generate step by step: the cache is an input
 * of such a model and the longer one an output. Its positions default to those after the cache.
 *
 * @param x `[batch, sequence, width]`, often a sequence of 1
 * @param options cache: null for the first positions of a sequence, since there are no tensors of size 0
 * @returns the output `[batch, sequence, width]`, and the cache with these positions, `[batch, keyValueHeads, past+sequence, headDim]`
 */
export function cachedGroupedQueryAttention(
  scope: Scope,
  x: Tensor,
  { cache = null, ...options }: GroupedQueryOptions & { cache?: KeyValueCache | null },
): { output: Tensor; cache: KeyValueCache } {
  expectSequence(x, "groupedQueryAttention");
  const { heads, keyValueHeads, theta = 10000, normEpsilon = 1e-5, mask = null, keyPositions = null, angles = null } =
    options;
  const { starts = null } = options;
  const [batch, sequence] = x.shape;
  const width = lastDim(x, "groupedQueryAttention");
  const headDim = options.headDim ?? headWidth(width, heads, "groupedQueryAttention");
  const groups = headWidth(heads, keyValueHeads, "groupedQueryAttention");
  if (cache) expectCache(cache, [batch, keyValueHeads, headDim]);
  const slots = cache && !keyPositions ? add(pastLength(cache), sequencePositions(x)) : null;
  const positions = options.positions ?? slots ?? sequencePositions(x);
  // Queries [batch, keyValueHeads, groups, sequence, headDim]; keys and values the same with one group.
  const project = (name: string, perHead: number) =>
    reshape(linear(scope.child(`${name}_proj`), x, keyValueHeads * perHead * headDim, { bias: false }), [
      batch,
      sequence,
      keyValueHeads,
      perHead,
      headDim,
    ]);
  const placed = (name: string, perHead: number) => {
    const projected = project(name, perHead);
    const normal = normEpsilon === null
      ? projected
      : rmsNorm(scope.child(`${name}_layernorm`), projected, { epsilon: normEpsilon });
    const heads = transpose(normal, [0, 2, 3, 1, 4]);
    return angles ? rotaryBy(heads, angles) : rotary(heads, { positions, theta });
  };
  const queries = mul(placed("q", groups), 1 / Math.sqrt(headDim));
  const own = { keys: placed("k", 1), values: transpose(project("v", 1), [0, 2, 3, 1, 4]) };
  const kept = {
    keys: cache ? concat([cache.keys, squeeze(own.keys, [2])], 2) : squeeze(own.keys, [2]),
    values: cache ? concat([cache.values, squeeze(own.values, [2])], 2) : squeeze(own.values, [2]),
  };
  const seen = cache ? { keys: unsqueeze(kept.keys, [2]), values: unsqueeze(kept.values, [2]) } : own;
  const keysAcross = transpose(seen.keys, [0, 1, 2, 4, 3]);
  const { values } = seen;
  // With a cache, order is that of its slots, whatever positions the queries are given.
  const keyOrder = keyPositions ?? (slots ? cachePositions(kept) : positions);
  const usable = keyPositions ? greaterOrEqual(keyPositions, 0) : mask && greater(mask, 0);
  const causal = visible(keyOrder, slots ?? positions, usable);
  const allowed = starts ? and(causal, sinceStart(keyOrder, starts)) : causal;
  const mixed = reshape(transpose(attend(queries, keysAcross, { values, allowed }), [0, 3, 1, 2, 4]), [
    batch,
    sequence,
    heads * headDim,
  ]);
  return { output: linear(scope.child("out_proj"), mixed, width, { bias: false }), cache: kept };
}

/** Which scores count, `[batch, 1, 1, sequence, past+sequence]`: those of usable keys whose order is not above the query's. */
function visible(keyOrder: Tensor, queryOrder: Tensor, usable: Tensor | null): Tensor {
  const causal = unsqueeze(lessOrEqual(unsqueeze(keyOrder, [1]), unsqueeze(queryOrder, [2])), [1, 2]);
  return usable ? and(causal, unsqueeze(usable, [1, 2, 3])) : causal;
}

/** Which keys are not before each query's start, `[batch, 1, 1, sequence, past+sequence]`. */
function sinceStart(keyOrder: Tensor, starts: Tensor): Tensor {
  return unsqueeze(greaterOrEqual(unsqueeze(keyOrder, [1]), unsqueeze(starts, [2])), [1, 2]);
}

function expectCache({ keys, values }: KeyValueCache, [batch, heads, width]: readonly Dim[]): void {
  for (const part of [keys, values]) {
    const [rows, ofHeads, past, ofWidth] = part.shape;
    if (part.shape.length === 4 && rows === batch && ofHeads === heads && ofWidth === width && past === keys.shape[2]) {
      continue;
    }
    const expected = `[${batch}, ${heads}, past, ${width}]`;
    throw new TypeError(
      `Cannot apply groupedQueryAttention: expected keys and values ${expected}, got ${describe(part)}`,
    );
  }
}

/** Slots 0, 1, 2, ... of a cache, `[batch, past]`. */
function cachePositions({ keys }: KeyValueCache): Tensor {
  return sequencePositions(squeeze(slice(keys, { axis: 1, start: 0, end: 1 }), [1]));
}

/** How many slots a cache has, `[batch, 1]` or a constant. */
function pastLength(cache: KeyValueCache): Tensor {
  const past = cache.keys.shape[2];
  if (typeof past === "number") return constant([past], { shape: [1, 1] });
  return add(reduceMax(cachePositions(cache), { axes: [1], keepDims: true }), 1);
}
