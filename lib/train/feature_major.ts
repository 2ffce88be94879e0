// Layout for training on the CPU: activations as [features, batch] rather than [batch, features].
//
// The matrix product packs its right operand anew at every call. With y = x W' that is the weight, with y' = W x' the activations,
// which are smaller in small batches. The rewrite is exact up to rounding, and gradients are taken after it.

import {
  concreteShape,
  elementCount,
  gelu,
  gemm,
  type Graph,
  isParameter,
  type Operation,
  relu,
  reshape,
  rewriteGraph,
  sigmoid,
  tanh,
  type Tensor,
  topologicalOrder,
  transpose,
} from "../graph/mod.ts";

/** Operators of one value that a transposition can be moved past. */
const ELEMENTWISE: Readonly<Partial<Record<string, (x: Tensor, operation: Operation) => Tensor>>> = {
  Relu: relu,
  Tanh: tanh,
  Sigmoid: sigmoid,
  Gelu: (x, { attributes }) => gelu(x, attributes.approximate as "none" | "tanh"),
};

/**
 * Values of the largest activation up to which columns are faster: 1 MiB. Beyond it they leave the second-level cache between the
 * product's passes over them, which rows do not (measured: 6% slower at 4096 x 256, 9% at 8192 x 256).
 */
const LARGEST_ACTIVATION = 2 ** 18;

/**
 * The same graph with its linear layers on matrices, and the activations between them, computed in columns; or the graph
 * itself, where rows are faster.
 *
 * @param original with fixed dimensions
 */
export function featureMajor(original: Graph): Graph {
  const products = topologicalOrder(Object.values(original.outputs)).filter(({ type }) => type === "Gemm");
  const sizes = products.map(({ outputs: [y] }) => elementCount(concreteShape(y.shape, original.name)));
  if (Math.max(0, ...sizes) > LARGEST_ACTIVATION) return original;
  return rewriteGraph(original, {
    operation(operation, inputs) {
      if (operation.type === "Gemm") return linearInColumns(operation, inputs);
      const elementwise = ELEMENTWISE[operation.type];
      const columns = untransposed(inputs[0]);
      return elementwise && columns ? [transpose(elementwise(columns, operation))] : null;
    },
  });
}

/** `x W' + b` as the transpose of `W x' + b`; null where the product is no linear layer. */
function linearInColumns({ attributes }: Operation, [x, weight, bias]: readonly Tensor[]): Tensor[] | null {
  const { transA, transB, alpha, beta } = attributes;
  if (transA || !transB || alpha !== 1 || beta !== 1 || !isParameter(weight)) return null;
  if (bias && bias.shape.length !== 1) return null;
  const columns = untransposed(x);
  const offset = bias ? reshape(bias, [bias.shape[0], 1]) : null;
  return [transpose(gemm(weight, columns ?? x, offset, { transB: !columns }))];
}

/** What a matrix is the transpose of, if it was made so. */
function untransposed({ source }: Tensor): Tensor | null {
  const isTransposed = source.kind === "operation" && source.type === "Transpose" &&
    source.inputs[0].shape.length === 2;
  return isTransposed ? source.inputs[0] : null;
}
