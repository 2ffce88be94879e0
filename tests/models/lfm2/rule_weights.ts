// Weights of small models by a rule, as tests/golden/models/make_lfm2.py has it, and folders of models as the hub's that hold them.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type SafetensorsDtype, type TensorToWrite, writeSafetensors } from "lib/data/mod.ts";
import { elementCount, float32ToFloat16 } from "lib/graph/mod.ts";
import { readLfm2Config } from "lib/models/lfm2/config.ts";
import { lfm2Graph } from "lib/models/lfm2/model.ts";

/** Integers in [-127, 127] from a name and positions, by arithmetic of 32 bits. */
export function draws(name: string, count: number): Int32Array {
  let seed = 2166136261;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 16777619);
  return Int32Array.from({ length: count }, (_, i) => {
    let x = Math.imul(i, 2654435761) + seed >>> 0;
    x = Math.imul(x ^ (x >>> 15), 2246822519) >>> 0;
    x = Math.imul(x ^ (x >>> 13), 3266489917) >>> 0;
    return ((x ^ (x >>> 16)) >>> 0) % 255 - 127;
  });
}

/** Values of a parameter that float16 and bfloat16 hold exactly. */
export function ruleWeights(name: string, shape: readonly number[]): Float32Array {
  const integers = draws(name, elementCount(shape));
  if (name.endsWith("norm.weight")) return Float32Array.from(integers, (value) => 1 + Math.trunc(value / 4) / 128);
  const fanIn = name.includes("embed") || name.includes("lm_head") ? 4 : shape.at(-1)!;
  const factor = 2 ** -Math.floor(Math.log2(fanIn) / 2) / 64;
  return Float32Array.from(integers, (value) => value * factor);
}

/** Dtypes in which a folder can hold weights. */
export type FolderDtype = Extract<SafetensorsDtype, "F32" | "F16" | "BF16">;

function inDtype(shape: readonly number[], values: Float32Array, dtype: FolderDtype): TensorToWrite {
  if (dtype === "F32") return { dtype, shape, data: values };
  if (dtype === "F16") return { dtype, shape, data: float32ToFloat16(values) };
  return { dtype, shape, data: Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16) };
}

/** Tensors of a model by their names in transformers. */
export function ruleTensors(config: unknown, dtype: FolderDtype = "F32"): Record<string, TensorToWrite> {
  const { parameters } = lfm2Graph(readLfm2Config(config));
  return Object.fromEntries(parameters.map(({ source: { name }, shape }) => {
    return [name, inDtype(shape as number[], ruleWeights(name, shape as number[]), dtype)];
  }));
}

/** Writes a folder with `config.json` and weights, in one file or in shards with an index. */
export async function writeModelFolder(
  folder: string,
  config: unknown,
  { dtype = "F32", shards = 1 }: { dtype?: FolderDtype; shards?: number } = {},
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const tensors = Object.entries(ruleTensors(config, dtype));
  if (shards === 1) return await writeSafetensors(join(folder, "model.safetensors"), Object.fromEntries(tensors));
  const fileOf = (i: number) => `model-0000${i % shards + 1}-of-0000${shards}.safetensors`;
  for (let shard = 0; shard < shards; shard++) {
    const part = tensors.filter((_, i) => i % shards === shard);
    await writeSafetensors(join(folder, fileOf(shard)), Object.fromEntries(part));
  }
  const weightMap = Object.fromEntries(tensors.map(([name], i) => [name, fileOf(i)]));
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map: weightMap }));
}
