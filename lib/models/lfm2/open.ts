// An LFM2 model from a folder as the hub has it: config.json and safetensors. Files in float32 are mapped into memory as they are; other
// float32 weights are converted in memory, and matrices in fewer bits once into a file beside the weights, which is mapped.

import { openSafetensors } from "../../data/mod.ts";
import {
  type ArrayValue,
  type BlockActivations,
  fuseNorms,
  type Graph,
  type Parameter,
  planAsIs,
  planBlocks,
  planFloat16,
  type StoragePlan,
} from "../../graph/mod.ts";
import { compileResident, type ExternalWeights } from "../../runtime/mod.ts";
import { checkTensors, type ConversionOptions, storedBytes } from "../stored_weights.ts";
import { IGNORED_TENSORS, type PlacedWeights, placeWeights, readLfm2Folder } from "./base_weights.ts";
import { type Lfm2Config, lfm2ParameterCount } from "./config.ts";
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
  /** Adds parameters to the model, such as an adapter's; not with float16. */
  addition?: ModelAddition;
  /** Write ONNX Runtime's profile to a file of this prefix when the model is released. */
  profilePrefix?: string;
}

/** What a model gets beside its own parameters. */
export interface ModelAddition {
  /** The graph with the added parameters. */
  readonly rewrite: (graph: Graph) => Graph;
  /** Their values in float32, by name; they stay so whatever the other weights are held in. */
  readonly parameters: Readonly<Record<string, ArrayValue>>;
}

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
  const { weights = "float32", provider = "cpu", activations = "int8", addition } = options;
  if (weights === "float16" && provider === "cpu") {
    const why = "ONNX Runtime computes float16 in float32 there, in twice its memory";
    throw new RangeError(`Cannot open ${folder}: expected float32, int8 or int4 on the CPU, got float16 (${why})`);
  }
  if (weights === "float16" && addition) {
    throw new RangeError(`Cannot open ${folder} with an addition: expected float32, int8 or int4, got float16`);
  }
  const config = await readLfm2Folder(folder);
  const plan = planLfm2(config, { weights, activations: provider === "cpu" ? activations : "float32", addition });
  const own = withoutParameters(plan, Object.keys(addition?.parameters ?? {}));
  const source = await openSafetensors(folder);
  try {
    checkTensors(source, own, { ignored: config.tieEmbeddings ? IGNORED_TENSORS : [] });
    const { parameters, external } = await placeWeights(source, own, { ...options, format: weights, provider });
    const all = { ...parameters, ...addition?.parameters };
    return await compiled({ config, weights, plan, parameters: all, external }, options);
  } finally {
    await source.close();
  }
}

/** The graph of a model with its weights in a format, and how its parameters are made. */
export function planLfm2(
  config: Lfm2Config,
  { weights, activations = "int8", addition }: {
    weights: WeightFormat;
    activations?: BlockActivations;
    addition?: ModelAddition;
  },
): StoragePlan {
  const plain = lfm2Graph(config);
  const graph: Graph = fuseNorms(addition ? addition.rewrite(plain) : plain);
  const select = (name: string) => !Object.hasOwn(addition?.parameters ?? {}, name);
  switch (weights) {
    case "float32":
      return planAsIs(graph);
    case "float16":
      return planFloat16(graph);
    case "int8":
      return planBlocks(graph, { bits: 8, activations, select });
    case "int4":
      return planBlocks(graph, { bits: 4, activations, select });
  }
}

/** A plan without parameters whose values come from elsewhere. */
function withoutParameters({ graph, stored }: StoragePlan, names: readonly string[]): StoragePlan {
  const other = ({ source: { name } }: Parameter) => !names.includes(name);
  return {
    graph: { ...graph, parameters: graph.parameters.filter(other) },
    stored: stored.filter(({ source }) => other(source)),
  };
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
