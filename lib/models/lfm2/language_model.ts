// What a loop that generates text knows of a language model: sequences that take tokens and give logits. Types only.

import type { ProviderName } from "../../runtime/mod.ts";
import type { Lfm2Config } from "./config.ts";

/**
 * How weights are held in memory. `int8` and `int4` keep the matrices, the table of embeddings included, in blocks of 32
 * integers with a float32 scale each; everything else stays in float32.
 */
export type WeightFormat = "float32" | "float16" | "int8" | "int4";

/** A model that is open. Its calls block the JavaScript thread while they compute, and one runs at a time. */
export interface LanguageModel {
  readonly config: Lfm2Config;
  readonly weights: WeightFormat;
  readonly provider: ProviderName;
  /** Parameters of the model, whatever they are held in. */
  readonly parameterCount: number;
  /** Bytes of all parameters as they are held. */
  readonly weightBytes: number;
  /**
   * Bytes of parameters that one step reads: all of them, but of a table of embeddings that is not also the output projection only
   * the rows of its tokens.
   */
  readonly bytesPerStep: number;
  /**
   * Begins `batchSize` sequences that are fed together.
   *
   * @throws {RangeError} when batchSize is not an integer from 1
   */
  start(batchSize: number): Sequence;
  /** Frees the weights; sequences that were begun cannot be fed any more. */
  release(): Promise<void>;
}

/** Options of a call of `feed`. */
export interface FeedOptions {
  /** Stops between two parts of a long prompt, which the sequence cannot go on from. */
  signal?: AbortSignal;
  /** Positions computed so far and in all, after each part of a long prompt. */
  onProgress?: (done: number, total: number) => void;
}

/** Sequences in progress: the caches of all layers, one row a sequence. */
export interface Sequence {
  readonly batchSize: number;
  /** Positions of the longest row so far; at most `config.contextLength`. */
  readonly length: number;
  /** Bytes of the caches now. */
  readonly cacheBytes: number;
  /**
   * Computes the next positions of each row and keeps them.
   *
   * The first call takes prompts of any lengths from 1: shorter rows are padded in front, which changes no result. Later calls take rows of
   * one length, for a loop a token each. Long prompts are computed in parts.
   *
   * @param tokenIds a row for each sequence, of ids in [0, vocabSize)
   * @returns logits of the token after the last one of each row, float32 `[batch, vocabSize]`; a new array at each call
   * @throws {RangeError} for another number of rows, an empty row, a token id outside the vocabulary, rows of unlike lengths after the first
   *   call, or more positions than the context has; nothing is fed then
   * @throws {Error} after `release`
   * @throws the signal's reason when it is aborted
   */
  feed(tokenIds: readonly ArrayLike<number>[], options?: FeedOptions): Promise<Float32Array>;
  /** Frees the caches. */
  release(): void;
}
