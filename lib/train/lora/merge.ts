// Merging: `W + (alpha / rank) B A` in the place of W, so that the adapted model runs like any other. In memory, or tensor by tensor from one
// folder of safetensors into another, for models of any size.

import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  float32ToBfloat16,
  float32ToFloat16,
  openSafetensors,
  type SafetensorsFolder,
  type StoredTensor,
  type TensorLayout,
  writeSafetensorsInParts,
} from "../../data/mod.ts";
import { type ArrayValue, elementCount, formatShape } from "../../graph/mod.ts";
import type { Adapter, LoraFactors } from "./lora_types.ts";

/** Values that are read at once: 8 MiB of float32. */
const VALUES_AT_ONCE = 2 ** 21;

const weightName = (target: string) => `${target}.weight`;

/** @throws {RangeError} when the matrix of a target is missing or misshapen */
function checkMatrix(target: string, factors: LoraFactors, shape: readonly number[] | undefined): void {
  const expected = `${weightName(target)} [${factors.outFeatures}, ${factors.inFeatures}]`;
  if (!shape) throw new RangeError(`Cannot merge the adapter: expected ${expected}, got a model without it`);
  if (formatShape(shape) !== formatShape([factors.outFeatures, factors.inFeatures])) {
    throw new RangeError(`Cannot merge the adapter: expected ${expected}, got ${formatShape(shape)}`);
  }
}

/** Adds `(alpha / rank) B A` to rows of W, from row `first` on; sums in float64. */
function addRows(
  values: Float32Array,
  first: number,
  { a, b, inFeatures }: LoraFactors,
  { rank, alpha }: Pick<Adapter, "rank" | "alpha">,
): void {
  const scale = alpha / rank;
  const sums = new Float64Array(inFeatures);
  for (let start = 0, row = first; start < values.length; start += inFeatures, row++) {
    sums.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * b[row * rank + k];
      for (let i = 0, at = k * inFeatures; i < inFeatures; i++, at++) sums[i] += factor * a[at];
    }
    for (let i = 0; i < inFeatures; i++) values[start + i] += sums[i];
  }
}

/**
 * Merges an adapter into weights in memory.
 *
 * @param weights float32 by parameter name; those without factors are given back as they are
 * @throws {RangeError} when a matrix of a target is missing or has another shape
 *
 * @example
 * ```ts
 * import { mergeAdapter } from "lib/train/mod.ts";
 * const weights = { "q.weight": { dtype: "float32" as const, shape: [1, 2], data: Float32Array.of(1, 1) } };
 * const factors = { q: { inFeatures: 2, outFeatures: 1, a: Float32Array.of(1, 2), b: Float32Array.of(3) } };
 * const config = { rank: 1, alpha: 2, dropout: 0, lastLayers: null, targetModules: ["q"] };
 * const merged = mergeAdapter(weights, { ...config, factors, layerCount: null, baseModel: null });
 * if (merged["q.weight"].data.join() !== "7,13") throw new Error("1 + 2 * 3 * [1, 2]");
 * ```
 */
export function mergeAdapter(
  weights: Readonly<Record<string, ArrayValue>>,
  adapter: Adapter,
): Record<string, ArrayValue> {
  const merged = { ...weights };
  for (const [target, factors] of Object.entries(adapter.factors)) {
    const name = weightName(target);
    checkMatrix(target, factors, weights[name]?.shape);
    const data = (weights[name].data as Float32Array).slice();
    addRows(data, 0, factors, adapter);
    merged[name] = { ...weights[name], data };
  }
  return merged;
}

/** Dtypes of merged weights in files. */
const ENCODERS = {
  F32: (values: Float32Array): ArrayBufferView => values,
  F16: float32ToFloat16,
  BF16: float32ToBfloat16,
} as const;

/** Options of {@link mergeIntoFolder}. */
export interface MergeOptions {
  /** Of all weights. Default: that of each tensor in the model's folder. */
  dtype?: keyof typeof ENCODERS;
  /** Stops between two parts of a tensor; no weights are left then. */
  signal?: AbortSignal;
  /** Values written so far and in all. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Writes a model with the adapter merged into its weights: `model.safetensors` and the other files of its folder, such as configuration,
 * tokenizer and licence.
 *
 * @param modelFolder with `model.safetensors` or shards, in float32, float16 or bfloat16
 * @param outputFolder another folder; made when it is not there
 * @throws {RangeError} when the folders are the same, the output has weights already, or a target's matrix is missing or has another shape
 * @throws the signal's reason when it is aborted
 */
export async function mergeIntoFolder(
  modelFolder: string,
  adapter: Adapter,
  outputFolder: string,
  options: MergeOptions = {},
): Promise<void> {
  const output = join(outputFolder, "model.safetensors");
  if (resolve(modelFolder) === resolve(outputFolder) || existsSync(output)) {
    throw new RangeError(`Cannot merge into ${outputFolder}: expected a folder without weights, got model.safetensors`);
  }
  const source = await openSafetensors(modelFolder);
  try {
    for (const [target, factors] of Object.entries(adapter.factors)) {
      checkMatrix(target, factors, source.tensors.get(weightName(target))?.shape);
    }
    await mkdir(outputFolder, { recursive: true });
    await writeMerged(source, adapter, output, options);
    await copyOthers(modelFolder, outputFolder, source.files);
  } finally {
    await source.close();
  }
}

async function writeMerged(
  source: SafetensorsFolder,
  adapter: Adapter,
  path: string,
  { dtype, signal, onProgress }: MergeOptions,
): Promise<void> {
  const factorsOf = new Map(Object.entries(adapter.factors).map(([name, factors]) => [weightName(name), factors]));
  const dtypeOf = (name: string, stored: StoredTensor) => {
    const own = dtype ?? stored.dtype;
    if (own in ENCODERS) return own as keyof typeof ENCODERS;
    throw new RangeError(`Cannot merge into ${path}: expected ${name} in F32, F16 or BF16, got ${own}`);
  };
  const layout = [...source.tensors].map(
    ([name, stored]): [string, TensorLayout & { dtype: keyof typeof ENCODERS }] => {
      return [name, { dtype: dtypeOf(name, stored), shape: stored.shape }];
    },
  );
  const total = layout.reduce((sum, [, { shape }]) => sum + elementCount(shape), 0);
  let done = 0;
  await writeSafetensorsInParts(path, Object.fromEntries(layout), {
    metadata: { format: "pt" },
    fill: async (write) => {
      for (const [name, { dtype, shape }] of layout) {
        const width = shape.length === 0 ? 1 : elementCount(shape.slice(1));
        const count = elementCount(shape);
        const atOnce = Math.max(1, Math.floor(VALUES_AT_ONCE / width)) * width;
        const factors = factorsOf.get(name);
        for (let first = 0; first < count; first += atOnce) {
          signal?.throwIfAborted();
          const values = new Float32Array(Math.min(atOnce, count - first));
          await source.readFloats(name, first, values);
          if (factors) addRows(values, first / width, factors, adapter);
          const { buffer, byteOffset, byteLength } = ENCODERS[dtype](values);
          await write(
            name,
            first * (dtype === "F32" ? 4 : 2),
            new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
          );
          onProgress?.(done += values.length, total);
        }
      }
    },
  });
}

/** Files beside the weights, such as configuration and tokenizer; folders are left out. */
async function copyOthers(from: string, to: string, weights: readonly string[]): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const isWeights = weights.includes(entry.name) || entry.name.endsWith(".safetensors.index.json");
    if (entry.isDirectory() || isWeights) continue;
    await copyFile(join(from, entry.name), join(to, entry.name));
  }
}
