// The configuration of an LFM2 model as the hub's `config.json` holds it, and what follows from it alone.

/** What a layer does before its feed-forward block. */
export type Lfm2Layer = "conv" | "attention";

/** Sizes and constants of an LFM2 model (Liquid AI 2025). */
export interface Lfm2Config {
  readonly vocabSize: number;
  /** Width of a token's vector. */
  readonly hiddenSize: number;
  readonly layers: readonly Lfm2Layer[];
  /** Heads of the queries. */
  readonly headCount: number;
  /** Heads of keys and values, each shared by `headCount / keyValueHeadCount` query heads. */
  readonly keyValueHeadCount: number;
  /** Width of a head. */
  readonly headDim: number;
  /** Inner width of the feed-forward blocks, after LFM2's rounding. */
  readonly feedForwardSize: number;
  /** Taps of the short convolutions: the present position and those before it. */
  readonly convWidth: number;
  readonly normEpsilon: number;
  /** Base of the rotary wavelengths. */
  readonly ropeTheta: number;
  /** Most positions of a sequence. */
  readonly contextLength: number;
  readonly bosTokenId: number | null;
  /** Tokens that end a text; may be empty. */
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number | null;
  /** Whether the table of embeddings is also the output projection. */
  readonly tieEmbeddings: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a `config.json` of transformers' `Lfm2ForCausalLM`, of any of its versions.
 *
 * @param json the parsed file
 * @throws {TypeError} when it is no object, or a field has another type
 * @throws {RangeError} for another architecture, named in the message, for what LFM2 may have but this project does not compute (biases of
 *   convolutions, scaled rotary positions), and for sizes that do not fit each other
 *
 * @example
 * ```ts
 * import { LFM2_1_2B, readLfm2Config } from "lib/models/lfm2/config.ts";
 * const { feedForwardSize, layers } = readLfm2Config(LFM2_1_2B);
 * if (feedForwardSize !== 8192 || layers[2] !== "attention") throw new Error("sizes of LFM2-1.2B");
 * ```
 */
export function readLfm2Config(json: unknown): Lfm2Config {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new TypeError(`Cannot read config.json: expected an object, got ${json === null ? "null" : typeof json}`);
  }
  const fields = json as Json;
  expectArchitecture(fields);
  if (truth(fields, "conv_bias", false)) throw refuse("conv_bias", "false", true);
  const hiddenSize = size(fields, "hidden_size");
  const headCount = size(fields, "num_attention_heads");
  const config: Lfm2Config = {
    vocabSize: size(fields, "vocab_size"),
    hiddenSize,
    layers: layerKinds(fields),
    headCount,
    keyValueHeadCount: size(fields, "num_key_value_heads"),
    headDim: given(fields.head_dim) ? size(fields, "head_dim") : hiddenSize / headCount,
    feedForwardSize: feedForwardSize(fields),
    convWidth: size(fields, "conv_L_cache", 3),
    normEpsilon: positive(fields, "norm_eps", 1e-5),
    ropeTheta: ropeTheta(fields),
    contextLength: size(fields, "max_position_embeddings", 128_000),
    bosTokenId: tokenIds(fields, "bos_token_id", 1)[0] ?? null,
    eosTokenIds: tokenIds(fields, "eos_token_id", 2),
    padTokenId: tokenIds(fields, "pad_token_id", 0)[0] ?? null,
    tieEmbeddings: truth(fields, "tie_embedding", truth(fields, "tie_word_embeddings", true)),
  };
  checkSizes(config);
  return config;
}

/**
 * Parameters of a model: `V H` for the embeddings (twice unless tied), for each layer `3 H F + 2 H`, beside that `4 H^2 + K H` of a
 * convolution with K taps or `2 H (Q + G) D + 2 D` of an attention with Q and G heads of width D, and `H` of the last norm.
 */
export function lfm2ParameterCount(config: Lfm2Config): number {
  const { vocabSize: v, hiddenSize: h, feedForwardSize: f, headCount, keyValueHeadCount, headDim, convWidth } = config;
  const own = {
    conv: 4 * h * h + convWidth * h,
    attention: 2 * h * (headCount + keyValueHeadCount) * headDim + 2 * headDim,
  };
  const layers = config.layers.reduce((sum, kind) => sum + own[kind] + 3 * h * f + 2 * h, 0);
  return v * h * (config.tieEmbeddings ? 1 : 2) + layers + h;
}

const ARCHITECTURE = "Lfm2ForCausalLM";
const MODEL_TYPE = "lfm2";

function expectArchitecture({ architectures, model_type: type }: Json): void {
  const named = Array.isArray(architectures) && architectures.length > 0 ? String(architectures[0]) : null;
  if ((type === undefined || type === MODEL_TYPE) && (named === null || named === ARCHITECTURE) && (type || named)) {
    return;
  }
  const got = named ?? (type === undefined ? "a config that names none" : `model_type "${type}"`);
  throw new RangeError(`Cannot read config.json: expected the architecture ${ARCHITECTURE}, got ${got}`);
}

const given = (value: unknown) => value !== undefined && value !== null;

function refuse(name: string, expected: string, value: unknown): RangeError {
  return new RangeError(`Cannot read config.json: expected ${name} to be ${expected}, got ${JSON.stringify(value)}`);
}

function size(fields: Json, name: string, fallback?: number): number {
  const value = fields[name] ?? fallback;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
    throw refuse(name, "an integer of at least 1", fields[name]);
  }
  return value;
}

function positive(fields: Json, name: string, fallback?: number): number {
  const value = fields[name] ?? fallback;
  if (typeof value !== "number" || !(value > 0 && Number.isFinite(value))) throw refuse(name, "above 0", fields[name]);
  return value;
}

function truth(fields: Json, name: string, fallback: boolean): boolean {
  const value = fields[name] ?? fallback;
  if (typeof value !== "boolean") throw refuse(name, "true or false", value);
  return value;
}

/** One id or several, or null; a field that is left out has transformers' default. */
function tokenIds(fields: Json, name: string, fallback: number): number[] {
  const value = name in fields ? fields[name] : fallback;
  if (value === null) return [];
  const ids = Array.isArray(value) ? value : [value];
  if (!ids.every((id) => Number.isSafeInteger(id) && id >= 0)) throw refuse(name, "token ids", value);
  return ids;
}

function layerKinds(fields: Json): Lfm2Layer[] {
  const count = size(fields, "num_hidden_layers");
  const { layer_types: types, full_attn_idxs: indices } = fields;
  if (given(types)) {
    const kinds: Readonly<Record<string, Lfm2Layer>> = { conv: "conv", full_attention: "attention" };
    const known = Array.isArray(types) && types.length === count && types.every((type) => Object.hasOwn(kinds, type));
    if (!known) throw refuse("layer_types", `${count} times "conv" or "full_attention"`, types);
    return (types as string[]).map((type) => kinds[type]);
  }
  // Without either, transformers makes every layer an attention.
  if (!given(indices)) return new Array<Lfm2Layer>(count).fill("attention");
  const known = Array.isArray(indices) &&
    indices.every((index) => Number.isInteger(index) && index >= 0 && index < count);
  if (!known) throw refuse("full_attn_idxs", `numbers of layers below ${count}`, indices);
  return Array.from({ length: count }, (_, i) => ((indices as number[]).includes(i) ? "attention" : "conv"));
}

/** Two thirds of what is written, times a factor, rounded up to a multiple: as LLaMA's feed-forward blocks are sized. */
function feedForwardSize(fields: Json): number {
  const written = given(fields.block_ff_dim) ? size(fields, "block_ff_dim") : size(fields, "intermediate_size");
  if (!truth(fields, "block_auto_adjust_ff_dim", true)) return written;
  const thirds = Math.floor(2 * written / 3);
  if (fields.block_ffn_dim_multiplier === null) return thirds;
  const multiple = size(fields, "block_multiple_of", 256);
  return multiple * Math.ceil(Math.floor(positive(fields, "block_ffn_dim_multiplier", 1) * thirds) / multiple);
}

function ropeTheta(fields: Json): number {
  const { rope_parameters: parameters, rope_scaling: scaling } = fields;
  for (const [name, value] of [["rope_parameters", parameters], ["rope_scaling", scaling]] as const) {
    if (!given(value)) continue;
    const { rope_type: type = "default" } = value as Json;
    if (type !== "default") throw refuse(`${name}.rope_type`, '"default"', type);
  }
  if (given(parameters) && given((parameters as Json).rope_theta)) return positive(parameters as Json, "rope_theta");
  return positive(fields, "rope_theta", 1_000_000);
}

function checkSizes({ headDim, headCount, keyValueHeadCount, convWidth, ...config }: Lfm2Config): void {
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    throw refuse("hidden_size / num_attention_heads", "an even integer, for rotary positions", headDim);
  }
  if (headCount % keyValueHeadCount !== 0) {
    throw refuse("num_key_value_heads", `a divisor of ${headCount} heads`, keyValueHeadCount);
  }
  if (convWidth < 2) throw refuse("conv_L_cache", "at least 2", convWidth);
  const outside = [...config.eosTokenIds, config.bosTokenId ?? 0, config.padTokenId ?? 0]
    .find((id) => id >= config.vocabSize);
  if (outside !== undefined) throw refuse("vocab_size", "above all token ids", config.vocabSize);
}

/** The hub's `config.json` of LFM2-1.2B, as far as it describes the model: 1,170,340,608 parameters. */
export const LFM2_1_2B = {
  architectures: ["Lfm2ForCausalLM"],
  model_type: "lfm2",
  vocab_size: 65536,
  hidden_size: 2048,
  block_ff_dim: 12288,
  block_auto_adjust_ff_dim: true,
  block_ffn_dim_multiplier: 1.0,
  block_multiple_of: 256,
  num_hidden_layers: 16,
  full_attn_idxs: [2, 5, 8, 10, 12, 14],
  num_attention_heads: 32,
  num_key_value_heads: 8,
  conv_L_cache: 3,
  conv_bias: false,
  norm_eps: 1e-5,
  rope_theta: 1_000_000,
  max_position_embeddings: 128_000,
  bos_token_id: 1,
  eos_token_id: 7,
  pad_token_id: 0,
} as const;
