// Single tensor operations as benchmark subjects, with what each must compute and move by its shapes.

import {
  add,
  type ArrayValue,
  type DType,
  graph,
  input,
  layerNormalization,
  matMul,
  mul,
  parameter,
  quantizeDynamicInt8,
  quantizeWeightOnlyInt4,
  relu,
  reshape,
  softmax,
  type Tensor,
  toFloat16,
  transpose,
} from "../../graph/mod.ts";
import { fillExact } from "../exact_values.ts";
import type { GraphSubject } from "../harness/subject.ts";

/** A subject and its arithmetic. */
export interface TensorOp {
  subject: GraphSubject;
  /** 2 for a multiply-add; null where the operation's count is a matter of taste. */
  flops: number | null;
  /** Every array that must be read or written once. */
  bytes: number;
}

const FLOAT = 4;

/** How a matrix lies in memory: row by row, or as the transpose of one that does. */
export type Layout = "contiguous" | "transposed";

/**
 * A product `[m, k] x [k, n]` of two inputs in float32.
 *
 * @param layout of the left matrix, which is stored `[k, m]` when transposed
 *
 * @example
 * ```ts
 * import { matrixProduct } from "lib/bench/subjects/tensor_ops.ts";
 * const { flops, bytes } = matrixProduct({ m: 1000, k: 1000, n: 1000 });
 * if (flops !== 2e9 || bytes !== 12e6) throw new Error("three matrices of 4 MB");
 * ```
 */
export function matrixProduct(
  { m, k = m, n = m }: { m: number; k?: number; n?: number },
  layout: Layout = "contiguous",
): TensorOp {
  const left = layout === "contiguous" ? input("left", "float32", [m, k]) : transpose(input("left", "float32", [k, m]));
  const product = matMul(left, input("right", "float32", [k, n]));
  const name = `matmul ${m}x${k}x${n}${layout === "contiguous" ? "" : ", left transposed"}`;
  return {
    subject: { name, graph: graph("product", { y: product }) },
    flops: 2 * m * k * n,
    bytes: FLOAT * (m * k + k * n + m * n),
  };
}

/** Operations on every element of a square matrix. */
export const ELEMENTWISE = ["addition", "multiplication", "relu", "softmax"] as const;

/** Arrays that each reads and writes. */
export const STREAMS: Readonly<Record<typeof ELEMENTWISE[number], number>> = {
  addition: 3,
  multiplication: 3,
  relu: 2,
  softmax: 2,
};

/**
 * An operation on a square matrix in float32; softmax is over rows.
 *
 * @param layout of its last operand
 */
export function elementwise(
  kind: typeof ELEMENTWISE[number],
  side: number,
  layout: Layout = "contiguous",
): TensorOp {
  const x = input("x", "float32", [side, side]);
  const last = (name: string) => {
    const tensor = name === "x" ? x : input(name, "float32", [side, side]);
    return layout === "contiguous" ? tensor : transpose(tensor);
  };
  const results: Record<typeof kind, () => Tensor> = {
    addition: () => add(x, last("other")),
    multiplication: () => mul(x, last("other")),
    relu: () => relu(last("x")),
    softmax: () => softmax(last("x")),
  };
  return {
    subject: {
      name: `${kind} ${side}x${side}${layout === "contiguous" ? "" : ", transposed"}`,
      graph: graph(kind, { y: results[kind]() }),
    },
    flops: kind === "softmax" ? null : side * side,
    bytes: STREAMS[kind] * FLOAT * side * side,
  };
}

/** Shape of an attention: `[batch, length, width]`, its width split into heads. */
export interface AttentionShape {
  batch: number;
  length: number;
  width: number;
  heads: number;
}

/** Multiply-adds of the two products of attention, counted 2: `4 B S^2 H`. */
export const attentionFlops = ({ batch, length, width }: AttentionShape) => 4 * batch * length ** 2 * width;

/** `softmax(q k' / sqrt(d)) v` by heads, of plain operators; queries, keys and values are inputs, nothing is projected. */
export function plainAttention(shape: AttentionShape): TensorOp {
  const { batch, length, width, heads } = shape;
  const headDim = width / heads;
  const split = (name: string, order: readonly number[]) =>
    transpose(reshape(input(name, "float32", [batch, length, width]), [batch, length, heads, headDim]), order);
  const scores = matMul(mul(split("query", [0, 2, 1, 3]), 1 / Math.sqrt(headDim)), split("key", [0, 2, 3, 1]));
  const mixed = matMul(softmax(scores), split("value", [0, 2, 1, 3]));
  const y = reshape(transpose(mixed, [0, 2, 1, 3]), [batch, length, width]);
  return {
    subject: { name: `attention ${batch}x${length}x${width}, plain operators`, graph: graph("attention", { y }) },
    flops: attentionFlops(shape),
    bytes: FLOAT * 4 * batch * length * width,
  };
}

/** Layer normalisation over the last dimension. */
export function normalization([batch, length, width]: readonly [number, number, number]): TensorOp {
  const vector = (name: string) => input(name, "float32", [width]);
  const x = input("x", "float32", [batch, length, width]);
  return {
    subject: {
      name: `layer norm ${batch}x${length}x${width}`,
      graph: graph("normalization", { y: layerNormalization(x, vector("scale"), vector("bias")) }),
    },
    flops: null,
    bytes: FLOAT * (2 * batch * length * width + 2 * width),
  };
}

/** Number formats that a product with stored weights is tried in. */
export const FORMATS = ["fp32", "fp16", "bf16", "int8", "int4"] as const;
/** One of {@link FORMATS}. */
export type NumberFormat = typeof FORMATS[number];

/**
 * A product `[m, k] x [k, n]` with a stored matrix in a number format: float16 throughout, int8 with activations quantized at run
 * time, int4 in blocks of 32 with activations in float32.
 *
 * @returns null for bf16: neither the graph nor ONNX Runtime's CPU provider has a product in it
 */
export function storedProduct(
  { m, k, n }: { m: number; k: number; n: number },
  format: NumberFormat,
): TensorOp | null {
  if (format === "bf16") return null;
  const weight = parameter("weight", [k, n], { initializer: { kind: "constant", value: 0 } });
  const source = {
    graph: graph("stored", { y: matMul(input("x", "float32", [m, k]), weight) }),
    weights: { weight: exactMatrix(k, n) },
  };
  const convert = {
    fp32: () => source,
    fp16: () => toFloat16(source, { io: "float16" }),
    int8: () => quantizeDynamicInt8(source),
    int4: () => quantizeWeightOnlyInt4(source),
  };
  const { graph: model, weights } = convert[format]();
  const activationBytes = format === "fp16" ? 2 : FLOAT;
  const stored = Object.values(weights).reduce((bytes, { data }) => bytes + data.byteLength, 0);
  return {
    subject: { name: `product ${m}x${k}x${n} ${format}`, graph: model, weights },
    flops: 2 * m * k * n,
    bytes: stored + activationBytes * (m * k + m * n),
  };
}

function exactMatrix(k: number, n: number): ArrayValue {
  const scale = 2 ** -Math.floor(Math.log2(k) / 2);
  return { dtype: "float32" as DType, shape: [k, n], data: fillExact(new Float32Array(k * n), { stream: 1, scale }) };
}
