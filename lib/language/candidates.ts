// The tokens that may come next, with their weights: the filters that sampling applies to logits, in the order of transformers.
// llama.cpp applies temperature last and MLX after top-p and min-p; with a temperature below 1, theirs keep more tokens.

/** Tokens that may be drawn. */
export interface Candidates {
  /** Ids, ascending. */
  readonly tokens: Int32Array;
  /** exp(score - highest score) of each token, in (0, 1]: divided by their sum, the probabilities. */
  readonly weights: Float64Array;
}

/** The filters; see `SamplingOptions`. */
export interface Filters {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
}

/**
 * Tokens that the filters keep; at least one.
 *
 * @param logits [vocabulary]
 * @param filters with a temperature above 0
 * @param seen [vocabulary], not 0 for tokens of the text so far
 * @throws {RangeError} when a logit is NaN or none is finite
 *
 * @example
 * ```ts
 * import { tokenCandidates } from "lib/language/mod.ts";
 * const filters = { temperature: 1, topK: Infinity, topP: 1, minP: 0.2, repetitionPenalty: 1 };
 * const { tokens } = tokenCandidates(Float32Array.of(2, 1, -3), filters, new Uint8Array(3));
 * console.log([...tokens]); // [0, 1]: exp(-5) is below 0.2
 * ```
 */
export function tokenCandidates(logits: Float32Array, filters: Filters, seen: Uint8Array): Candidates {
  const { temperature, topK, topP, minP } = filters;
  const scores = penalizedScores(logits, filters, seen);
  const highest = highestOf(scores);
  let lowest = -Infinity;
  if (topK < scores.length) lowest = kthHighest(scores, topK);
  const tokens = new Int32Array(scores.length);
  const weights = new Float64Array(scores.length);
  let kept = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] < lowest || scores[i] === -Infinity) continue;
    tokens[kept] = i;
    // The division comes after the difference: with a small temperature, scores themselves would overflow.
    weights[kept++] = Math.exp((scores[i] - highest) / temperature);
  }
  const all = { tokens: tokens.subarray(0, kept), weights: weights.subarray(0, kept) };
  const likely = topP < 1 ? reaching(all, topP) : all;
  return minP > 0 ? filtered(likely, (weight) => weight >= minP) : likely;
}

/** Logits under the repetition penalty, before the temperature. */
function penalizedScores(logits: Float32Array, { repetitionPenalty }: Filters, seen: Uint8Array): Float64Array {
  const scores = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i];
    if (logit !== logit) throw notANumber(i);
    scores[i] = seen[i] === 0 || repetitionPenalty === 1 ? logit : penalized(logit, repetitionPenalty);
  }
  return scores;
}

function highestOf(scores: Float64Array): number {
  let highest = -Infinity;
  for (let i = 0; i < scores.length; i++) if (scores[i] > highest) highest = scores[i];
  if (Number.isFinite(highest)) return highest;
  throw new RangeError(`Cannot generate: expected a finite highest logit, got ${highest}`);
}

function kthHighest(scores: Float64Array, k: number): number {
  return scores.slice().sort()[scores.length - k];
}

function filtered({ tokens, weights }: Candidates, keeps: (weight: number, index: number) => boolean): Candidates {
  const indices = Array.from(weights.keys()).filter((i) => keeps(weights[i], i));
  return {
    tokens: Int32Array.from(indices, (i) => tokens[i]),
    weights: Float64Array.from(indices, (i) => weights[i]),
  };
}

/** A logit under the repetition penalty, in float32 as the peers have it. */
export function penalized(logit: number, penalty: number): number {
  return Math.fround(logit < 0 ? logit * penalty : logit / penalty);
}

/** What is wrong when a model computes NaN. */
export function notANumber(token: number): RangeError {
  return new RangeError(`Cannot generate: expected logits that are numbers, got NaN for token ${token}`);
}

/** The likeliest tokens, so many that their share of the sum reaches `share`. */
function reaching(all: Candidates, share: number): Candidates {
  const { weights } = all;
  let total = 0;
  for (const weight of weights) total += weight;
  // Sorting a whole vocabulary would take longer than all else: the few tokens above a threshold mostly reach the share.
  for (let threshold = 2 ** -6;; threshold = threshold < 1e-30 ? 0 : threshold * 2 ** -8) {
    const indices = Array.from(weights.keys()).filter((i) => weights[i] >= threshold);
    indices.sort((a, b) => weights[b] - weights[a] || a - b);
    let sum = 0;
    for (let count = 0; count < indices.length; count++) {
      if (sum >= share * total) {
        const chosen = new Set(indices.slice(0, count));
        return filtered(all, (_, i) => chosen.has(i));
      }
      sum += weights[indices[count]];
    }
    if (threshold === 0) return all;
  }
}
