// What bounds a generation, and why it ended.

/**
 * Why a row ended: the model ended it, a stop text came, it has as many tokens as asked for, the context is full, or the signal was
 * aborted.
 */
export type FinishReason = "endToken" | "stopText" | "maxTokens" | "context" | "aborted";

/** Bounds of a generation. */
export interface GenerationLimits {
  /** Most tokens that a row gets, at least 1. Default: as many as the context holds. */
  maxTokens?: number;
  /** Tokens that end a row. Default: the model's `eosTokenIds`. */
  endTokens?: readonly number[];
  /** Ends the generation between two tokens, without an error; what was generated stays. */
  signal?: AbortSignal;
}

/** Limits with nothing left open. */
export interface CompleteLimits {
  readonly maxTokens: number;
  readonly endTokens: ReadonlySet<number>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} for a value out of its range, naming it
 */
export function completeLimits(
  { maxTokens = Infinity, endTokens, signal }: GenerationLimits,
  config: { vocabSize: number; eosTokenIds: readonly number[] },
): CompleteLimits {
  if (!(maxTokens === Infinity || Number.isInteger(maxTokens) && maxTokens >= 1)) {
    throw new RangeError(`Cannot generate: expected maxTokens to be an integer of at least 1, got ${maxTokens}`);
  }
  for (const token of endTokens ?? []) {
    if (isToken(token, config.vocabSize)) continue;
    throw new RangeError(`Cannot generate: expected end tokens below ${config.vocabSize}, got ${token}`);
  }
  return { maxTokens, endTokens: new Set(endTokens ?? config.eosTokenIds), signal };
}

/** Whether a number is an id of the vocabulary. */
export function isToken(id: number, vocabSize: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < vocabSize;
}

/**
 * Refuses prompts that a model cannot continue.
 *
 * @throws {RangeError} for no prompts, an empty one, one that fills the context, or an id outside the vocabulary
 */
export function checkPrompts(
  prompts: readonly ArrayLike<number>[],
  { vocabSize, contextLength }: { vocabSize: number; contextLength: number },
): void {
  if (prompts.length === 0) throw new RangeError("Cannot generate: expected at least one prompt, got none");
  prompts.forEach((prompt, row) => {
    const which = prompts.length > 1 ? ` in prompt ${row}` : "";
    if (prompt.length === 0) {
      throw new RangeError(`Cannot generate: expected at least one token${which}, got an empty prompt`);
    }
    if (prompt.length >= contextLength) {
      throw new RangeError(
        `Cannot generate: expected fewer tokens than the model's context of ${contextLength}${which}, got ${prompt.length}`,
      );
    }
    for (let i = 0; i < prompt.length; i++) {
      if (isToken(prompt[i], vocabSize)) continue;
      throw new RangeError(
        `Cannot generate: expected token ids from 0 to ${vocabSize - 1}${which}, got ${prompt[i]} at position ${i}`,
      );
    }
  });
}
