// An LFM2 model from a folder as the hub has it: config.json and safetensors. Files in float32 are mapped into memory as they are; other
// float32 weights are converted in memory, and matrices in fewer bits once into a file beside the weights, which is mapped.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openSafetensors, type SafetensorsFolder } from "../../data/mod.ts";
import {
  type ArrayValue,
  type BlockActivations,
  fusableNorms,
  type Graph,
  planAsIs,
  planBlocks,
  planFloat16,
  type StoragePlan,
} from "../../graph/mod.ts";
import { compileResident, type ExternalWeights, type ProviderName } from "../../runtime/mod.ts";
import { modelNotice, NOTICE_FILES, writeModelNotice } from "../model_notice.ts";
import {
  checkTensors,
  type ConversionOptions,
  mappedWeights,
  storedBytes,
  weightsInFile,
  weightsInMemory,
} from "../stored_weights.ts";
import { type Lfm2Config, lfm2ParameterCount, readLfm2Config } from "./config.ts";
import type { LanguageModel, WeightFormat } from "./language_model.ts";
import { lfm2Caches, lfm2Graph } from "./model.ts";
import { startSequence } from "./sequence.ts";

/** Options of `openLfm2`. */
export interface OpenLfm2Options extends ConversionOptions {
  /** Default `float32`. `float16` needs WebGPU: on a CPU ONNX Runtime computes it in float32, in twice its memory. */
  weights?: WeightFormat;
  /** Default `cpu`. */
  provider?: "cpu" | "webgpu";
  /** Threads inside one operator. Default 0: as many as there are physical cores. */
  threads?: number;
  /**
   * With int8 and int4 on the CPU: what activations are in products. `int8` rounds them too, by blocks of 32, and is several times
   * faster. Default `int8`.
   */
  activations?: BlockActivations;
  /** Where converted weights are kept. Default: `converted` in the model's folder. */
  cacheFolder?: string;
  /** Write ONNX Runtime's profile to a file of this prefix when the model is released. */
  profilePrefix?: string;
}

/** In files of models whose embeddings are tied, and not read. */
const IGNORED = ["lm_head.weight"];

/**
 * Opens a model.
 *
 * @param folder with `config.json`, and `model.safetensors` or shards with `model.safetensors.index.json`, in bfloat16, float16 or float32
 * @throws {RangeError} when a file is missing, cut short or of another architecture, or a tensor is missing, unknown or of another shape;
 *   no partial file is left
 * @throws {Error} when the provider is not part of the installed ONNX Runtime, or there is no device
 * @throws the signal's reason when it is aborted
 *
 * @example
 * ```ts ignore
 * import { openLfm2 } from "lib/models/lfm2/open.ts";
 * const model = await openLfm2("models/lfm2-1.2b", { weights: "int4" });
 * const sequence = model.start(1);
 * const logits = await sequence.feed([[1, 6, 6423, 708]]); // [1, 65536], of the token that follows
 * sequence.release();
 * await model.release();
 * ```
 */
export async function openLfm2(folder: string, options: OpenLfm2Options = {}): Promise<LanguageModel> {
  const { weights = "float32", provider = "cpu", activations = "int8" } = options;
  if (weights === "float16" && provider === "cpu") {
    const why = "ONNX Runtime computes float16 in float32 there, in twice its memory";
    throw new RangeError(`Cannot open ${folder}: expected float32, int8 or int4 on the CPU, got float16 (${why})`);
  }
  const config = await readConfig(folder);
  const plan = planLfm2(config, { weights, activations: provider === "cpu" ? activations : "float32" });
  const source = await openSafetensors(folder);
  try {
    checkTensors(source, plan, { ignored: config.tieEmbeddings ? IGNORED : [] });
    return await compiled({
      config,
      weights,
      plan,
      ...await placeWeights(source, plan, { ...options, weights, provider }),
    }, options);
  } finally {
    await source.close();
  }
}

/** The graph of a model with its weights in a format, and how its parameters are made. */
export function planLfm2(
  config: Lfm2Config,
  { weights, activations = "int8" }: { weights: WeightFormat; activations?: BlockActivations },
): StoragePlan {
  const graph: Graph = fusableNorms(lfm2Graph(config));
  switch (weights) {
    case "float32":
      return planAsIs(graph);
    case "float16":
      return planFloat16(graph);
    case "int8":
      return planBlocks(graph, { bits: 8, activations });
    case "int4":
      return planBlocks(graph, { bits: 4, activations });
  }
}

async function readConfig(folder: string): Promise<Lfm2Config> {
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
interface PlacedWeights {
  /** Fed at each run. */
  parameters: Readonly<Record<string, ArrayValue>>;
  external?: ExternalWeights;
}

async function placeWeights(
  source: SafetensorsFolder,
  plan: StoragePlan,
  { weights, provider, cacheFolder = join(source.folder, "converted"), signal, onProgress }: OpenLfm2Options & {
    weights: WeightFormat;
    provider: ProviderName;
  },
): Promise<PlacedWeights> {
  if (weights === "float32") {
    const external = mappedWeights(source, plan);
    if (external) return { parameters: {}, external };
    if (provider === "cpu") return { parameters: await weightsInMemory(source, plan, { signal, onProgress }) };
  }
  const path = join(cacheFolder, `${weights}.safetensors`);
  const external = await weightsInFile(source, plan, { path, label: weights, signal, onProgress });
  const notice = modelNotice(source.folder);
  if (notice !== null && !existsSync(join(cacheFolder, NOTICE_FILES.notice))) {
    await writeModelNotice(cacheFolder, notice, "weights converted to other number formats by Latent Lab");
  }
  return { parameters: {}, external };
}

interface Prepared {
  config: Lfm2Config;
  weights: WeightFormat;
  plan: StoragePlan;
  parameters: PlacedWeights["parameters"];
  external?: ExternalWeights;
}

async function compiled(
  { config, weights, plan, parameters, external }: Prepared,
  { provider = "cpu", threads, profilePrefix }: OpenLfm2Options,
): Promise<LanguageModel> {
  const resident = lfm2Caches(config).map(({ output }) => output);
  const weightsInPlace = weights === "float32" && provider === "cpu";
  const session = await compileResident(plan.graph, {
    ...{ provider, threads, profilePrefix, resident, external, weightsInPlace },
  });
  let open = true;
  const expectOpen = () => {
    if (!open) throw new Error("Cannot feed tokens: the model was released");
  };
  const weightBytes = storedBytes(plan);
  return {
    config,
    weights,
    provider,
    parameterCount: lfm2ParameterCount(config),
    weightBytes,
    bytesPerStep: weightBytes - lookedUpBytes(config, plan),
    start: (batchSize) => {
      expectOpen();
      return startSequence({ config, session, parameters, expectOpen }, batchSize);
    },
    release: async () => {
      if (!open) return;
      open = false;
      await session.release();
    },
  };
}

/** Bytes of a table of embeddings of which a step reads some rows only. */
function lookedUpBytes({ tieEmbeddings }: Lfm2Config, { graph, stored }: StoragePlan): number {
  if (tieEmbeddings) return 0;
  const table = stored.find(({ source }) => source.source.name === "model.embed_tokens.weight")!;
  const names = table.results.map(({ source }) => source.name);
  return storedBytes({
    graph: { ...graph, parameters: graph.parameters.filter(({ source }) => names.includes(source.name)) },
  });
}
