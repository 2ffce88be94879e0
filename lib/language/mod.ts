// lib/language: text from a language model, and training it on texts.
// A loop over a model's caches that is the same for every model: greedy or sampled, one prompt or several, streamed as text that is
// whole characters at every moment, ended by end tokens, stop texts, lengths or a signal; with times and memory.
// fine_tuning/ reads texts as JSON Lines, lays their tokens out and trains all parameters or adapters on them, by lib/train's loop.
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
export { corpusTexts, takeEvenly } from "./corpus_texts.ts";
export {
  openTokenScorer,
  scoreTexts,
  type ScoreTextsOptions,
  type TokenScorer,
  type TokenScorerOptions,
} from "./score_texts.ts";
export {
  readTrainingTexts,
  TEXT_FORMS,
  type TextForm,
  type TrainingText,
  type TrainingTextOptions,
  type TrainingTexts,
  trainingTexts,
} from "./fine_tuning/training_texts.ts";
export { type LanguageData, languageData, type LanguageDataOptions } from "./fine_tuning/language_data.ts";
export { languageProgram } from "./fine_tuning/language_program.ts";
export {
  fineTune,
  type FineTuneOptions,
  type FineTunePrepared,
  type FineTuneResult,
  type FineTuneRun,
  type FineTuneSettings,
  type Iteration,
} from "./fine_tuning/fine_tune.ts";
export { adapterAddition } from "./fine_tuning/adapter_addition.ts";
export { type HeldOutLoss, heldOutLoss, type HeldOutOptions } from "./fine_tuning/held_out_loss.ts";
export { type MeasuredIteration, SPEED_WINDOWS, type SpeedWindow, speedWindows } from "./fine_tuning/speed_windows.ts";
export {
  type PreparedTraining,
  type PrepareOptions,
  prepareTraining,
  type TrainableModel,
  type TrainingTarget,
} from "./fine_tuning/trainable.ts";
