// Text from prompts: tokenized, generated, decoded and cut at stop texts, piece by piece.

import type { LanguageTokenizer } from "../data/mod.ts";
import { completeLimits, type FinishReason, type GenerationLimits } from "./generation_options.ts";
import type { GenerationStatistics } from "./generation_statistics.ts";
import type { CausalModel } from "./language_model.ts";
import { type Prompt, promptTokens } from "./prompt.ts";
import { completeSampling, type SamplingOptions } from "./sampling.ts";
import { StopTexts } from "./stop_texts.ts";
import { TextDecoding } from "./text_decoding.ts";
import { type StreamRow, TokenStream } from "./token_stream.ts";

/** Options of `generateText`. */
export interface GenerateOptions extends SamplingOptions, GenerationLimits {
  /** Texts that end the generation and are left out of it, wherever token borders fall. */
  stop?: readonly string[];
  /** Tools of the chat template, for prompts that are conversations. */
  tools?: readonly unknown[];
  /** Prompt tokens computed so far and in all. */
  onPrompt?: (done: number, total: number) => void;
}

/** One answer. */
export interface GeneratedText {
  /** Without end token and stop text. */
  readonly text: string;
  /** All tokens generated, an end token included. */
  readonly tokens: readonly number[];
  readonly promptTokens: number;
  readonly finish: FinishReason;
}

/** A piece of one row's text: whole characters, never empty. */
export interface TextPiece {
  readonly row: number;
  readonly text: string;
}

/** Texts under way. They are generated while somebody iterates or waits for the result, and iterated once. */
export interface TextsGeneration extends AsyncIterable<TextPiece> {
  /** Goes on to the end, and gives all that was generated. */
  result(): Promise<{ texts: readonly GeneratedText[]; statistics: GenerationStatistics }>;
}

/** A text under way; iterating gives its pieces. */
export interface TextGeneration extends AsyncIterable<string> {
  /** Goes on to the end, and gives all that was generated. */
  result(): Promise<GeneratedText & { statistics: GenerationStatistics }>;
}

/**
 * Generates one text.
 *
 * ```
 * for await (const piece of generateText(model, tokenizer, "Once upon", { maxTokens: 64, signal })) write(piece);
 * ```
 *
 * An aborted signal ends it between two tokens without an error, its `finish` is then "aborted"; so does leaving the loop.
 *
 * @throws {RangeError} when iterated or waited for: an empty prompt or one that fills the context, a token outside the vocabulary, an
 *   option out of its range
 * @throws {TypeError} likewise: a conversation for a model without a chat template
 *
 * @example A model of the letters of "hello", with a tokenizer for them
 * ```ts
 * import { type CausalModel, generateText } from "lib/language/mod.ts";
 * const letters = [..."helo."];
 * const next = [1, 2, 3, 4, 4]; // h e l o .
 * const tokenizer = {
 *   vocabularySize: 5,
 *   specialTokens: {},
 *   chatTemplate: null,
 *   tokenId: (token: string) => letters.indexOf(token),
 *   isSpecial: () => false,
 *   encode: (text: string) => [...text].map((letter) => letters.indexOf(letter)),
 *   decode: (ids: readonly number[]) => ids.map((id) => letters[id]).join(""),
 * };
 * const model: CausalModel = {
 *   config: { vocabSize: 5, contextLength: 16, eosTokenIds: [], padTokenId: null },
 *   start: () => ({
 *     feed: ([row]) => Promise.resolve(Float32Array.from(letters, (_, i) => i === next[row[row.length - 1]] ? 1 : 0)),
 *     release: () => {},
 *   }),
 * };
 * const pieces: string[] = [];
 * for await (const piece of generateText(model, tokenizer, "h", { maxTokens: 8, stop: ["."] })) pieces.push(piece);
 * if (pieces.join("|") !== "e|l|o") throw new Error("a letter at a time, up to the stop");
 * ```
 */
export function generateText(
  model: CausalModel,
  tokenizer: LanguageTokenizer,
  prompt: Prompt,
  options: GenerateOptions = {},
): TextGeneration {
  const texts = generateTexts(model, tokenizer, [prompt], options);
  return {
    async *[Symbol.asyncIterator]() {
      for await (const { text } of texts) yield text;
    },
    async result() {
      const { texts: [text], statistics } = await texts.result();
      return { ...text, statistics };
    },
  };
}

/**
 * Generates a text for each prompt, all in one batch; pieces come in the order in which they are generated.
 *
 * @throws as `generateText`
 */
export function generateTexts(
  model: CausalModel,
  tokenizer: LanguageTokenizer,
  prompts: readonly Prompt[],
  options: GenerateOptions = {},
): TextsGeneration {
  return new Generation(model, tokenizer, prompts, options);
}

/** Text of one row. */
class RowText {
  text = "";
  #decoding: TextDecoding;
  #stops: StopTexts;

  constructor(tokenizer: LanguageTokenizer, stop: readonly string[]) {
    this.#decoding = new TextDecoding(tokenizer);
    this.#stops = new StopTexts(stop);
  }

  get isStopped(): boolean {
    return this.#stops.found !== null;
  }

  push(token: number): string {
    return this.#add(this.#stops.push(this.#decoding.push(token)));
  }

  end(): string {
    return this.#add(this.#stops.push(this.#decoding.end()) + this.#stops.end());
  }

  #add(piece: string): string {
    this.text += piece;
    return piece;
  }
}

class Generation implements TextsGeneration {
  #start: () => { stream: TokenStream; rows: RowText[] };
  #endTokens = new Set<number>();
  #started: { stream: TokenStream; rows: RowText[] } | null = null;
  #pieces: AsyncGenerator<TextPiece>;

  constructor(
    model: CausalModel,
    tokenizer: LanguageTokenizer,
    prompts: readonly Prompt[],
    { stop = [], tools, onPrompt, ...options }: GenerateOptions,
  ) {
    this.#start = () => {
      const startMs = performance.now();
      const limits = completeLimits(options, model.config);
      this.#endTokens = new Set(limits.endTokens);
      const tokens = prompts.map((prompt) => promptTokens(prompt, tokenizer, tools));
      const sampling = completeSampling(options);
      const spentMs = performance.now() - startMs;
      const rows = prompts.map(() => new RowText(tokenizer, stop));
      return { stream: new TokenStream(model, tokens, { sampling, limits, onPrompt, spentMs }), rows };
    };
    this.#pieces = this.#run();
  }

  [Symbol.asyncIterator](): AsyncIterator<TextPiece> {
    return this.#pieces;
  }

  async result(): Promise<{ texts: readonly GeneratedText[]; statistics: GenerationStatistics }> {
    for await (const _ of this.#pieces);
    if (this.#started === null) throw new Error("Cannot give a result: the generation was left before it began");
    const { stream, rows } = this.#started;
    return {
      texts: stream.rows.map(({ promptTokens, tokens, finish }, i) => ({
        text: rows[i].text,
        tokens,
        promptTokens,
        finish: finish!,
      })),
      statistics: stream.statistics(),
    };
  }

  async *#run(): AsyncGenerator<TextPiece> {
    const { stream, rows } = this.#started = this.#start();
    try {
      for (let added = await stream.next(); added !== null; added = await stream.next()) {
        for (const { row, token } of added) {
          const text = this.#textOf(rows[row], stream.rows[row], token);
          if (text !== "") yield { row, text };
        }
      }
      // Rows that a signal ended still hold back what might have become a character or a stop text.
      for (const [row, { finish }] of stream.rows.entries()) {
        const text = finish === "aborted" ? rows[row].end() : "";
        if (text !== "") yield { row, text };
      }
    } finally {
      stream.release();
    }
  }

  /** Text that a token adds to its row; a stop text ends the row. */
  #textOf(text: RowText, row: StreamRow, token: number): string {
    // An end token may be one that has a text: it is not part of the answer.
    let piece = this.#endTokens.has(token) ? "" : text.push(token);
    if (row.finish !== null && !text.isStopped) piece += text.end();
    if (text.isStopped) row.finish = "stopText";
    return piece;
  }
}
