// What transformers computes for the small models of tests/golden/models/make_lfm2.py.

import { readFileSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";

/** A model of the golden file. */
export interface GoldenLfm2 {
  readonly config: Record<string, unknown>;
  readonly parameters: number;
  /** Four rows of unlike lengths. */
  readonly prompts: number[][];
  /** Of the last position of each prompt alone. */
  readonly logits: number[][];
  /** 64 tokens that greedy generation appends to each prompt alone, and to all as a batch. */
  readonly tokens: number[][];
  readonly batchTokens: number[][];
  /** `[positions, vocabulary]` of the first prompt. */
  readonly allLogits: number[];
  /** Of the last token after the first prompt. */
  readonly finalLogits: number[];
}

/** By name: `hub`, `untied`, `attention`. */
export const GOLDEN_LFM2: Readonly<Record<string, GoldenLfm2>> = JSON.parse(
  readFileSync(projectPath("tests", "golden", "models", "lfm2.json"), "utf8"),
);
