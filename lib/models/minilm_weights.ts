// The teacher's parameters from a `model.safetensors`: every tensor that the graph needs, of its shape, and none that is unknown.

import { readSafetensors, type SafetensorsTensor, toFloat32 } from "../data/mod.ts";
import { formatShape, type Graph, type Parameter } from "../graph/mod.ts";
import type { ArrayValue } from "../runtime/mod.ts";
import { checkTensorNames } from "./stored_weights.ts";

/** Parts of a `BertModel` that sentence embeddings do not use: the pooling of the first token, and a table of 0, 1, 2, ... */
const UNUSED = ["pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids"];
/** Written before every name by classes that contain the encoder. */
const PREFIX = "bert.";

/**
 * Reads the parameters of a graph from a safetensors file.
 *
 * @param graph whose parameters have the names of transformers' `BertModel`; in the file they may follow `bert.`
 * @returns float32 values by the graph's names, for `compile`
 * @throws {RangeError} naming tensors that are missing, unknown or of another shape
 * @throws {TypeError} for a tensor that is not floating
 */
export async function loadMinilmWeights(path: string, graph: Graph): Promise<Record<string, ArrayValue>> {
  const { tensors } = await readSafetensors(path);
  return minilmWeights(tensors, { graph, label: path });
}

/** As `loadMinilmWeights`, of tensors already in memory; `label` names them in errors. */
export function minilmWeights(
  tensors: Readonly<Record<string, SafetensorsTensor>>,
  { graph, label }: { graph: Graph; label: string },
): Record<string, ArrayValue> {
  const found = new Map(Object.entries(tensors).map(([name, tensor]) => [withoutPrefix(name), tensor]));
  const wanted = graph.parameters.map(({ source }) => source.name);
  checkTensorNames(label, [...found.keys()], { wanted, ignored: UNUSED });
  return Object.fromEntries(graph.parameters.map((parameter) => {
    const { name } = parameter.source;
    return [name, valueOf(parameter, found.get(name)!, label)];
  }));
}

const withoutPrefix = (name: string) => name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;

function valueOf({ shape, source: { name } }: Parameter, tensor: SafetensorsTensor, label: string): ArrayValue {
  if (tensor.shape.join() !== shape.join()) {
    throw new RangeError(
      `Cannot load ${label}: expected ${name} ${formatShape(shape)}, got ${formatShape(tensor.shape)}`,
    );
  }
  const data = toFloat32(tensor);
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new RangeError(`Cannot load ${label}: expected finite values, got ${data[wrong]} in ${name}`);
  return { dtype: "float32", shape: shape as number[], data };
}
