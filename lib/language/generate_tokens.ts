// Generation on tokens alone, for benchmarks and tests, and for models without a tokenizer.

import { completeLimits, type FinishReason, type GenerationLimits } from "./generation_options.ts";
import type { GenerationStatistics } from "./generation_statistics.ts";
import type { CausalModel } from "./language_model.ts";
import { completeSampling, type SamplingOptions } from "./sampling.ts";
import { TokenStream } from "./token_stream.ts";

/** Options of `generateTokens`. */
export interface TokenOptions extends SamplingOptions, GenerationLimits {}

/** What `generateTokens` gives. */
export interface GeneratedTokens {
  /** For each prompt its new tokens, an end token included. */
  readonly tokens: readonly (readonly number[])[];
  readonly finish: readonly FinishReason[];
  readonly statistics: GenerationStatistics;
}

/**
 * Continues prompts of tokens, several at a time in one batch.
 *
 * @param prompts ids in [0, vocabSize), for each row at least one and fewer than the context
 * @throws {RangeError} for a prompt that the model cannot continue, an option out of its range, or logits that are no numbers
 *
 * @example A model of four tokens that counts up, and ends after 3
 * ```ts
 * import { type CausalModel, generateTokens } from "lib/language/mod.ts";
 * const model: CausalModel = {
 *   config: { vocabSize: 4, contextLength: 16, eosTokenIds: [3], padTokenId: 0 },
 *   start: () => ({
 *     feed: (rows) => {
 *       const logits = new Float32Array(rows.length * 4);
 *       rows.forEach((row, i) => logits[i * 4 + (row[row.length - 1] + 1) % 4] = 1);
 *       return Promise.resolve(logits);
 *     },
 *     release: () => {},
 *   }),
 * };
 * const { tokens, finish } = await generateTokens(model, [[0], [2, 1]]);
 * if (tokens.join(" ") !== "1,2,3 2,3" || finish[0] !== "endToken") throw new Error("counts up to 3");
 * ```
 */
export async function generateTokens(
  model: CausalModel,
  prompts: readonly ArrayLike<number>[],
  options: TokenOptions = {},
): Promise<GeneratedTokens> {
  const stream = new TokenStream(model, prompts, {
    sampling: completeSampling(options),
    limits: completeLimits(options, model.config),
  });
  try {
    while (await stream.next() !== null);
    return {
      tokens: stream.rows.map(({ tokens }) => tokens),
      finish: stream.rows.map(({ finish }) => finish!),
      statistics: stream.statistics(),
    };
  } finally {
    stream.release();
  }
}
