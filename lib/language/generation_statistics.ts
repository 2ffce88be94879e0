// Times of a generation. Only the generation's own work counts, not what is done with the text between two tokens.

import { ownMemory } from "../process/mod.ts";

/** How fast a generation was, and how much memory it took. */
export interface GenerationStatistics {
  /** Tokens of all prompts. */
  readonly promptTokens: number;
  /** Tokens generated in all rows, end tokens included. */
  readonly generatedTokens: number;
  /** Time until each row had its first token, tokenization included; null before that. */
  readonly timeToFirstTokenMs: number | null;
  /** Time for the tokens after each row's first. */
  readonly generationMs: number;
  /** Prompt tokens by the time to first token; null before that. */
  readonly promptTokensPerSecond: number | null;
  /** Tokens after each row's first by `generationMs`, all rows together; null when there are none. */
  readonly generationTokensPerSecond: number | null;
  /** Highest resident memory of the process since it started, loading included. */
  readonly peakRssBytes: number;
}

/** Gathers the times. */
export class StatisticsClock {
  #firstMs: number;
  #laterMs = 0;
  #hasFirst = false;
  #nowMs: () => number;

  /** @param spentMs time already spent on the prompt: tokenization */
  constructor({ spentMs = 0, nowMs = () => performance.now() }: { spentMs?: number; nowMs?: () => number } = {}) {
    this.#firstMs = spentMs;
    this.#nowMs = nowMs;
  }

  /** Runs work for the next token of each row and counts its time. */
  async timed<T>(work: () => Promise<T>): Promise<T> {
    const startMs = this.#nowMs();
    try {
      return await work();
    } finally {
      const ms = this.#nowMs() - startMs;
      if (this.#hasFirst) this.#laterMs += ms;
      else this.#firstMs += ms;
    }
  }

  /** The first tokens are there: what follows counts as generation. */
  first(): void {
    this.#hasFirst = true;
  }

  /** Statistics so far. */
  statistics(promptTokens: number, generated: readonly number[]): GenerationStatistics {
    const generatedTokens = generated.reduce((sum, count) => sum + count, 0);
    const later = generated.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
    return {
      promptTokens,
      generatedTokens,
      timeToFirstTokenMs: this.#hasFirst ? this.#firstMs : null,
      generationMs: this.#laterMs,
      promptTokensPerSecond: this.#hasFirst && this.#firstMs > 0 ? promptTokens / this.#firstMs * 1000 : null,
      generationTokensPerSecond: later > 0 && this.#laterMs > 0 ? later / this.#laterMs * 1000 : null,
      peakRssBytes: ownMemory().peakRssBytes,
    };
  }
}
