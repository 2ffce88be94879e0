// A small LFM2 whose tokens are bytes: one that a laptop trains from nothing in minutes.

import { BYTE_TOKENS } from "../../data/mod.ts";

/** Sizes of a model of bytes. */
export interface ByteLfm2Options {
  /** Width of a token's vector, a multiple of 96. Default 192. */
  hiddenSize?: number;
  /** Inner width of the feed-forward blocks. Default 512. */
  feedForwardSize?: number;
  /** `C` for a convolution, `A` for an attention, in their order. Default `CCACCA`, a third attention as in LFM2-1.2B. */
  layers?: string;
  /** Most positions of a sequence. Default 1024. */
  contextLength?: number;
}

const HEAD_DIM = 32;
/** Query heads that share a head of keys and values. */
const SHARED_HEADS = 3;

/**
 * A `config.json` of such a model, for the tokenizer of `byteTokenizerFiles`.
 *
 * @throws {RangeError} when hiddenSize is no multiple of 96, or layers are other than `C` and `A`
 *
 * @example
 * ```ts
 * import { byteLfm2 } from "lib/models/lfm2/byte_model.ts";
 * import { lfm2ParameterCount, readLfm2Config } from "lib/models/lfm2/config.ts";
 * console.log(lfm2ParameterCount(readLfm2Config(byteLfm2()))); // 2610560
 * ```
 */
export function byteLfm2(options: ByteLfm2Options = {}): Record<string, unknown> {
  const { hiddenSize = 192, feedForwardSize = 512, layers = "CCACCA", contextLength = 1024 } = options;
  const least = HEAD_DIM * SHARED_HEADS;
  if (!Number.isInteger(hiddenSize / least) || hiddenSize < least) {
    throw new RangeError(`Cannot size a model: expected hiddenSize to be a multiple of ${least}, got ${hiddenSize}`);
  }
  if (!/^[CA]+$/.test(layers)) {
    throw new RangeError(`Cannot size a model: expected layers of C and A such as CCACCA, got "${layers}"`);
  }
  return {
    architectures: ["Lfm2ForCausalLM"],
    model_type: "lfm2",
    vocab_size: BYTE_TOKENS.vocabularySize,
    hidden_size: hiddenSize,
    intermediate_size: feedForwardSize,
    block_auto_adjust_ff_dim: false,
    num_hidden_layers: layers.length,
    layer_types: Array.from(layers, (kind) => (kind === "A" ? "full_attention" : "conv")),
    num_attention_heads: hiddenSize / HEAD_DIM,
    num_key_value_heads: hiddenSize / least,
    conv_L_cache: 3,
    conv_bias: false,
    norm_eps: 1e-5,
    rope_theta: 10_000,
    max_position_embeddings: contextLength,
    pad_token_id: BYTE_TOKENS.pad,
    bos_token_id: BYTE_TOKENS.start,
    eos_token_id: BYTE_TOKENS.end,
  };
}
