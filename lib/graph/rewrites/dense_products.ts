// Products with a parameter's matrix, under whichever operators a model wrote them: what quantization replaces.

import { type Graph } from "../graph.ts";
import { add, mul } from "../ops.ts";
import { rewriteGraph } from "../rewrite.ts";
import { isParameter, type Operation, type Parameter, type Tensor } from "../tensor.ts";
import { elementCount } from "../types.ts";
import { floatWeight, reachedWeights, type WeightedGraph, type Weights } from "./weights.ts";

/** `alpha * x W + beta * bias` with W `[k, n]`, stored as it is or transposed. */
export interface DenseProduct {
  readonly parameter: Parameter;
  /** The parameter is `[n, k]`. */
  readonly transposed: boolean;
  readonly k: number;
  readonly n: number;
  readonly alpha: number;
  readonly beta: number;
}

/** The operation as a product with a parameter, or null. The left operand is its input 0, a bias its input 2. */
export function denseProduct({ type, inputs, attributes }: Operation): DenseProduct | null {
  if (type !== "MatMul" && type !== "Gemm") return null;
  if (attributes.transA) return null;
  const right = matrixParameter(inputs[1]);
  if (!right || inputs[0].dtype !== "float32" || right.parameter.dtype !== "float32") return null;
  const transposed = right.transposed !== Boolean(attributes.transB);
  const [rows, columns] = right.parameter.shape as number[];
  const [k, n] = transposed ? [columns, rows] : [rows, columns];
  const factor = (value: unknown) => (value === undefined ? 1 : Number(value));
  const { parameter } = right;
  return { parameter, transposed, k, n, alpha: factor(attributes.alpha), beta: factor(attributes.beta) };
}

function matrixParameter(tensor: Tensor): { parameter: Parameter; transposed: boolean } | null {
  if (isParameter(tensor)) return tensor.shape.length === 2 ? { parameter: tensor, transposed: false } : null;
  const { source } = tensor;
  if (source.kind !== "operation" || source.type !== "Transpose" || tensor.shape.length !== 2) return null;
  const inner = matrixParameter(source.inputs[0]);
  const swapped = (source.attributes.perm as readonly number[])[0] === 1;
  return inner && { parameter: inner.parameter, transposed: inner.transposed !== swapped };
}

/** Which products a quantization replaces; the others stay in float32. */
export interface ProductSelection {
  /** Called with the name of the parameter. Default: all. */
  select?: (parameterName: string) => boolean;
}

/** The float32 matrix of a product, row-major `[k, n]`. */
export function productMatrix({ parameter, transposed, k, n }: DenseProduct, weights: Weights): Float32Array {
  const values = floatWeight(parameter, weights);
  return transposed ? transposedMatrix(values, { k, n }) : values;
}

/** The transpose `[k, n]` of `[n, k]`. */
export function transposedMatrix(values: Float32Array, { k, n }: Pick<DenseProduct, "k" | "n">): Float32Array {
  const matrix = new Float32Array(elementCount([k, n]));
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < k; column++) matrix[column * n + row] = values[row * k + column];
  }
  return matrix;
}

/** What a quantization puts in the place of `x W`: the product, and values of the parameters that it needs. */
export interface Replaced {
  readonly product: Tensor;
  readonly weights: Weights;
  /** The product with a bias `[n]`, where one operator does both. */
  readonly withBias?: (bias: Tensor) => Tensor;
}

/** Replaces each selected product, with its factors and bias added again. */
export function replaceProducts(
  { graph, weights }: WeightedGraph,
  { select = () => true }: ProductSelection,
  replace: (product: DenseProduct, x: Tensor, original: Operation) => Replaced | null,
): WeightedGraph {
  const converted: Record<string, Weights[string]> = {};
  const rewritten: Graph = rewriteGraph(graph, {
    operation(operation, inputs) {
      const dense = denseProduct(operation);
      if (!dense || !select(dense.parameter.source.name)) return null;
      const replaced = replace(dense, inputs[0], operation);
      if (!replaced) return null;
      Object.assign(converted, replaced.weights);
      const bias = inputs[2];
      if (bias && replaced.withBias && isPlainBias(dense, bias)) return [replaced.withBias(bias)];
      const scaled = dense.alpha === 1 ? replaced.product : mul(replaced.product, dense.alpha);
      return [bias ? add(scaled, dense.beta === 1 ? bias : mul(bias, dense.beta)) : scaled];
    },
  });
  return reachedWeights(rewritten, weights, converted);
}

function isPlainBias({ alpha, beta, n }: DenseProduct, { shape, dtype }: Tensor): boolean {
  return alpha === 1 && beta === 1 && dtype === "float32" && shape.length === 1 && shape[0] === n;
}

/** One tensor for each key, so that a matrix used twice is converted and stored once. */
export function once<T>(): (key: string, make: () => T) => T {
  const made = new Map<string, T>();
  return (key, make) => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key)!;
  };
}
