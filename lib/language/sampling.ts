// How the next token is chosen from the logits of one row.

import { type Random, random } from "../statistics/mod.ts";
import { notANumber, penalized, tokenCandidates } from "./candidates.ts";

/** How the next token is chosen. Filters apply in the order of transformers: penalty, temperature, top-k, top-p, min-p. */
export interface SamplingOptions {
  /** Divides the logits; 0 takes the likeliest token. At least 0. Default 0. */
  temperature?: number;
  /** Keeps the k likeliest tokens, and those that tie with the last of them. An integer from 1. Default: all. */
  topK?: number;
  /** Keeps the likeliest tokens whose probabilities reach this sum (Holtzman et al. 2020). In (0, 1]. Default 1: all. */
  topP?: number;
  /** Keeps tokens at least this likely relative to the likeliest (Nguyen et al. 2024). In [0, 1]. Default 0: all. */
  minP?: number;
  /** Divides positive and multiplies negative logits of tokens of the prompt and of the text so far (Keskar et al. 2019). Above 0. Default 1: none. */
  repetitionPenalty?: number;
  /** The same seed gives the same text; row i of a batch has its own numbers. A finite number or a text. Default 0. */
  seed?: number | string;
}

/** The likeliest token each time. */
export const GREEDY: SamplingOptions = { temperature: 0 };

/** What the model card of LFM2-1.2B recommends. */
export const LFM2_SAMPLING: SamplingOptions = { temperature: 0.3, minP: 0.15, repetitionPenalty: 1.05 };

/** Options with nothing left open. */
export type CompleteSampling = Required<SamplingOptions>;

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} for a value out of its range, naming it
 */
export function completeSampling(options: SamplingOptions): CompleteSampling {
  const { temperature = 0, topK = Infinity, topP = 1, minP = 0, repetitionPenalty = 1, seed = 0 } = options;
  check("temperature", temperature, "a finite number of at least 0", temperature >= 0 && temperature < Infinity);
  check("topK", topK, "an integer of at least 1", topK === Infinity || Number.isInteger(topK) && topK >= 1);
  check("topP", topP, "a number above 0 and at most 1", topP > 0 && topP <= 1);
  check("minP", minP, "a number from 0 to 1", minP >= 0 && minP <= 1);
  const penalty = repetitionPenalty;
  check("repetitionPenalty", penalty, "a finite number above 0", penalty > 0 && penalty < Infinity);
  check("seed", seed, "a finite number or a text", typeof seed === "string" || Number.isFinite(seed));
  return { temperature, topK, topP, minP, repetitionPenalty, seed };
}

function check(name: string, value: unknown, expected: string, isFine: boolean): void {
  if (!isFine) throw new RangeError(`Cannot sample: expected ${name} to be ${expected}, got ${value}`);
}

/** Chooses the tokens of one row. */
export class Sampler {
  #options: CompleteSampling;
  /** 1 for each token of the prompt and the text so far. */
  #seen: Uint8Array;
  #random: Random;

  constructor(options: CompleteSampling, { vocabularySize, row }: { vocabularySize: number; row: number }) {
    this.#options = options;
    this.#seen = new Uint8Array(vocabularySize);
    this.#random = random(options.seed, "generate", row);
  }

  /** Tells of tokens that stand in the text. */
  see(tokens: ArrayLike<number>): void {
    for (let i = 0; i < tokens.length; i++) this.#seen[tokens[i]] = 1;
  }

  /**
   * The next token.
   *
   * @param logits [vocabulary]
   * @throws {RangeError} when a logit is NaN or none is finite
   */
  next(logits: Float32Array): number {
    const { temperature, repetitionPenalty } = this.#options;
    const token = temperature === 0
      ? likeliest(logits, repetitionPenalty, this.#seen)
      : drawn(tokenCandidates(logits, this.#options, this.#seen), this.#random.next());
    this.#seen[token] = 1;
    return token;
  }
}

/** The first token with the highest logit. */
function likeliest(logits: Float32Array, penalty: number, seen: Uint8Array): number {
  let best = -1;
  let highest = -Infinity;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i];
    const value = penalty === 1 || seen[i] === 0 ? logit : penalized(logit, penalty);
    if (value > highest) {
      highest = value;
      best = i;
    } else if (value !== value) throw notANumber(i);
  }
  if (best === -1) throw new RangeError("Cannot generate: expected a finite logit, got none");
  return best;
}

function drawn({ tokens, weights }: { tokens: Int32Array; weights: Float64Array }, uniform: number): number {
  let total = 0;
  for (const weight of weights) total += weight;
  let left = uniform * total;
  for (let i = 0; i < tokens.length; i++) {
    left -= weights[i];
    if (left < 0) return tokens[i];
  }
  // Rounding can leave a rest: the last token that can be drawn.
  let last = tokens.length - 1;
  while (last > 0 && weights[last] === 0) last--;
  return tokens[last];
}
