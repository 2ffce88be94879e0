// Which linear layers LoRA adapts, found in the graph of a model: by their names, in its last layers. Nothing is allocated.

import {
  denseProduct,
  elementCount,
  type Graph,
  type Operation,
  type Parameter,
  parameterCount,
  type Tensor,
  topologicalOrder,
} from "../../graph/mod.ts";
import type { Model } from "../../nn/mod.ts";
import type { LoraConfig, LoraPlan, LoraTarget } from "./lora_types.ts";

const WEIGHT = ".weight";

/** A product of a graph with the matrix `[outFeatures, inFeatures]` of a linear layer. */
export interface LinearProduct {
  readonly name: string;
  readonly parameter: Parameter;
}

/** The linear layer that an operation applies, or null: `x W' + b` with a parameter called `NAME.weight`. */
export function linearProduct(operation: Operation): LinearProduct | null {
  const product = denseProduct(operation);
  if (!product?.transposed || product.alpha !== 1) return null;
  const { parameter } = product;
  const { name } = parameter.source;
  return name.endsWith(WEIGHT) ? { name: name.slice(0, -WEIGHT.length), parameter } : null;
}

/** The graph of a model, as it is used, or a graph itself. */
export function graphOf(model: Model | Graph): Graph {
  return "trace" in model ? model.trace() : model;
}

/** A linear layer of a model, and the stack of layers that it is part of. */
interface Linear extends LoraTarget {
  readonly stack: string;
}

/**
 * Finds the linear layers that a configuration adapts. A table that is also looked up, such as embeddings that are tied to the output,
 * is none.
 *
 * @param model or its graph, before its weights are stored in fewer bits
 * @throws {RangeError} when a number is out of its range, a name is no linear layer, or there are fewer layers
 *
 * @example
 * ```ts
 * import { LFM2_1_2B, readLfm2Config } from "lib/models/lfm2/config.ts";
 * import { lfm2 } from "lib/models/lfm2/model.ts";
 * import { planLora } from "lib/train/mod.ts";
 * const model = lfm2(readLfm2Config(LFM2_1_2B), { cached: false, logits: "all" });
 * const config = { rank: 8, alpha: 160, dropout: 0, lastLayers: 8, targetModules: ["q_proj", "v_proj"] };
 * const { targets, trainableParameters } = planLora(model, config);
 * if (targets.length !== 8 || trainableParameters !== 212_992) throw new Error("four of the last eight layers attend");
 * ```
 */
export function planLora(model: Model | Graph, config: LoraConfig): LoraPlan {
  checkConfig(config);
  const graph = graphOf(model);
  const linears = linearLayers(graph);
  const sizes = stackSizes(graph);
  const { lastLayers, targetModules } = config;
  const layerCount = Math.max(0, ...sizes.values());
  if (lastLayers !== null && lastLayers > layerCount) {
    throw new RangeError(
      `Cannot adapt ${graph.name}: expected lastLayers up to its ${layerCount} layers, got ${lastLayers}`,
    );
  }
  const within = linears.filter(({ layer, stack }) =>
    lastLayers === null || (layer !== null && layer >= sizes.get(stack)! - lastLayers)
  );
  for (const module of targetModules) {
    if (within.some(({ name }) => isCalled(name, module))) continue;
    throw unknownTarget(graph.name, { module, within, linears, lastLayers });
  }
  const targets = within.filter(({ name }) => targetModules.some((module) => isCalled(name, module)));
  return planOf(graph, config, { targets, layerCount });
}

/** The plan of targets that are known. */
export function planOf(
  graph: Graph,
  { rank, alpha, dropout, lastLayers, targetModules }: LoraConfig,
  { targets, layerCount }: { targets: readonly LoraTarget[]; layerCount: number },
): LoraPlan {
  return {
    ...{ rank, alpha, dropout, lastLayers, targetModules: [...targetModules] },
    targets: targets.map(({ name, layer, inFeatures, outFeatures }) => ({ name, layer, inFeatures, outFeatures })),
    layerCount,
    trainableParameters: targets.reduce(
      (sum, { inFeatures, outFeatures }) => sum + rank * (inFeatures + outFeatures),
      0,
    ),
    frozenParameters: parameterCount(graph),
  };
}

/** All linear layers of a graph, in the order in which it computes them. */
export function linearLayers(graph: Graph): Linear[] {
  const found = new Map<string, Linear>();
  const lookedUp = new Set<Tensor>();
  for (const operation of topologicalOrder(Object.values(graph.outputs))) {
    if (operation.type === "Gather") lookedUp.add(operation.inputs[0]);
    const product = linearProduct(operation);
    if (!product) continue;
    const { name, parameter } = product;
    const [outFeatures, inFeatures] = parameter.shape as number[];
    if (!lookedUp.has(parameter)) found.set(name, { name, ...layerOf(name), inFeatures, outFeatures });
  }
  return [...found.values()];
}

/** `model.layers.8.self_attn.q_proj` is of layer 8 in the stack `model.layers`. */
function layerOf(name: string): { layer: number | null; stack: string } {
  const parts = name.split(".");
  const at = parts.findIndex((part) => /^\d+$/.test(part));
  return at < 0 ? { layer: null, stack: "" } : { layer: Number(parts[at]), stack: parts.slice(0, at).join(".") };
}

/** Layers of each stack, whether or not they have linear layers. */
function stackSizes({ parameters }: Graph): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { source } of parameters) {
    const { layer, stack } = layerOf(source.name);
    if (layer !== null) sizes.set(stack, Math.max(sizes.get(stack) ?? 0, layer + 1));
  }
  return sizes;
}

/** Layers of a model, as the paths of its parameters number them. */
export function layerCountOf(graph: Graph): number {
  return Math.max(0, ...stackSizes(graph).values());
}

/** Numbers of the layers that paths are part of, in order, each once; null among them for those of none. */
export function layersOf(names: readonly string[]): (number | null)[] {
  return [...new Set(names.map((name) => layerOf(name).layer))].sort((a, b) => (a ?? -1) - (b ?? -1));
}

/** What layers call these modules: paths without the number of the layer and what is before it, each once. */
export function modulesOf(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.replace(/^.*?\.\d+\./, "")))].sort();
}

/** Whether a path ends in a module's name. */
export const isCalled = (name: string, module: string): boolean => name === module || name.endsWith(`.${module}`);

function unknownTarget(
  graphName: string,
  { module, within, linears, lastLayers }: {
    module: string;
    within: readonly LoraTarget[];
    linears: readonly LoraTarget[];
    lastLayers: number | null;
  },
): RangeError {
  const where = lastLayers === null ? "" : ` in its last ${lastLayers} layers`;
  const names = (found: readonly LoraTarget[]) =>
    [...new Set(found.map(({ name }) => name.slice(name.lastIndexOf(".") + 1)))].sort().join(", ") || "none";
  const elsewhere = linears.some(({ name }) => isCalled(name, module)) ? ", which is in earlier layers only" : "";
  return new RangeError(
    `Cannot adapt ${graphName}: expected linear layers${where} (${names(within)}), got "${module}"${elsewhere}`,
  );
}

/** @throws {RangeError} naming the field */
export function checkConfig({ rank, alpha, dropout, lastLayers, targetModules }: LoraConfig): void {
  const refuse = (field: string, expected: string, got: unknown) => {
    throw new RangeError(`Cannot use LoRA: expected ${field} ${expected}, got ${JSON.stringify(got) ?? got}`);
  };
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1;
  if (!isCount(rank)) refuse("rank", "to be an integer of at least 1", rank);
  if (!(alpha > 0 && Number.isFinite(alpha))) refuse("alpha", "above 0", alpha);
  if (!(dropout >= 0 && dropout < 1)) refuse("dropout", "in [0, 1)", dropout);
  if (lastLayers !== null && !isCount(lastLayers)) {
    refuse("lastLayers", "to be an integer of at least 1 or null", lastLayers);
  }
  if (targetModules.length === 0) refuse("targetModules", "to have at least one name", targetModules);
}

/** Names of the parameters of a target's factors: A `[rank, inFeatures]` and B `[outFeatures, rank]`. */
export function factorNames(targetName: string): { a: string; b: string } {
  return { a: `${targetName}.lora_A${WEIGHT}`, b: `${targetName}.lora_B${WEIGHT}` };
}

/** Values of the factors of a target. */
export function factorSizes({ inFeatures, outFeatures }: LoraTarget, rank: number): { a: number; b: number } {
  return { a: elementCount([rank, inFeatures]), b: elementCount([outFeatures, rank]) };
}
