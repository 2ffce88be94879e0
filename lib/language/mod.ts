// lib/language: text from a language model.
// A loop over a model's caches that is the same for every model: greedy or sampled, one prompt or several, streamed as text that is
// whole characters at every moment, ended by end tokens, stop texts, lengths or a signal; with times and memory.
// Models are in lib/models, tokenizers and chat templates in lib/data; the command is lib/cli/lm.ts.

export type { CausalModel, CausalSequence } from "./language_model.ts";
export { GREEDY, LFM2_SAMPLING, type SamplingOptions } from "./sampling.ts";
export { type Candidates, tokenCandidates } from "./candidates.ts";
export type { FinishReason, GenerationLimits } from "./generation_options.ts";
export type { GenerationStatistics } from "./generation_statistics.ts";
export { type GeneratedTokens, generateTokens, type TokenOptions } from "./generate_tokens.ts";
export {
  type GeneratedText,
  type GenerateOptions,
  generateText,
  generateTexts,
  type TextGeneration,
  type TextPiece,
  type TextsGeneration,
} from "./generate_text.ts";
export type { Prompt } from "./prompt.ts";
export { readEndTokens } from "./end_tokens.ts";
export { StopTexts } from "./stop_texts.ts";
export { TextDecoding } from "./text_decoding.ts";
export { corpusTexts } from "./corpus_texts.ts";
export {
  openTokenScorer,
  scoreTexts,
  type ScoreTextsOptions,
  type TokenScorer,
  type TokenScorerOptions,
} from "./score_texts.ts";
