// Tokens to text while they come: a character whose bytes are spread over several tokens appears when its last one is there.

import type { LanguageTokenizer } from "../data/mod.ts";

/** What may still become a character: up to three bytes of four, each shown as U+FFFD. */
const UNFINISHED = /\uFFFD{1,3}$/;
/** Most tokens of a window; only endless bytes that are no text reach it. */
const MOST_WAITING = 64;

/**
 * Joins tokens to text. The pieces together are the text of all tokens decoded at once.
 *
 * Decoders may treat the first token of a text in another way, so each window of tokens is decoded after the one before it.
 */
export class TextDecoding {
  #tokenizer: Pick<LanguageTokenizer, "decode" | "isSpecial">;
  /** Tokens whose text is out. */
  #context: number[] = [];
  #waiting: number[] = [];
  /** Characters of the waiting tokens' text that are out. */
  #shown = 0;

  constructor(tokenizer: Pick<LanguageTokenizer, "decode" | "isSpecial">) {
    this.#tokenizer = tokenizer;
  }

  /** Text that this token completes; empty for special tokens, and while a character lacks bytes. */
  push(token: number): string {
    if (this.#tokenizer.isSpecial(token)) return "";
    this.#waiting.push(token);
    const text = this.#text();
    const whole = this.#waiting.length < MOST_WAITING ? text.replace(UNFINISHED, "") : text;
    return this.#show(whole, whole === text);
  }

  /** What is left at the end: bytes that never became a character. */
  end(): string {
    return this.#show(this.#text(), true);
  }

  /** The text of the waiting tokens. */
  #text(): string {
    const before = this.#tokenizer.decode(this.#context);
    return this.#tokenizer.decode([...this.#context, ...this.#waiting]).slice(before.length);
  }

  #show(text: string, isWhole: boolean): string {
    const piece = text.slice(this.#shown);
    this.#shown = text.length;
    // A token without text keeps the context, so that the next one still has it.
    if (isWhole && text !== "") {
      this.#context = this.#waiting;
      this.#waiting = [];
      this.#shown = 0;
    }
    return piece;
  }
}
