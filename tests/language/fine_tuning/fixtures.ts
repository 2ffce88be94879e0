// A tiny LFM2 with bytes as tokens, texts for it, and what must not depend on interruptions.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LanguageTokenizer } from "lib/data/mod.ts";
import {
  type FineTuneOptions,
  type FineTuneResult,
  type Iteration,
  type LanguageData,
  languageData,
  type LanguageDataOptions,
  type TrainingText,
  type TrainingTexts,
  trainingTexts,
} from "lib/language/mod.ts";
import { readLfm2Config } from "lib/models/lfm2/config.ts";
import { adam } from "lib/train/mod.ts";
import { byteTokenizer } from "../made_models.ts";
import { ruleWeights } from "tests/models/lfm2/rule_weights.ts";
import { lfm2Graph } from "lib/models/lfm2/model.ts";

/** Bytes, a token to begin (256) and one to end (257) a text. */
export const TOKENIZER: LanguageTokenizer = byteTokenizer();

/** `config.json` of a model of about 13,000 parameters: a convolution, then an attention. */
export const TINY = {
  model_type: "lfm2",
  vocab_size: 260,
  hidden_size: 16,
  block_ff_dim: 32,
  block_multiple_of: 16,
  num_hidden_layers: 3,
  full_attn_idxs: [1, 2],
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 64,
  bos_token_id: 256,
  eos_token_id: 257,
  pad_token_id: 258,
};
export const TINY_CONFIG = readLfm2Config(TINY);

export const LORA = { rank: 2, alpha: 4, dropout: 0, lastLayers: 2, targetModules: ["q_proj", "v_proj"] };

/** Values of the tiny model by a rule. */
export function tinyWeights() {
  return Object.fromEntries(
    lfm2Graph(TINY_CONFIG).parameters.map(({ source: { name }, shape }) => {
      const sizes = shape as number[];
      return [name, { dtype: "float32" as const, shape: sizes, data: ruleWeights(name, sizes) }];
    }),
  );
}

export const SENTENCES = [
  "a worm",
  "the worm turns in the soil",
  "soil",
  "an apple a day",
  "the day is long and the worm is not",
  "apples",
  "long days",
  "in the soil the apple",
  "turn, turn",
  "not a day",
];

/** Texts by hand: nothing is held out of `train`. */
export function textsOf(train: readonly string[], validation: readonly string[]): TrainingTexts {
  const lines = (part: readonly string[], name: string) =>
    part.map((text, i): TrainingText => ({ messages: null, text, place: `${name} ${i + 1}` }));
  return {
    form: "text",
    train: lines(train, "train"),
    validation: lines(validation, "validation"),
    test: [],
    isHeldOut: false,
  };
}

export function tinyData(options: LanguageDataOptions = {}): LanguageData {
  return languageData(trainingTexts(SENTENCES, { heldOut: 0.2 }), TOKENIZER, {
    maxLength: 48,
    multiple: 8,
    ...options,
  });
}

/** A run of the tiny model from scratch. */
export function tinyRun(changes: Partial<FineTuneOptions> = {}, settings: Partial<FineTuneOptions["settings"]> = {}) {
  return {
    model: { config: TINY_CONFIG, weights: null },
    data: tinyData(),
    ...changes,
    settings: {
      ...{ iterations: 12, validateEvery: 5, threads: 1, seed: 3 },
      optimizer: adam({ learningRate: 5e-3 }),
      ...settings,
    },
  } satisfies FineTuneOptions;
}

/** Everything but times, memory and folders. */
export function reproducible(
  { iterations, windows: _w, peakRssBytes: _p, checkpoint: _c, adapter, ...rest }: FineTuneResult,
) {
  const untimed = ({ seconds: _s, rssBytes: _r, peakRssBytes: _p, ...iteration }: Iteration) => iteration;
  return { ...rest, factors: adapter?.factors ?? null, iterations: iterations.map(untimed) };
}

/** A folder with files, removed afterwards. */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-texts-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
