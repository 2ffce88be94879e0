// A tokenizer whose tokens are bytes, as the files of a model's folder: any program that reads Hugging Face tokenizers reads it, and no
// vocabulary has to be learned for a small model.

import { join } from "node:path";
import { writeFileAtomic } from "../process/mod.ts";
import type { TokenizerFiles } from "./language_tokenizer.ts";

/** Ids of the special tokens; byte b has the id `BYTE_TOKENS.firstByte + b`. */
export const BYTE_TOKENS = { pad: 0, start: 1, end: 2, firstByte: 3, vocabularySize: 259 } as const;

const PAD = "<|pad|>";
const START = "<|startoftext|>";
const END = "<|endoftext|>";
const BYTES = 256;

/**
 * `tokenizer.json` and `tokenizer_config.json` of 256 bytes and three special tokens. With special tokens a text begins with the start token;
 * the end token ends one where training puts it.
 *
 * @example
 * ```ts
 * import { BYTE_TOKENS, byteTokenizerFiles, parseLanguageTokenizer } from "lib/data/mod.ts";
 * const tokenizer = await parseLanguageTokenizer(byteTokenizerFiles());
 * const ids = tokenizer.encode("é", { addSpecialTokens: true });
 * console.log(ids.join(), tokenizer.decode(ids)); // 1,198,172 é
 * if (ids[1] !== BYTE_TOKENS.firstByte + 0xc3) throw new Error("a token is a byte");
 * ```
 */
export function byteTokenizerFiles(): TokenizerFiles {
  const special = [PAD, START, END].map((content, id) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  }));
  const vocabulary = Object.fromEntries([
    ...special.map(({ id, content }) => [content, id]),
    ...byteCharacters().map((character, byte) => [character, BYTE_TOKENS.firstByte + byte]),
  ]);
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  const start = { SpecialToken: { id: START, type_id: 0 } };
  const text = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special,
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      type: "TemplateProcessing",
      single: [start, text("A")],
      pair: [start, text("A"), text("B")],
      special_tokens: { [START]: { id: START, ids: [BYTE_TOKENS.start], tokens: [START] } },
    },
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabulary,
      merges: [],
    },
  };
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: START,
    eos_token: END,
    pad_token: PAD,
    clean_up_tokenization_spaces: false,
  };
  return { tokenizer: `${JSON.stringify(tokenizer, null, 1)}\n`, config: `${JSON.stringify(config, null, 1)}\n` };
}

/**
 * The character that stands for each byte in a byte-level vocabulary (Radford et al. 2019): itself where it is printable, else one of those
 * from U+0100 on, in their order.
 */
function byteCharacters(): string[] {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let other = BYTES;
  return Array.from({ length: BYTES }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : other++));
}

/** Writes the files of {@link byteTokenizerFiles} into a model's folder, which is there. */
export async function writeByteTokenizer(folder: string): Promise<void> {
  const { tokenizer, config } = byteTokenizerFiles();
  await writeFileAtomic(join(folder, "tokenizer.json"), tokenizer);
  await writeFileAtomic(join(folder, "tokenizer_config.json"), config!);
}
