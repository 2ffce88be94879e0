// How the frozen parameters of an adapted graph are held: as they are, or its matrices in fewer bits. The factors stay float32.

import {
  type ArrayValue,
  ELEMENT_ARRAYS,
  elementCount,
  formatShape,
  type Graph,
  planAsIs,
  planBlocks,
  planStoredFloat16,
  type StoragePlan,
} from "../../graph/mod.ts";
import { converterOf } from "../../models/weight_conversion.ts";
import type { ExternalWeights } from "../../runtime/mod.ts";
import type { BaseFormat } from "./lora_types.ts";

/** Values of parameters that are not trained: in memory by name, and those that lie in files. */
export interface FrozenWeights {
  readonly parameters: Readonly<Record<string, ArrayValue>>;
  /** ONNX Runtime maps these on the CPU: they are in memory once, and can be dropped from it. */
  readonly external?: ExternalWeights;
}

/**
 * Plans how the frozen matrices of a graph are held. Whatever the format, they are computed with in float32 and never trained; of int8 and
 * int4 only gradients of what they are multiplied with are taken (Dettmers et al. 2023, QLoRA).
 *
 * @param graph adapted, such as the loss of a program whose model `applyLora` gave
 * @returns the graph that reads them; `stored` has the frozen parameters alone
 *
 * @example
 * ```ts
 * import { lfm2 } from "lib/models/lfm2/model.ts";
 * import { LFM2_1_2B, readLfm2Config } from "lib/models/lfm2/config.ts";
 * import { loraGraph, planLora, storeBase } from "lib/train/mod.ts";
 * const graph = lfm2(readLfm2Config(LFM2_1_2B), { cached: false, logits: "all" }).trace();
 * const plan = planLora(graph, { rank: 8, alpha: 16, dropout: 0, lastLayers: 8, targetModules: ["q_proj", "v_proj"] });
 * const { stored } = storeBase(loraGraph(graph, plan), "int4");
 * if (stored.some(({ source }) => source.source.trainable)) throw new Error("factors are not stored in fewer bits");
 * ```
 */
export function storeBase(graph: Graph, format: BaseFormat): StoragePlan {
  const frozen = new Set(graph.parameters.filter(({ source }) => !source.trainable).map(({ source }) => source.name));
  const select = (name: string) => frozen.has(name);
  const plan = planned(graph, format, select);
  return { graph: plan.graph, stored: plan.stored.filter(({ source }) => select(source.source.name)) };
}

function planned(graph: Graph, format: BaseFormat, select: (name: string) => boolean): StoragePlan {
  switch (format) {
    case "float32":
      return planAsIs(graph);
    case "float16":
      return planStoredFloat16(graph, { select });
    case "int8":
      return planBlocks(graph, { bits: 8, select });
    case "int4":
      return planBlocks(graph, { bits: 4, select });
    default:
      throw new RangeError(`Cannot hold the base: expected float32, float16, int8 or int4, got "${format}"`);
  }
}

/**
 * The frozen weights of a model in memory, such as one that was trained here, in the format of a plan. What stays float32 is not copied. For
 * models in folders see `lfm2BaseWeights`.
 *
 * @param plan by `storeBase`
 * @param weights float32, under the names of the model
 * @throws {TypeError} when a weight is missing or misshapen
 */
export function baseWeights({ stored }: StoragePlan, weights: Readonly<Record<string, ArrayValue>>): FrozenWeights {
  const parameters: Record<string, ArrayValue> = {};
  for (const parameter of stored) {
    const { source, form, results } = parameter;
    const { name } = source.source;
    const value = weights[name];
    const expected = `${name} float32 ${formatShape(source.shape)}`;
    if (!value) throw new TypeError(`Cannot hold the base: expected ${expected}, got none`);
    if (value.dtype !== "float32" || formatShape(value.shape) !== formatShape(source.shape)) {
      throw new TypeError(`Cannot hold the base: expected ${expected}, got ${value.dtype} ${formatShape(value.shape)}`);
    }
    if (form.kind === "dense" && form.dtype === "float32") {
      parameters[results[0].source.name] = value;
      continue;
    }
    for (const { dtype, shape, source } of results) {
      const data = new ELEMENT_ARRAYS[dtype](elementCount(shape as number[]));
      parameters[source.name] = { dtype, shape: shape as number[], data };
    }
    const [count, ...rest] = source.shape as number[];
    for (const part of converterOf(parameter, { count, width: elementCount(rest) })(value.data as Float32Array, 0)) {
      const { data } = parameters[part.parameter.source.name];
      new Uint8Array(data.buffer as ArrayBuffer).set(part.bytes, part.position);
    }
  }
  return { parameters };
}
