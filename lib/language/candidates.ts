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
  let lowest = topK < scores.length ? kthHighest(scores, { k: topK, highest }) : -Infinity;
  // Of most tokens, min-p needs no weight: their scores are too far below. Top-p needs the sum of all weights.
  if (topP === 1 && minP > 0) lowest = Math.max(lowest, highest + temperature * (Math.log(minP) - 1e-6));
  const tokens = new Int32Array(scores.length);
  const weights = new Float64Array(scores.length);
  let kept = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] < lowest || scores[i] === -Infinity) continue;
    // The division comes after the difference: with a small temperature, scores themselves would overflow.
    const weight = Math.exp((scores[i] - highest) / temperature);
    if (topP === 1 && weight < minP) continue;
    tokens[kept] = i;
    weights[kept++] = weight;
  }
  const all = { tokens: tokens.subarray(0, kept), weights: weights.subarray(0, kept) };
  return topP < 1 ? likeliest(all, { share: topP, minP }) : all;
}

/** Logits under the repetition penalty, before the temperature. */
function penalizedScores(logits: Float32Array, { repetitionPenalty }: Filters, seen: Uint8Array): Float32Array {
  if (repetitionPenalty === 1) return logits;
  const scores = logits.slice();
  for (let i = 0; i < scores.length; i++) if (seen[i] !== 0) scores[i] = penalized(scores[i], repetitionPenalty);
  return scores;
}

function highestOf(scores: Float32Array): number {
  let highest = -Infinity;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] > highest) highest = scores[i];
    else if (scores[i] !== scores[i]) throw notANumber(i);
  }
  if (Number.isFinite(highest)) return highest;
  throw new RangeError(`Cannot generate: expected a finite highest logit, got ${highest}`);
}

/** The k-th highest score. Only scores near the highest are sorted, as many as it takes. */
function kthHighest(scores: Float32Array, { k, highest }: { k: number; highest: number }): number {
  for (let width = 4;; width *= 2) {
    const near = scores.filter((score) => score >= highest - width);
    if (near.length >= k) return near.sort()[near.length - k];
    if (width === Infinity) return -Infinity;
  }
}

/** A logit under the repetition penalty, in float32 as the peers have it. */
export function penalized(logit: number, penalty: number): number {
  return Math.fround(logit < 0 ? logit * penalty : logit / penalty);
}

/** What is wrong when a model computes NaN. */
export function notANumber(token: number): RangeError {
  return new RangeError(`Cannot generate: expected logits that are numbers, got NaN for token ${token}`);
}

/** The likeliest tokens, so many that their share of the sum reaches `share`, and of them those with a weight of at least `minP`. */
function likeliest({ tokens, weights }: Candidates, { share, minP }: { share: number; minP: number }): Candidates {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i];
  const chosen = reaching(weights, share * total).filter((i) => weights[i] >= minP).sort((a, b) => a - b);
  return { tokens: Int32Array.from(chosen, (i) => tokens[i]), weights: Float64Array.from(chosen, (i) => weights[i]) };
}

/** Places of the highest weights that together reach a sum; of equal ones the first. */
function reaching(weights: Float64Array, enough: number): number[] {
  // Sorting a whole vocabulary would take longer than all else: the few tokens above a threshold mostly reach the sum.
  for (let threshold = 2 ** -6;; threshold = threshold < 1e-30 ? 0 : threshold * 2 ** -4) {
    const near: number[] = [];
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] < threshold) continue;
      near.push(i);
      sum += weights[i];
    }
    if (sum < enough && threshold > 0) continue;
    near.sort((a, b) => weights[b] - weights[a] || a - b);
    let count = 0;
    for (let reached = 0; count < near.length && reached < enough; count++) reached += weights[near[count]];
    return near.slice(0, count);
  }
}
