// What generation asks of a model: rows of tokens in, logits of each row's next token out, with the state kept between calls.
// `LanguageModel` of lib/models/lfm2 is one; so is anything of this form.

/** A model that gives the logits of the token after a sequence. */
export interface CausalModel {
  readonly config: {
    /** Values of a row of logits, at least the tokens of its tokenizer. */
    readonly vocabSize: number;
    /** Most tokens of a sequence, prompt and answer together. */
    readonly contextLength: number;
    /** Tokens that end a text; may be empty. */
    readonly eosTokenIds: readonly number[];
    /** Fed to rows that have ended while others go on. */
    readonly padTokenId: number | null;
  };
  /** Begins `batchSize` sequences that are fed together. */
  start(batchSize: number): CausalSequence;
}

/** Sequences in progress. */
export interface CausalSequence {
  /**
   * Appends tokens to each row: prompts of any lengths in the first call, later one each.
   *
   * @returns logits of the token after the last one of each row, `[batch, vocabSize]`
   * @throws the signal's reason when it is aborted
   */
  feed(
    tokenIds: readonly ArrayLike<number>[],
    options?: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void },
  ): Promise<Float32Array>;
  release(): void;
}
