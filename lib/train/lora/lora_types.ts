// What LoRA is told, what it plans, and what it leaves behind. Types only.

/** Low-rank adaptation (Hu et al. 2022): `y = x W' + (alpha / rank) dropout(x) A' B'`, W frozen, A and B trained. */
export interface LoraConfig {
  /** Columns between the factors; an integer of at least 1. */
  readonly rank: number;
  /** The product of the factors is multiplied by `alpha / rank`, which is mlx-lm's `scale`; above 0. */
  readonly alpha: number;
  /** Share of the values of x that the factors do not see while training, in [0, 1). */
  readonly dropout: number;
  /** The last so many of the model's layers; null: all. */
  readonly lastLayers: number | null;
  /**
   * Names of the linear layers to adapt: the last parts of their paths, such as `q_proj`, `self_attn.q_proj` or a whole path. Each has to
   * be there.
   */
  readonly targetModules: readonly string[];
}

/** A linear layer that is adapted. */
export interface LoraTarget {
  /** Path of the layer, such as `model.layers.8.self_attn.q_proj`; its matrix is `NAME.weight` `[outFeatures, inFeatures]`. */
  readonly name: string;
  /** Number of the model's layer that it is part of; null when it is part of none. */
  readonly layer: number | null;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** Which layers of a model are adapted and how; nothing is allocated for it. */
export interface LoraPlan extends LoraConfig {
  /** In the order in which the model computes them. */
  readonly targets: readonly LoraTarget[];
  /** Layers of the model, as the paths of its parameters number them; 0 when they number none. */
  readonly layerCount: number;
  /** `rank (inFeatures + outFeatures)` over all targets. */
  readonly trainableParameters: number;
  /** Parameters of the model itself, all frozen. */
  readonly frozenParameters: number;
}

/** How the frozen matrices are held; int8 and int4 in blocks of 32 with a float32 scale each. Everything is computed in float32. */
export type BaseFormat = "float32" | "float16" | "int8" | "int4";

/** The factors of one linear layer, row by row. */
export interface LoraFactors {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** `[rank, inFeatures]`, as in peft; mlx has the transpose. */
  readonly a: Float32Array;
  /** `[outFeatures, rank]`, as in peft; mlx has the transpose. */
  readonly b: Float32Array;
}

/** A trained adapter, whatever form it is stored in. */
export interface Adapter extends LoraConfig {
  /** By the path of the linear layer. */
  readonly factors: Readonly<Record<string, LoraFactors>>;
  /** Layers of the model that it was trained on; null when its files do not say. */
  readonly layerCount: number | null;
  /** Name or folder of that model; null when its files do not say. */
  readonly baseModel: string | null;
}

/** How adapters are stored: peft's `adapter_model.safetensors`, mlx-lm's `adapters.safetensors`; `adapter_config.json` beside it. */
export const ADAPTER_FORMATS = ["peft", "mlx"] as const;
/** One of them. */
export type AdapterFormat = typeof ADAPTER_FORMATS[number];
