// Weights of an LFM2 folder where a session reads them: mapped from their files, converted in memory, or converted once into a file that is
// mapped. For generation (open.ts) and, frozen, for training adapters.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openSafetensors, type SafetensorsFolder } from "../../data/mod.ts";
import { type ArrayValue, planAsIs, type StoragePlan } from "../../graph/mod.ts";
import type { ExternalWeights, ProviderName } from "../../runtime/mod.ts";
import { modelNotice, NOTICE_FILES, writeModelNotice } from "../model_notice.ts";
import {
  checkTensors,
  type ConversionOptions,
  mappedWeights,
  weightsInFile,
  weightsInMemory,
} from "../stored_weights.ts";
import { type Lfm2Config, readLfm2Config } from "./config.ts";
import type { WeightFormat } from "./language_model.ts";
import { lfm2Graph } from "./model.ts";

/** In files of models whose embeddings are tied, and not read. */
export const IGNORED_TENSORS = ["lm_head.weight"];

/** Options of a placement. */
export interface PlacingOptions extends ConversionOptions {
  /** Where converted weights are kept. Default: `converted` in the model's folder. */
  cacheFolder?: string;
}

/**
 * The configuration in a model's folder.
 *
 * @throws {RangeError} when there is no config.json, or it is no JSON or of another architecture
 */
export async function readLfm2Folder(folder: string): Promise<Lfm2Config> {
  const path = join(folder, "config.json");
  if (!existsSync(path)) throw new RangeError(`Cannot open ${folder}: expected config.json, got none`);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new RangeError(`Cannot read ${path}: expected JSON, got ${error instanceof Error ? error.message : error}`);
  }
  return readLfm2Config(json);
}

/** Where the session finds the weights. */
export interface PlacedWeights {
  /** In memory, to be fed at each run. */
  parameters: Readonly<Record<string, ArrayValue>>;
  external?: ExternalWeights;
}

/** Finds or makes the weights of a plan in a format, each held once. */
export async function placeWeights(
  source: SafetensorsFolder,
  plan: StoragePlan,
  { format, label = format, provider, cacheFolder = join(source.folder, "converted"), signal, onProgress }:
    & PlacingOptions
    & {
      format: WeightFormat;
      /** What the file of converted weights is called: one a plan. Default: the format. */
      label?: string;
      provider: ProviderName;
    },
): Promise<PlacedWeights> {
  if (format === "float32") {
    const external = mappedWeights(source, plan);
    if (external) return { parameters: {}, external };
    if (provider === "cpu") return { parameters: await weightsInMemory(source, plan, { signal, onProgress }) };
  }
  const path = join(cacheFolder, `${label}.safetensors`);
  const external = await weightsInFile(source, plan, { path, label, signal, onProgress });
  const notice = modelNotice(source.folder);
  if (notice !== null && !existsSync(join(cacheFolder, NOTICE_FILES.notice))) {
    await writeModelNotice(cacheFolder, notice, "weights converted to other number formats by Latent Lab");
  }
  return { parameters: {}, external };
}

/** Options of {@link lfm2BaseWeights}. */
export interface BaseWeightsOptions extends PlacingOptions {
  /** As the plan was made: its frozen matrices. Default `float32`. */
  format?: WeightFormat;
  /** Default `cpu`. */
  provider?: "cpu" | "webgpu";
}

/**
 * The frozen weights of a model that is adapted, each held once: float32 files are mapped as they are, other float32 weights are converted
 * in memory (4.7 GB of LFM2-1.2B), fewer bits once into a file that is mapped, which generation shares.
 *
 * @param folder as `openLfm2` takes it
 * @param plan of the adapted graph, by `storeBase`
 * @returns what a stepper takes as `frozen`
 * @throws as `openLfm2`
 */
export async function lfm2BaseWeights(
  folder: string,
  plan: StoragePlan,
  { format = "float32", provider = "cpu", ...options }: BaseWeightsOptions = {},
): Promise<PlacedWeights> {
  const { tieEmbeddings } = await readLfm2Folder(folder);
  const frozen = frozenPart(plan);
  const source = await openSafetensors(folder);
  try {
    checkTensors(source, frozen, { ignored: tieEmbeddings ? IGNORED_TENSORS : [] });
    // In half precision generation has matrices as products read them, adapters as the folder has them.
    const label = format === "float16" ? "float16-rows" : format;
    return await placeWeights(source, frozen, { ...options, format, label, provider });
  } finally {
    await source.close();
  }
}

/**
 * All weights of a model's folder in memory, in float32 by transformers' names: to train them, to merge an adapter into them, to export them.
 *
 * @returns the values, and what identifies the files they came from
 * @throws as `openLfm2`
 */
export async function lfm2Weights(
  folder: string,
  options: ConversionOptions = {},
): Promise<{ weights: Record<string, ArrayValue>; fingerprint: string }> {
  const config = await readLfm2Folder(folder);
  const plan = planAsIs(lfm2Graph(config));
  const source = await openSafetensors(folder);
  try {
    checkTensors(source, plan, { ignored: config.tieEmbeddings ? IGNORED_TENSORS : [] });
    return { weights: await weightsInMemory(source, plan, options), fingerprint: source.fingerprint };
  } finally {
    await source.close();
  }
}

/** The plan without the factors, whose values are in no folder. */
function frozenPart({ graph, stored }: StoragePlan): StoragePlan {
  const names = new Set(stored.flatMap(({ results }) => results.map(({ source }) => source.name)));
  return { graph: { ...graph, parameters: graph.parameters.filter(({ source }) => names.has(source.name)) }, stored };
}
