// Perplexity and bits per byte of held-out texts, with intervals that draw texts in blocks: neighbouring verses or paragraphs are alike.

import { blockBootstrap, type BlockDifference, type BlockEstimate, optimalBlockLength } from "../statistics/mod.ts";

/** What a model says of texts, one value a text in the order of the texts. */
export interface TextLikelihoods {
  /** Negative log likelihood, in nats. */
  readonly nats: Float64Array;
  /** Tokens that were predicted. */
  readonly tokens: Float64Array;
  /** Bytes of UTF-8. */
  readonly bytes: Float64Array;
}

/** Options of intervals over texts. */
export interface LikelihoodIntervalOptions {
  seed: number;
  /** Default 2000. */
  resamples?: number;
  /** Between 0 and 1. Default 0.95. */
  confidence?: number;
}

const LEAST_TEXTS = 10;

/**
 * Perplexity of a token: `exp(nats / tokens)`, both summed over all texts. Models with other tokens are not compared by it.
 *
 * @throws {RangeError | TypeError} when there are fewer than 10 texts, or lengths differ
 *
 * @example
 * ```ts
 * import { perplexity } from "lib/evaluate/mod.ts";
 * const tokens = Float64Array.from({ length: 20 }, (_, i) => 5 + i % 3);
 * const nats = tokens.map((count) => count * Math.log(8));
 * const { value, interval } = perplexity({ nats, tokens, bytes: tokens }, { seed: 1 });
 * console.log(value.toFixed(6), interval.high - interval.low < 1e-9); // 8.000000 true
 * ```
 */
export function perplexity(scores: TextLikelihoods, options: LikelihoodIntervalOptions): BlockEstimate {
  checkLikelihoods(scores, "perplexity");
  return ratioOfSums({ above: scores.nats, below: scores.tokens, of: Math.exp }, options);
}

/**
 * Bits that a model needs for a byte of text: `nats / ln 2 / bytes`, both summed over all texts. Comparable between models of any tokens.
 *
 * @throws {RangeError | TypeError} as `perplexity`
 */
export function bitsPerByte(scores: TextLikelihoods, options: LikelihoodIntervalOptions): BlockEstimate {
  checkLikelihoods(scores, "bits per byte");
  return ratioOfSums({ above: scores.nats, below: scores.bytes, of: bits }, options);
}

/**
 * By how many bits a byte `after` needs more than `before`, on the same texts, which are drawn together.
 *
 * @returns with a verdict: below zero it has learned, above it has forgotten
 * @throws {RangeError | TypeError} as `perplexity`, or when the two are of other texts
 *
 * @example
 * ```ts
 * import { bitsPerByteChange } from "lib/evaluate/mod.ts";
 * const bytes = Float64Array.from({ length: 50 }, (_, i) => 40 + i % 7);
 * const before = { nats: bytes.map((count, i) => count * (1 + i % 5 / 10)), tokens: bytes, bytes };
 * const after = { ...before, nats: before.nats.map((nats) => 0.9 * nats) };
 * console.log(bitsPerByteChange(after, before, { seed: 1 }).verdict); // lower
 * ```
 */
export function bitsPerByteChange(
  after: TextLikelihoods,
  before: TextLikelihoods,
  options: LikelihoodIntervalOptions,
): BlockDifference {
  checkLikelihoods(after, "the change of bits per byte");
  checkLikelihoods(before, "the change of bits per byte");
  if (after.bytes.length !== before.bytes.length || after.bytes.some((count, i) => count !== before.bytes[i])) {
    throw new TypeError("Cannot compare likelihoods: expected the same texts before and after, got others");
  }
  const more = after.nats.map((nats, i) => nats - before.nats[i]);
  const estimate = ratioOfSums({ above: more, below: after.bytes, of: bits }, options);
  const { low, high } = estimate.interval;
  return { ...estimate, verdict: low > 0 ? "higher" : high < 0 ? "lower" : "no difference shown" };
}

const bits = (nats: number) => nats / Math.LN2;

/** `of(sum above / sum below)`; texts are drawn with both their values. */
function ratioOfSums(
  { above, below, of }: { above: Float64Array; below: Float64Array; of: (ratio: number) => number },
  { resamples = 2000, ...options }: LikelihoodIntervalOptions,
): BlockEstimate {
  const ratioAt = (texts: Float64Array) => {
    let [numerator, denominator] = [0, 0];
    for (const i of texts) {
      numerator += above[i];
      denominator += below[i];
    }
    return numerator / denominator;
  };
  const all = Float64Array.from(above, (_, i) => i);
  const ratio = ratioAt(all);
  // To first order the ratio is a mean of these, and blocks have to be long enough for it.
  const influences = above.map((value, i) => value - ratio * below[i]);
  const largest = above.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const varies = influences.some((value) => Math.abs(value - influences[0]) > 1e-12 * largest);
  const blockLength = varies ? Math.min(above.length, Math.max(1, optimalBlockLength(influences).stationary)) : 1;
  return blockBootstrap(all, { ...options, resamples, blockLength, statistic: (texts) => of(ratioAt(texts)) });
}

function checkLikelihoods({ nats, tokens, bytes }: TextLikelihoods, what: string): void {
  if (nats.length < LEAST_TEXTS) {
    throw new RangeError(`Cannot compute ${what}: expected at least ${LEAST_TEXTS} texts, got ${nats.length}`);
  }
  if (tokens.length !== nats.length || bytes.length !== nats.length) {
    throw new TypeError(
      `Cannot compute ${what}: expected ${nats.length} numbers of tokens and bytes, got ${tokens.length} and ${bytes.length}`,
    );
  }
  const wrong = nats.findIndex((value, i) => !Number.isFinite(value) || !(tokens[i] >= 1) || !(bytes[i] >= 1));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot compute ${what}: expected finite nats and at least one token and byte, got ${nats[wrong]} nats of ` +
        `${tokens[wrong]} tokens and ${bytes[wrong]} bytes in text ${wrong}`,
    );
  }
}
