// adapter_config.json of peft and of mlx-lm: what of it describes LoRA, and what is refused because it is more than LoRA.

import { z } from "zod";
import type { Adapter, LoraConfig } from "./lora_types.ts";
import { layersOf, modulesOf } from "./plan.ts";

/** What a configuration says; null where it leaves it to the tensors. */
export interface ReadConfig extends Omit<LoraConfig, "targetModules"> {
  readonly targetModules: readonly string[] | null;
  readonly baseModel: string | null;
}

const rank = z.number().int().min(1);
const dropout = z.number().min(0).lt(1).default(0);
const empty = z.union([z.null(), z.array(z.never()), z.record(z.string(), z.never())]).optional();

const peftSchema = z.object({
  peft_type: z.literal("LORA"),
  r: rank,
  lora_alpha: z.number().positive(),
  lora_dropout: dropout,
  target_modules: z.union([z.array(z.string()), z.string(), z.null()]).default(null),
  base_model_name_or_path: z.string().nullable().default(null),
  use_rslora: z.boolean().default(false),
  // More than LoRA, which is not computed here.
  use_dora: z.literal(false).default(false),
  lora_bias: z.literal(false).default(false),
  bias: z.literal("none").default("none"),
  modules_to_save: empty,
  rank_pattern: empty,
  alpha_pattern: empty,
});

const mlxSchema = z.object({
  fine_tune_type: z.literal("lora").default("lora"),
  num_layers: z.number().int(),
  lora_parameters: z.object({
    rank,
    scale: z.number().positive(),
    dropout,
    keys: z.array(z.string()).nullable().default(null),
  }),
  model: z.string().nullable().default(null),
});

/** peft's `LoraConfig` of an adapter. */
export function peftConfig(adapter: Adapter): Record<string, unknown> {
  const layers = layersOf(Object.keys(adapter.factors));
  return {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: adapter.baseModel,
    r: adapter.rank,
    lora_alpha: adapter.alpha,
    lora_dropout: adapter.dropout,
    target_modules: adapter.targetModules,
    layers_to_transform: layers.includes(null) ? null : layers,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
    use_dora: false,
    use_rslora: false,
  };
}

/** What mlx-lm reads: with `keys` it adapts these modules in the last layers; those without factors then begin at zero. */
export function mlxConfig(adapter: Adapter): Record<string, unknown> {
  const { rank, alpha, dropout, factors, lastLayers, baseModel } = adapter;
  return {
    fine_tune_type: "lora",
    model: baseModel,
    num_layers: lastLayers ?? -1,
    lora_parameters: { rank, scale: alpha / rank, dropout, keys: modulesOf(Object.keys(factors)) },
  };
}

/** @throws {RangeError} naming the field */
export function readPeftConfig(json: unknown, path: string): ReadConfig {
  const fields = parsed(peftSchema, json, path);
  const { r, lora_alpha, lora_dropout, target_modules, use_rslora, base_model_name_or_path } = fields;
  return {
    rank: r,
    alpha: use_rslora ? lora_alpha * Math.sqrt(r) : lora_alpha,
    dropout: lora_dropout,
    lastLayers: null, // the tensors say which layers
    targetModules: Array.isArray(target_modules) ? target_modules : null, // else a pattern
    baseModel: base_model_name_or_path,
  };
}

/** @throws {RangeError} naming the field */
export function readMlxConfig(json: unknown, path: string): ReadConfig {
  const { num_layers, lora_parameters: { rank, scale, dropout, keys }, model } = parsed(mlxSchema, json, path);
  return {
    rank,
    alpha: scale * rank,
    dropout,
    lastLayers: num_layers > 0 ? num_layers : null,
    targetModules: keys,
    baseModel: model,
  };
}

function parsed<T>(schema: z.ZodType<T>, json: unknown, path: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new RangeError(`Cannot read ${path}: ${issue.path.join(".") || "configuration"}: ${issue.message}`);
}
