// The token ids of a prompt, whatever form it has.

import type { ChatMessage, LanguageTokenizer } from "../data/mod.ts";

/** What a text is generated from: a text to go on with, a conversation for the model's chat template, or token ids. */
export type Prompt = string | readonly ChatMessage[] | readonly number[] | Int32Array;

/**
 * Ids of a prompt. A text gets the special tokens that the model expects first, unless it begins with them; a conversation goes through the
 * chat template, which writes its own.
 *
 * @throws {RangeError} for an empty text
 * @throws {TypeError} for a conversation without a chat template
 */
export function promptTokens(
  prompt: Prompt,
  tokenizer: LanguageTokenizer,
  tools?: readonly unknown[],
): ArrayLike<number> {
  if (typeof prompt === "string") {
    if (prompt === "") throw new RangeError("Cannot generate: expected a prompt, got an empty text");
    const { bos_token: first } = tokenizer.specialTokens;
    return tokenizer.encode(prompt, { addSpecialTokens: first === undefined || !prompt.startsWith(first) });
  }
  if (!isConversation(prompt)) return prompt;
  if (tokenizer.chatTemplate === null) {
    throw new TypeError("Cannot generate: expected a model with a chat template for a conversation, got one without");
  }
  return tokenizer.encode(tokenizer.chatTemplate.render(prompt, { tools }));
}

function isConversation(prompt: Exclude<Prompt, string>): prompt is readonly ChatMessage[] {
  return prompt.length > 0 && typeof prompt[0] === "object";
}
