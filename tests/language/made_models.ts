// Models of a few tokens whose next token is written down, and a tokenizer whose tokens are bytes.

import type { LanguageTokenizer } from "lib/data/mod.ts";
import type { CausalModel, CausalSequence } from "lib/language/mod.ts";

/** What a made model was asked. */
export interface Asked {
  /** Rows of each call of `feed`, call by call. */
  readonly calls: number[][][];
  /** Sequences that were begun and not released. */
  open: number;
}

/** Options of a made model. */
export interface MadeOptions {
  vocabSize: number;
  contextLength?: number;
  eosTokenIds?: number[];
  padTokenId?: number | null;
  /** Called before each call's logits are given. */
  onCall?: (call: number) => unknown;
}

/** A model whose logits follow from all tokens of a row: `next` gives the row of logits, or the likeliest token. */
export function madeModel(
  next: (tokens: readonly number[], row: number) => number | Float32Array,
  { vocabSize, contextLength = 1000, eosTokenIds = [], padTokenId = 0, onCall }: MadeOptions,
): { model: CausalModel; asked: Asked } {
  const asked: Asked = { calls: [], open: 0 };
  const start = (batchSize: number): CausalSequence => {
    asked.open++;
    const rows: number[][] = Array.from({ length: batchSize }, () => []);
    return {
      async feed(tokenIds, { signal } = {}) {
        asked.calls.push(tokenIds.map((row) => Array.from(row)));
        await onCall?.(asked.calls.length);
        signal?.throwIfAborted();
        const logits = new Float32Array(batchSize * vocabSize);
        rows.forEach((row, i) => {
          row.push(...Array.from(tokenIds[i]));
          const chosen = next(row, i);
          if (typeof chosen === "number") logits[i * vocabSize + chosen] = 1;
          else logits.set(chosen, i * vocabSize);
        });
        return logits;
      },
      release: () => void asked.open--,
    };
  };
  return { model: { config: { vocabSize, contextLength, eosTokenIds, padTokenId }, start }, asked };
}

/** Each byte is a token; 256 begins a text and 257 ends it. */
export function byteTokenizer(chatTemplate: LanguageTokenizer["chatTemplate"] = null): LanguageTokenizer {
  const special = ["<s>", "</s>"];
  return {
    vocabularySize: 258,
    specialTokens: { bos_token: "<s>", eos_token: "</s>" },
    chatTemplate,
    tokenId: (token) => special.includes(token) ? 256 + special.indexOf(token) : null,
    isSpecial: (id) => id >= 256,
    encode(text, { addSpecialTokens = false } = {}) {
      const ids = text.split(/(<s>|<\/s>)/).flatMap((part) =>
        special.includes(part) ? [256 + special.indexOf(part)] : [...new TextEncoder().encode(part)]
      );
      return addSpecialTokens ? [256, ...ids] : ids;
    },
    decode: (ids) =>
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(ids.filter((id) => id < 256))),
  };
}

/** A model that says `text` whatever the prompt was, then ends; rows say what `texts` has for them. */
export function speaking(texts: readonly string[], options: Partial<MadeOptions> = {}) {
  const answers = texts.map((text) => [...new TextEncoder().encode(text), 257]);
  const lengths: number[] = [];
  return madeModel((tokens, row) => {
    lengths[row] ??= tokens.length;
    return answers[row][tokens.length - lengths[row]] ?? 257;
  }, { vocabSize: 258, eosTokenIds: [257], ...options });
}
