// The tokenizer of a language model: text to ids and back, its special tokens, and the chat template that its folder holds.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Tokenizer } from "@huggingface/tokenizers";
import { type ChatTemplate, compileChatTemplate } from "./chat_template.ts";

/** Splits text into tokens of a language model, and joins tokens to text. */
export interface LanguageTokenizer {
  /** The highest id plus one. A model may have more rows: their ids stand for nothing. */
  readonly vocabularySize: number;
  /** By the names of Hugging Face: `{ bos_token: "<|startoftext|>", eos_token: "<|im_end|>" }`. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Null when the model has none. */
  readonly chatTemplate: ChatTemplate | null;
  /** Id of a token by its text, null when there is none. */
  tokenId(token: string): number | null;
  /** Whether an id is a special token, which `decode` leaves out. */
  isSpecial(id: number): boolean;
  /**
   * Ids of a text. Special tokens that stand in the text are recognised.
   *
   * @param options addSpecialTokens: put those first and last that the model expects; default false
   */
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[];
  /** The text of ids, without special tokens and as it was generated: no space is cleaned up. Bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string;
}

/** Texts of a tokenizer's files. */
export interface TokenizerFiles {
  /** `tokenizer.json` */
  readonly tokenizer: string;
  /** `tokenizer_config.json`: names of the special tokens, and in older models the chat template. */
  readonly config?: string;
  /** `chat_template.jinja`; goes before the one in `config`. */
  readonly chatTemplate?: string;
}

const TOKEN_NAMES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/**
 * The tokenizer of a model's folder: `tokenizer.json`, with `tokenizer_config.json` and `chat_template.jinja` where they are.
 *
 * @throws {RangeError} when there is no `tokenizer.json`
 * @throws {TypeError} when a file is not what its name says
 */
export async function openLanguageTokenizer(folder: string): Promise<LanguageTokenizer> {
  const path = join(folder, "tokenizer.json");
  if (!existsSync(path)) throw new RangeError(`Cannot open a tokenizer: expected ${path}, got no such file`);
  const text = async (name: string) =>
    existsSync(join(folder, name)) ? await readFile(join(folder, name), "utf8") : undefined;
  const files = {
    tokenizer: await readFile(path, "utf8"),
    config: await text("tokenizer_config.json"),
    chatTemplate: await text("chat_template.jinja"),
  };
  return await parseLanguageTokenizer(files, folder);
}

/**
 * A tokenizer from the texts of its files.
 *
 * @param label how errors name the source
 * @throws {TypeError} when one of them is not what its name says
 */
export async function parseLanguageTokenizer(
  { tokenizer: tokenizerText, config: configText, chatTemplate }: TokenizerFiles,
  label = "the tokenizer",
): Promise<LanguageTokenizer> {
  const { Tokenizer } = await import("@huggingface/tokenizers");
  const config = configText === undefined ? {} : parsedObject(configText, `tokenizer_config.json of ${label}`);
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(parsedObject(tokenizerText, `tokenizer.json of ${label}`), config);
    if (!tokenizer.model) throw new TypeError("it has no model");
  } catch (error) {
    if ((error as Error).message.startsWith("Cannot read")) throw error;
    throw new TypeError(`Cannot read ${label}: expected a tokenizer.json, got ${(error as Error).message}`);
  }
  const specialTokens = namedTokens(config);
  const source = chatTemplate ?? templateOf(config);
  return new OpenTokenizer(tokenizer, {
    specialTokens,
    chatTemplate: source === null
      ? null
      : await compileChatTemplate(source, specialTokens, `the chat template of ${label}`),
  });
}

function parsedObject(text: string, label: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`Cannot read ${label}: expected JSON, got ${(error as Error).message}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TypeError(
    `Cannot read ${label}: expected an object, got ${Array.isArray(value) ? "an array" : typeof value}`,
  );
}

/** Special tokens by name; a file writes each as a text or as an object with its text. */
function namedTokens(config: Record<string, unknown>): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const name of TOKEN_NAMES) {
    const value = config[name];
    const content = typeof value === "object" && value !== null ? (value as { content?: unknown }).content : value;
    if (typeof content === "string") tokens[name] = content;
  }
  return tokens;
}

/** The template in `tokenizer_config.json`: a text, or several with names of which "default" is the one for a conversation. */
function templateOf({ chat_template: template }: Record<string, unknown>): string | null {
  if (typeof template === "string") return template;
  if (!Array.isArray(template)) return null;
  const named = template as { name?: unknown; template?: unknown }[];
  const chosen = named.find(({ name }) => name === "default") ?? named[0];
  return typeof chosen?.template === "string" ? chosen.template : null;
}

class OpenTokenizer implements LanguageTokenizer {
  readonly vocabularySize: number;
  readonly specialTokens: Readonly<Record<string, string>>;
  readonly chatTemplate: ChatTemplate | null;
  #tokenizer: Tokenizer;
  #special: Set<number>;

  constructor(
    tokenizer: Tokenizer,
    { specialTokens, chatTemplate }: Pick<OpenTokenizer, "specialTokens" | "chatTemplate">,
  ) {
    this.#tokenizer = tokenizer;
    this.specialTokens = specialTokens;
    this.chatTemplate = chatTemplate;
    let highest = -1;
    for (const id of tokenizer.get_vocab().values()) highest = Math.max(highest, id);
    this.vocabularySize = highest + 1;
    const added = [...tokenizer.get_added_tokens_decoder()];
    this.#special = new Set(added.filter(([, { special }]) => special).map(([id]) => id));
  }

  tokenId(token: string): number | null {
    return this.#tokenizer.token_to_id(token) ?? null;
  }

  isSpecial(id: number): boolean {
    return this.#special.has(id);
  }

  encode(text: string, { addSpecialTokens = false }: { addSpecialTokens?: boolean } = {}): number[] {
    const ids = this.#tokenizer.encode(text, { add_special_tokens: addSpecialTokens }).ids;
    const unknown = ids.findIndex((id) => !Number.isInteger(id));
    if (unknown === -1) return ids;
    throw new RangeError(
      `Cannot tokenize: expected text that the vocabulary covers, got token ${unknown} without an id`,
    );
  }

  decode(ids: readonly number[]): string {
    const known = ids.filter((id) => !this.#special.has(id) && this.#tokenizer.id_to_token(id) !== undefined);
    if (known.length === 0) return "";
    return this.#tokenizer.decode(known, { clean_up_tokenization_spaces: false });
  }
}
