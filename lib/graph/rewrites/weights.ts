// Values of parameters beside their graph: a rewrite that changes a parameter's dtype or packing changes both together.

import { type Graph } from "../graph.ts";
import { isParameter, type Parameter, parameter, type Tensor } from "../tensor.ts";
import { type ArrayValue, elementCount, formatShape } from "../types.ts";

/** Values of parameters by name. */
export type Weights = Readonly<Record<string, ArrayValue>>;

/** A graph and a value for each of its parameters. */
export interface WeightedGraph {
  readonly graph: Graph;
  readonly weights: Weights;
}

/** Whether a leaf is a float32 parameter with more than one dimension above 1. */
export function isMatrixParameter(leaf: Tensor): leaf is Parameter {
  return isParameter(leaf) && leaf.dtype === "float32" && leaf.shape.filter((size) => size !== 1).length > 1;
}

/**
 * The float32 values of a parameter.
 *
 * @throws {TypeError} when there are none, or not in the parameter's shape
 */
export function floatWeight({ shape, source: { name } }: Parameter, weights: Weights): Float32Array {
  const value = weights[name];
  const expected = `${name} float32 ${formatShape(shape)}`;
  if (!value) throw new TypeError(`Cannot convert weights: expected ${expected}, got none`);
  if (value.dtype !== "float32" || value.data.length !== elementCount(shape as number[])) {
    throw new TypeError(
      `Cannot convert weights: expected ${expected}, got ${value.dtype} ${
        formatShape(value.shape)
      } with ${value.data.length} values`,
    );
  }
  return value.data as Float32Array;
}

/** A parameter that stands for a converted value; nothing trains it. */
export function convertedParameter(name: string, { dtype, shape }: Pick<ArrayValue, "dtype" | "shape">): Parameter {
  return parameter(name, shape, { dtype, trainable: false, initializer: { kind: "constant", value: 0 } });
}

/** The values that a rewritten graph still needs. */
export function reachedWeights(graph: Graph, ...sources: Weights[]): WeightedGraph {
  const all: Record<string, ArrayValue> = Object.assign({}, ...sources);
  const names = graph.parameters.map(({ source }) => source.name);
  const missing = names.find((name) => !all[name]);
  if (missing) throw new TypeError(`Cannot convert weights: expected a value for ${missing}, got none`);
  return { graph, weights: Object.fromEntries(names.map((name) => [name, all[name]])) };
}
