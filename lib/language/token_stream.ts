// The loop of generation: the prompts in one call, then a token of each row at a time, until every row has ended.

import { setImmediate } from "node:timers/promises";
import { checkPrompts, type CompleteLimits, type FinishReason } from "./generation_options.ts";
import { type GenerationStatistics, StatisticsClock } from "./generation_statistics.ts";
import type { CausalModel, CausalSequence } from "./language_model.ts";
import { type CompleteSampling, Sampler } from "./sampling.ts";

/** A row under way. */
export interface StreamRow {
  readonly promptTokens: number;
  /** Tokens generated so far, an end token included. */
  readonly tokens: number[];
  /** Why the row has ended; null while it goes on. */
  finish: FinishReason | null;
}

/** A token that a row has got. */
export interface NewToken {
  readonly row: number;
  readonly token: number;
}

/** How a stream runs. */
export interface StreamOptions {
  readonly sampling: CompleteSampling;
  readonly limits: CompleteLimits;
  /** Prompt tokens computed so far and in all. */
  readonly onPrompt?: (done: number, total: number) => void;
  /** Time spent on the prompts before. */
  readonly spentMs?: number;
}

/** Rows that get their tokens one after the other. Release it in the end. */
export class TokenStream {
  readonly rows: readonly StreamRow[];
  #model: CausalModel;
  #prompts: readonly ArrayLike<number>[];
  #options: StreamOptions;
  #samplers: Sampler[];
  /** Rows are padded to it: all of them fill the context at once. */
  #longestPrompt: number;
  #clock: StatisticsClock;
  #sequence: CausalSequence | null = null;
  #released = false;

  /** @throws {RangeError} for prompts that the model cannot continue */
  constructor(model: CausalModel, prompts: readonly ArrayLike<number>[], options: StreamOptions) {
    checkPrompts(prompts, model.config);
    this.#model = model;
    this.#prompts = prompts;
    this.#options = options;
    this.#clock = new StatisticsClock({ spentMs: options.spentMs });
    this.#longestPrompt = Math.max(...prompts.map(({ length }) => length));
    this.rows = prompts.map(({ length }) => ({ promptTokens: length, tokens: [], finish: null }));
    this.#samplers = prompts.map((prompt, row) => {
      const sampler = new Sampler(options.sampling, { vocabularySize: model.config.vocabSize, row });
      sampler.see(prompt);
      return sampler;
    });
  }

  /**
   * The next token of each row that goes on; null when all rows have ended.
   *
   * A caller may end rows by setting their `finish`.
   */
  async next(): Promise<NewToken[] | null> {
    if (this.#released || this.rows.every(({ finish }) => finish !== null)) return null;
    // A model's call blocks this thread: without a turn of the event loop, Ctrl-C would be heard at the end.
    await setImmediate();
    if (this.#options.limits.signal?.aborted) return this.#abort();
    try {
      const added = await this.#clock.timed(() => this.#step());
      this.#clock.first();
      return added;
    } catch (error) {
      if (this.#options.limits.signal?.aborted) return this.#abort();
      throw error;
    }
  }

  statistics(): GenerationStatistics {
    const promptTokens = this.rows.reduce((sum, row) => sum + row.promptTokens, 0);
    return this.#clock.statistics(promptTokens, this.rows.map(({ tokens }) => tokens.length));
  }

  /** Frees the caches; rows that go on end as "aborted". */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#abort();
    this.#sequence?.release();
  }

  #abort(): null {
    for (const row of this.rows) row.finish ??= "aborted";
    return null;
  }

  async #step(): Promise<NewToken[]> {
    const logits = await this.#feed();
    const { vocabSize } = this.#model.config;
    if (logits.length !== this.rows.length * vocabSize) {
      throw new RangeError(
        `Cannot generate: expected logits [${this.rows.length}, ${vocabSize}], got ${logits.length} values`,
      );
    }
    const added: NewToken[] = [];
    this.rows.forEach((row, index) => {
      if (row.finish !== null) return;
      const token = this.#samplers[index].next(logits.subarray(index * vocabSize, (index + 1) * vocabSize));
      row.tokens.push(token);
      row.finish = this.#finishOf(row, token);
      added.push({ row: index, token });
    });
    return added;
  }

  #feed(): Promise<Float32Array> {
    const { limits: { signal }, onPrompt } = this.#options;
    if (this.#sequence === null) {
      this.#sequence = this.#model.start(this.rows.length);
      return this.#sequence.feed(this.#prompts, { signal, onProgress: onPrompt });
    }
    const pad = this.#model.config.padTokenId ?? 0;
    return this.#sequence.feed(
      this.rows.map(({ finish, tokens }) => [finish === null ? tokens[tokens.length - 1] : pad]),
    );
  }

  #finishOf({ tokens }: StreamRow, token: number): FinishReason | null {
    const { endTokens, maxTokens } = this.#options.limits;
    if (endTokens.has(token)) return "endToken";
    if (tokens.length >= maxTokens) return "maxTokens";
    return this.#longestPrompt + tokens.length >= this.#model.config.contextLength ? "context" : null;
  }
}
