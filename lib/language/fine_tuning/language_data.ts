// Rows of tokens that a language model is trained on: each text a row of its own, padded, or several texts packed into a row.

import { createHash } from "node:crypto";
import type { Column, LanguageTokenizer } from "../../data/mod.ts";
import type { TrainingData } from "../../train/mod.ts";
import { type Example, type ExampleOptions, tokenizeTexts } from "./examples.ts";
import { packRows } from "./packing.ts";
import type { TrainingTexts } from "./training_texts.ts";

/** Options of {@link languageData}. */
export interface LanguageDataOptions extends Omit<ExampleOptions, "maxLength"> {
  /** Most tokens of a text; at most the model's context. Default 2048. */
  maxLength?: number;
  /**
   * Puts several texts into a row of `maxLength` tokens, so that nothing is computed for padding. A text sees nothing of the others: the
   * losses are those of texts in rows of their own. Default false.
   */
  packing?: boolean;
  /** Rows are padded to a multiple of this; each length is compiled once. Default 32. */
  multiple?: number;
}

/** Tokens ready to be trained on. */
export interface LanguageData extends TrainingData {
  /** Rows of `test.jsonl`; may be empty. */
  readonly test: Uint32Array;
  /** Tokens of each row that are learned. */
  readonly learnedTokens: Uint32Array;
  readonly isPacked: boolean;
  readonly texts: Readonly<Record<"train" | "validation" | "test", number>>;
}

/** In labels: nothing is learned here. Also crossEntropy's. */
const IGNORED = -100;
const PADDING = -1;

/** A row as lists of its places. */
interface Row {
  readonly examples: readonly Example[];
  /** Places that are computed: one less than the tokens of each example, since the last one is only predicted. */
  readonly length: number;
}

/**
 * Tokenizes texts and lays them out.
 *
 * Batch tensors, float32 `[rows, sequence]`: `token_ids`, `positions` (-1 where padded), `labels` (the next token, -100 where nothing is
 * learned), packed also `starts` (the position where the place's own text begins); and `scale` `[rows]`, by which a row's summed loss counts
 * in the mean over the tokens of its split.
 *
 * @throws {RangeError | TypeError} as `tokenizeTexts`, naming file and line
 *
 * @example
 * ```ts
 * import { languageData, trainingTexts } from "lib/language/mod.ts";
 * const tokenizer = {
 *   vocabularySize: 128,
 *   specialTokens: {},
 *   chatTemplate: null,
 *   tokenId: () => null,
 *   isSpecial: () => false,
 *   encode: (text: string) => [...new TextEncoder().encode(text)],
 *   decode: (ids: readonly number[]) => String.fromCharCode(...ids),
 * };
 * const { columns, train, validation } = languageData(trainingTexts(["abc", "defg"]), tokenizer, { multiple: 4 });
 * if (train.length + validation.length !== 2 || columns.token_ids.shape[1] !== 4) throw new Error("two rows of four places");
 * ```
 */
export function languageData(
  texts: TrainingTexts,
  tokenizer: LanguageTokenizer,
  { maxLength = 2048, packing = false, multiple = 32, ...options }: LanguageDataOptions = {},
): LanguageData {
  if (!Number.isInteger(maxLength) || maxLength < 2) {
    throw new RangeError(`Cannot lay out texts: expected maxLength to be an integer from 2, got ${maxLength}`);
  }
  if (!Number.isInteger(multiple) || multiple < 1) {
    throw new RangeError(`Cannot lay out texts: expected multiple to be an integer from 1, got ${multiple}`);
  }
  const parts = [texts.train, texts.validation, texts.test].map((part) => {
    const examples = tokenizeTexts(part, tokenizer, { maxLength, ...options });
    return packing
      ? packRows(examples.map(placesOf), maxLength - 1).map((row) => rowOf(row.map((i) => examples[i])))
      : examples.map((example) => rowOf([example]));
  });
  const rows = parts.flat();
  const longest = multiple * Math.ceil(Math.max(...rows.map(({ length }) => length)) / multiple);
  const learnedTokens = Uint32Array.from(rows, learnedOf);
  const indices = Uint32Array.from(rows.keys());
  const ends = [parts[0].length, parts[0].length + parts[1].length];
  const splits = [indices.subarray(0, ends[0]), indices.subarray(ends[0], ends[1]), indices.subarray(ends[1])];
  const columns = columnsOf(rows, { longest, isPacked: packing, scale: scaleOf(splits, learnedTokens) });
  const names = Object.fromEntries(Object.keys(columns).map((name) => [name, name]));
  return {
    reference: { dataset: "texts", columns: names, hash: hashOf(columns, ends) },
    columns,
    train: splits[0],
    // Of like lengths together: a part that is validated at once is as long as its longest row.
    validation: splits[1].toSorted((a, b) => rows[a].length - rows[b].length || a - b),
    test: splits[2],
    lengths: { dimension: "sequence", ofRow: Uint32Array.from(rows, ({ length }) => length), longest, multiple },
    learnedTokens,
    isPacked: packing,
    texts: { train: texts.train.length, validation: texts.validation.length, test: texts.test.length },
  };
}

const placesOf = ({ tokens }: Example) => tokens.length - 1;

function rowOf(examples: readonly Example[]): Row {
  return { examples, length: examples.reduce((sum, example) => sum + placesOf(example), 0) };
}

/** The first token of a text is never predicted. */
function learnedOf({ examples }: Row): number {
  return examples.reduce((sum, { tokens, masked }) => sum + tokens.length - Math.max(1, masked), 0);
}

/** With it, the mean over a split's rows of their summed losses is the mean over the split's tokens. */
function scaleOf(splits: readonly Uint32Array[], learnedTokens: Uint32Array): Float32Array {
  const scale = new Float32Array(learnedTokens.length);
  for (const rows of splits) {
    const tokens = rows.reduce((sum, row) => sum + learnedTokens[row], 0);
    for (const row of rows) scale[row] = rows.length / tokens;
  }
  return scale;
}

function columnsOf(
  rows: readonly Row[],
  { longest, isPacked, scale }: { longest: number; isPacked: boolean; scale: Float32Array },
): Record<string, Column> {
  const column = (value: number): Column & { data: Float32Array } => ({
    dtype: "float32",
    shape: [rows.length, longest],
    data: new Float32Array(rows.length * longest).fill(value),
  });
  const [ids, positions, labels, starts] = [column(0), column(PADDING), column(IGNORED), column(0)];
  rows.forEach(({ examples }, r) => {
    let start = 0;
    for (const { tokens, masked } of examples) {
      for (let i = 0; i < tokens.length - 1; i++) {
        const place = r * longest + start + i;
        ids.data[place] = tokens[i];
        positions.data[place] = start + i;
        starts.data[place] = start;
        if (i + 1 >= masked) labels.data[place] = tokens[i + 1];
      }
      start += tokens.length - 1;
    }
  });
  const all = { token_ids: ids, positions, labels, scale: { dtype: "float32", shape: [rows.length], data: scale } };
  return (isPacked ? { ...all, starts } : all) as Record<string, Column>;
}

function hashOf(columns: Readonly<Record<string, Column>>, ends: readonly number[]): string {
  const hash = createHash("sha256").update(JSON.stringify(ends));
  for (const [name, { shape, data }] of Object.entries(columns)) {
    hash.update(`${name} ${shape.join()}`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
