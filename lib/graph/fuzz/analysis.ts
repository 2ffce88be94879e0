// The abstract interpreter: a graph's float64 values, a bound on the error of each, and whether they keep away from jumps.

import { fixDims, sizesOfNames } from "../dimensions.ts";
import { type Graph, topologicalOrder } from "../graph.ts";
import { operatorOf } from "../operator.ts";
import type { Operation, Tensor } from "../tensor.ts";
import { elementCount, formatShape, isFloating, type NdArray, type Shape } from "../types.ts";
import type { Bounded } from "./bounds.ts";
import { type FuzzFeeds, numbersIn } from "./case.ts";
import { ruleOf } from "./rules.ts";

/** Beyond this, sums of integers leave what float32 and int32 hold exactly. */
const LARGEST_INTEGER = 2 ** 23;
/** Beyond this, products and exponentials leave float16, and a graph says little. */
const LARGEST_VALUE = 5e3;
/** A tensor whose error bound is a larger part of its largest value than this would hide a 1% error. */
const LARGEST_RELATIVE_ERROR = 2e-3;

/** Values and error bounds of tensors, computed as far as asked. */
export class Analysis {
  readonly #values = new Map<Tensor, Bounded>();

  /** @param sizes size of each named dimension */
  constructor(readonly sizes: Readonly<Record<string, number>>) {}

  /** The shape with its names replaced by sizes. */
  shapeOf(shape: Shape): number[] {
    return fixDims(shape, this.sizes) as number[];
  }

  /** Gives an input or parameter its values, which are exact unless an error is given. */
  feed(leaf: Tensor, data: Float64Array, error: Float64Array = new Float64Array(data.length)): void {
    const { dtype } = leaf;
    this.#values.set(leaf, { dtype, shape: this.shapeOf(leaf.shape), data, error });
  }

  /** The value of a constant, or of a tensor that was fed or computed. */
  valueOf(tensor: Tensor): Bounded {
    const known = this.#values.get(tensor);
    if (known) return known;
    if (tensor.source.kind !== "constant") throw new Error("internal: a tensor is used before it is computed");
    const { data } = tensor.source;
    // A float32 executor holds the nearest float32 of a constant.
    const error = tensor.dtype === "float32"
      ? data.map((value) => (Number.isFinite(value) ? Math.abs(Math.fround(value) - value) : 0))
      : new Float64Array(data.length);
    const value = { dtype: tensor.dtype, shape: tensor.shape as number[], data, error };
    this.#values.set(tensor, value);
    return value;
  }

  /** Computes tensors and all they depend on; says what makes them unfit for a comparison, or null. */
  compute(outputs: readonly Tensor[]): string | null {
    for (const operation of topologicalOrder(outputs)) {
      if (this.#values.has(operation.outputs[0])) continue;
      const problem = this.#apply(operation);
      if (problem) return problem;
    }
    return null;
  }

  #apply(operation: Operation): string | null {
    const { evaluate } = operatorOf(operation.type);
    const rule = ruleOf(operation.type);
    const inputs = operation.inputs.map((tensor) => this.valueOf(tensor));
    const types = operation.outputs.map(({ dtype, shape }) => ({ dtype, shape: this.shapeOf(shape) }));
    const outputs = evaluate(inputs, operation.attributes, types);
    const context = {
      operation,
      inputs,
      outputs,
      attributes: operation.attributes,
      evaluate: (others: readonly NdArray[], attributes = operation.attributes) => evaluate(others, attributes, types),
    };
    const problem = rule.margin?.(context) ?? null;
    if (problem) return problem;
    const errors = rule.bound(context);
    const bounded = outputs.map((output, i) => ({ ...output, error: errors[i] }));
    operation.outputs.forEach((tensor, i) => this.#values.set(tensor, bounded[i]));
    return bounded.map((value) => unfit(operation, value)).find((text) => text !== null) ?? null;
  }
}

function unfit({ type }: Operation, { dtype, data, error }: Bounded): string | null {
  let [largest, largestError] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i]) || !Number.isFinite(error[i])) return `${type} gives ${data[i]} +- ${error[i]}`;
    largest = Math.max(largest, Math.abs(data[i]));
    largestError = Math.max(largestError, error[i]);
  }
  const limit = isFloating(dtype) ? LARGEST_VALUE : LARGEST_INTEGER;
  if (largest > limit) return `${type} gives ${largest}, above ${limit}`;
  if (isFloating(dtype) && largestError > LARGEST_RELATIVE_ERROR * largest) {
    return `${type} may be wrong by ${largestError} of ${largest}`;
  }
  return null;
}

/** What a graph's values are on given feeds. */
export interface GraphAnalysis {
  /** Why the graph is unfit for a comparison on these feeds; null when it is fit. */
  readonly problem: string | null;
  /** Values and error bounds of the outputs; empty when there is a problem. */
  readonly outputs: Readonly<Record<string, Bounded>>;
  /** Values and error bounds of all tensors, when there is no problem. */
  readonly analysis: Analysis;
}

/** Values and error bounds of a graph's outputs, and whether they are fit for a comparison with other executors. */
export function analyse(graph: Graph, feeds: FuzzFeeds): GraphAnalysis {
  const leaves = [
    ...Object.entries(graph.inputs),
    ...graph.parameters.map((leaf) => [leaf.source.name, leaf] as const),
  ];
  const analysis = new Analysis(sizesOfNames(leaves.map(([name, { shape }]) => [shape, feeds[name].shape])));
  for (const [name, leaf] of leaves) {
    const { data } = feeds[name];
    const expected = analysis.shapeOf(leaf.shape);
    if (elementCount(expected) !== data.length) {
      throw new TypeError(`Cannot analyse: expected ${name} ${formatShape(expected)}, got ${data.length} values`);
    }
    analysis.feed(leaf, numbersIn({ data }));
  }
  const problem = analysis.compute(Object.values(graph.outputs));
  if (problem) return { problem, outputs: {}, analysis };
  const outputs = Object.entries(graph.outputs).map(([name, tensor]) => [name, analysis.valueOf(tensor)]);
  return { problem, outputs: Object.fromEntries(outputs), analysis };
}
