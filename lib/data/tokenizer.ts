// Text to token ids by a tokenizer.json of Hugging Face: whole texts, cut at a number of tokens, with the cut stated.

import type { Tokenizer } from "@huggingface/tokenizers";
import { sha256Hex } from "../process/mod.ts";

/** Ids of one text. */
export interface EncodedText {
  /** With the tokens that the tokenizer puts first and last, at most `maxTokens`. */
  readonly ids: readonly number[];
  /** Tokens of the whole text, with the first and last ones. */
  readonly tokens: number;
  /** Whether tokens were cut off. */
  readonly truncated: boolean;
}

/** Splits texts into tokens of a fixed vocabulary. */
export interface TextTokenizer {
  readonly vocabularySize: number;
  /** SHA-256 over all tokens in the order of their ids, a line feed after each: what a `vocab.txt` has. */
  readonly vocabularySha256: string;
  /**
   * Ids of a text; an empty one has the first and last tokens only.
   *
   * @param maxTokens of the result, at least 2; the end of the text is cut off, the last token stays
   */
  encode(text: string, maxTokens: number): EncodedText;
}

/**
 * A tokenizer from the text of a `tokenizer.json`. Truncation and padding that the file asks for are left out: both are the
 * caller's.
 *
 * @param label how errors name the source
 * @throws {TypeError} when it is no such file
 */
export async function parseTokenizer(json: string, label = "tokenizer.json"): Promise<TextTokenizer> {
  const { Tokenizer } = await import("@huggingface/tokenizers");
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(JSON.parse(json), {});
    if (!tokenizer.model) throw new TypeError("it has no model");
  } catch (error) {
    throw new TypeError(`Cannot read ${label}: expected a tokenizer.json, got ${(error as Error).message}`);
  }
  const vocabulary = [...tokenizer.get_vocab()].sort(([, a], [, b]) => a - b).map(([token]) => token);
  return {
    vocabularySize: vocabulary.length,
    vocabularySha256: sha256Hex(vocabulary.map((token) => `${token}\n`).join("")),
    encode: (text, maxTokens) => cut(tokenizer.encode(text).ids, maxTokens),
  };
}

function cut(ids: readonly number[], maxTokens: number): EncodedText {
  if (!Number.isInteger(maxTokens) || maxTokens < 2) {
    throw new RangeError(`Cannot tokenize: expected maxTokens to be an integer of at least 2, got ${maxTokens}`);
  }
  const truncated = ids.length > maxTokens;
  return {
    ids: truncated ? [...ids.slice(0, maxTokens - 1), ids[ids.length - 1]] : ids,
    tokens: ids.length,
    truncated,
  };
}
