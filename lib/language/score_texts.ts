// How surprised a model is by texts: the negative log likelihood of each text, from which perplexity and bits per byte follow.

import type { LanguageTokenizer } from "../data/mod.ts";
import type { TextLikelihoods } from "../evaluate/mod.ts";
import { type ArrayValue, compile } from "../runtime/mod.ts";
import type { Adapter, BaseFormat } from "../train/mod.ts";
import { prepareTraining, type TrainableModel } from "./fine_tuning/trainable.ts";

/** Computes how surprised a model is by tokens. */
export interface TokenScorer {
  /**
   * @param rows token ids, at least 2 each
   * @returns for each row the nats of its tokens from the second one on, summed
   * @throws {RangeError} for a row of fewer tokens
   */
  score(rows: readonly (readonly number[])[]): Promise<Float32Array>;
  /** Frees the session. */
  release(): Promise<void>;
}

/** How a scorer runs. */
export interface TokenScorerOptions {
  /** Adapters on the model; absent: the model alone. */
  adapter?: Adapter;
  /** How the model's matrices are held; with adapters only. Default `float32`. */
  baseFormat?: BaseFormat;
  /** Threads inside one operator. Default 0: as many as there are physical cores. */
  threads?: number;
  signal?: AbortSignal;
}

/** In labels: a place that does not count. */
const IGNORED = -100;
const PADDED = -1;

/**
 * A scorer on the CPU. The graph sums the surprises: logits do not leave it, and weights in files are mapped.
 *
 * @throws {TypeError} for a model without weights, an adapter of another model
 * @throws {RangeError | TypeError} as `openLfm2`, for a folder
 *
 * @example
 * ```ts ignore
 * const scorer = await openTokenScorer({ config, weights: "models/lfm2-1.2b" }, { adapter: await readAdapter("adapters") });
 * const [nats] = await scorer.score([tokenizer.encode("In the beginning", { addSpecialTokens: true })]);
 * await scorer.release();
 * ```
 */
export async function openTokenScorer(
  model: TrainableModel,
  { adapter, baseFormat, threads = 0, signal }: TokenScorerOptions = {},
): Promise<TokenScorer> {
  if (model.weights === null) throw new TypeError("Cannot score texts: expected a model with weights, got one without");
  const { program: { metrics }, start } = await prepareTraining(model, {
    ...(adapter && { lora: adapter, adapter, baseFormat }),
    ...{ isPacked: false, seed: 0, provider: "cpu", signal },
  });
  const parameters = { ...start?.frozen?.parameters, ...start?.initial };
  const external = start?.frozen?.external;
  const session = await compile(metrics, { threads, ...(external && { external, weightsInPlace: true }) });
  return {
    async score(rows) {
      const { loss } = await session.run({ ...parameters, ...batchOf(rows) });
      return loss.data as Float32Array;
    },
    release: () => session.release(),
  };
}

/** Rows padded at their ends, as the program's batch tensors. */
function batchOf(rows: readonly (readonly number[])[]): Record<string, ArrayValue> {
  const short = rows.findIndex(({ length }) => length < 2);
  if (short >= 0) {
    throw new RangeError(`Cannot score row ${short}: expected at least 2 tokens, got ${rows[short].length}`);
  }
  const width = Math.max(...rows.map(({ length }) => length)) - 1;
  const padded = (value: (row: readonly number[], i: number) => number, padding: number): ArrayValue => {
    const data = new Float32Array(rows.length * width).fill(padding);
    rows.forEach((row, r) => {
      for (let i = 0; i < row.length - 1; i++) data[r * width + i] = value(row, i);
    });
    return { dtype: "float32", shape: [rows.length, width], data };
  };
  return {
    token_ids: padded((row, i) => row[i], 0),
    positions: padded((_, i) => i, PADDED),
    labels: padded((row, i) => row[i + 1], IGNORED),
    scale: { dtype: "float32", shape: [rows.length], data: new Float32Array(rows.length).fill(1) },
  };
}

/** How texts are scored. */
export interface ScoreTextsOptions {
  /** Most positions of a batch, padding included. Default 4096. */
  batchTokens?: number;
  /** Most tokens of a text, start and end token included. Default: any. */
  contextLength?: number;
  signal?: AbortSignal;
  /** Texts scored so far and in all. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Scores each text on its own, as it is trained: after the special tokens that begin a text, and with its end token, which counts as a token
 * without bytes. Texts of like lengths share a batch, which changes no result but rounding.
 *
 * @returns in the order of the texts; bytes are those of UTF-8
 * @throws {RangeError} when a text is empty or longer than the context
 * @throws the signal's reason when it is aborted
 */
export async function scoreTexts(
  scorer: TokenScorer,
  tokenizer: Pick<LanguageTokenizer, "encode" | "tokenId" | "specialTokens">,
  texts: readonly string[],
  { batchTokens = 4096, contextLength = Infinity, signal, onProgress }: ScoreTextsOptions = {},
): Promise<TextLikelihoods> {
  const { eos_token: last } = tokenizer.specialTokens;
  const end = last === undefined ? null : tokenizer.tokenId(last);
  const rows = texts.map((text, i) => {
    const ids = tokenizer.encode(text, { addSpecialTokens: true });
    if (end !== null && ids.at(-1) !== end) ids.push(end);
    if (text !== "" && ids.length <= contextLength) return ids;
    const got = text === "" ? "an empty text" : `${ids.length}`;
    throw new RangeError(`Cannot score text ${i}: expected 1 to ${contextLength} tokens, got ${got}`);
  });
  const order = rows.map((_, i) => i).sort((a, b) => rows[a].length - rows[b].length);
  const nats = new Float64Array(texts.length);
  for (let done = 0; done < order.length;) {
    signal?.throwIfAborted();
    let count = 1;
    while (done + count < order.length && rows[order[done + count]].length * (count + 1) <= batchTokens) count++;
    const batch = order.slice(done, done + count);
    const scores = await scorer.score(batch.map((i) => rows[i]));
    batch.forEach((i, k) => nats[i] = scores[k]);
    done += count;
    onProgress?.(done, order.length);
  }
  const encoder = new TextEncoder();
  return {
    nats,
    tokens: Float64Array.from(rows, ({ length }) => length - 1),
    bytes: Float64Array.from(texts, (text) => encoder.encode(text).length),
  };
}
