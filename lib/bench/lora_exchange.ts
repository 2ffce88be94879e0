// What the sides of the LoRA benchmark are told and tell: one message each way at a time.

import type { BaseFormat, LoraConfig } from "../train/mod.ts";

/** What a side trains. */
export interface LoraWork {
  /** Folder of the model. */
  folder: string;
  /** Tokens that a row reads, each with one to predict. */
  tokens: number;
  lora: LoraConfig;
  baseFormat: BaseFormat;
  provider: "cpu" | "webgpu";
  /** Inside one operator; 0: one a physical core. */
  threads: number;
}

/** What a side tells of its first updates. */
export interface LoraOpening {
  /** Of the factors, in order; the first updates begin with values that all sides compute alike. */
  names: string[];
  losses: number[];
  trainableParameters: number;
  createMs: number;
  checkedStepsMs: number;
  version?: string;
  device?: string;
}

/** What a side has held at most. */
export interface LoraMemory {
  peakRssBytes: number;
  /** On its device; null where it does not tell. */
  peakDeviceBytes: number | null;
}

/** Updates that are compared and not timed. */
export const CHECKED_UPDATES = 3;
export const LEARNING_RATE = 1e-4;
/** Bound of the factors' first values, a power of two. */
export const FACTOR_SCALE = 2 ** -8;

/** Token `i` of the row, as the peer computes it too. */
export const tokenAt = (i: number, vocabSize: number): number => (i * 7919 + 13) % vocabSize;
