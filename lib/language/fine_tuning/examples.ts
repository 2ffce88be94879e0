// Tokens of training texts, and which of them are learned.

import type { LanguageTokenizer } from "../../data/mod.ts";
import type { TrainingText } from "./training_texts.ts";

/** The tokens of a text. */
export interface Example {
  readonly tokens: readonly number[];
  /** Tokens at the beginning whose prediction is not learned, such as a masked prompt's. */
  readonly masked: number;
  /** Where the text stands. */
  readonly place: string;
}

/** Options of {@link tokenizeTexts}. */
export interface ExampleOptions {
  /** Most tokens of a text; at most the model's context. */
  maxLength: number;
  /** What happens to longer texts: an error that names the first, or their end is cut off. Default `refuse`. */
  longTexts?: "refuse" | "cut";
  /** Learn only the last message of a conversation, not what comes before it. Default false. */
  maskPrompt?: boolean;
}

/**
 * Tokenizes as mlx-lm does: a conversation through the chat template; a text with the special tokens that the model expects first, and its
 * end token last.
 *
 * @throws {RangeError} naming file and line: a text longer than `maxLength`, or with nothing to learn
 * @throws {TypeError} for conversations without a chat template, for prompts to mask in plain texts
 */
export function tokenizeTexts(
  texts: readonly TrainingText[],
  tokenizer: LanguageTokenizer,
  options: ExampleOptions,
): Example[] {
  return texts.map((text) => checked(tokenize(text, tokenizer, options.maskPrompt ?? false), options));
}

function tokenize(text: TrainingText, tokenizer: LanguageTokenizer, maskPrompt: boolean): Example {
  if (text.messages !== null) return conversation({ ...text, messages: text.messages }, tokenizer, maskPrompt);
  if (maskPrompt) {
    throw new TypeError(`Cannot mask the prompt of ${text.place}: expected a conversation or a completion, got a text`);
  }
  const { bos_token: first, eos_token: last } = tokenizer.specialTokens;
  const content = text.text ?? "";
  const tokens = tokenizer.encode(content, { addSpecialTokens: first === undefined || !content.startsWith(first) });
  const end = last === undefined ? null : tokenizer.tokenId(last);
  const isEnded = end === null || tokens.at(-1) === end;
  return { tokens: isEnded ? tokens : [...tokens, end], masked: 0, place: text.place };
}

function conversation(
  { messages, tools, place }: TrainingText & { messages: NonNullable<TrainingText["messages"]> },
  tokenizer: LanguageTokenizer,
  maskPrompt: boolean,
): Example {
  const { chatTemplate } = tokenizer;
  if (chatTemplate === null) {
    throw new TypeError(
      `Cannot train on ${place}: expected a model with a chat template for conversations, got one without`,
    );
  }
  const rendered = (part: typeof messages, addGenerationPrompt: boolean) => {
    try {
      return tokenizer.encode(chatTemplate.render(part, { tools, addGenerationPrompt }));
    } catch (error) {
      throw new TypeError(`Cannot train on ${place}: ${(error as Error).message}`, { cause: error });
    }
  };
  const before = messages.slice(0, -1);
  const masked = maskPrompt && before.length > 0 ? rendered(before, messages.at(-1)!.role === "assistant").length : 0;
  return { tokens: rendered(messages, false), masked, place };
}

function checked(example: Example, { maxLength, longTexts = "refuse" }: ExampleOptions): Example {
  const { tokens, masked, place } = example;
  if (tokens.length > maxLength && longTexts === "refuse") {
    throw new RangeError(`Cannot train on ${place}: expected at most ${maxLength} tokens, got ${tokens.length}`);
  }
  const cut = tokens.slice(0, maxLength);
  if (cut.length < 2 || masked >= cut.length) {
    const got = cut.length < 2 ? `${cut.length} tokens` : `${cut.length} tokens of which ${masked} are masked`;
    throw new RangeError(`Cannot train on ${place}: expected at least one token to learn after another, got ${got}`);
  }
  return { ...example, tokens: cut };
}
