// The same numbers from programs that WebGPU can send, from fewer of them, and without copies of large matrices.

import type { Graph } from "../graph.ts";
import { gemm, reshape } from "../ops.ts";
import { split } from "../ops_indexing.ts";
import { rewriteGraph } from "../rewrite.ts";
import type { Operation, Tensor } from "../tensor.ts";
import { elementCount, tensorBytes } from "../types.ts";
import { fuseNorms } from "./fuse_norms.ts";
import { inputsOf } from "./patterns.ts";

/** Most parts of one Split: with what they are cut from, `maxStorageBuffersPerShaderStage` of any WebGPU device. */
const MOST_PARTS = 7;

/** The largest matrix that is copied to be transposed. */
const LARGEST_COPY_BYTES = 128 * 2 ** 20;

/**
 * Rewrites a graph into what ONNX Runtime's WebGPU provider can run: a Split into more than seven parts as a tree of such Splits, since it
 * writes each part to a buffer of its own and WebGPU guarantees no more than eight to a program. And into what costs less there:
 *
 * - each RMSNorm as one program ({@link fuseNorms});
 * - a transpose of a transpose as what was transposed;
 * - products with a transposed matrix of more than 128 MiB, such as a table of embeddings, by Gemm, which reads it as it lies: on an H200
 *   twice the time of transposing and MatMul, and no copy of half a gigabyte.
 *
 * Splits and transposes give the same bits, norms and products the same up to rounding.
 *
 * @param options largestCopy: the largest matrix to transpose, in bytes; default 128 MiB
 *
 * @example
 * ```ts
 * import { concat, forWebGpu, graph, input, split, topologicalOrder } from "lib/graph/mod.ts";
 * const parts = split(input("x", "float32", [8]), Array(8).fill(1), 0);
 * const written = forWebGpu(graph("reversed", { y: concat(parts.toReversed(), 0) }));
 * const splits = topologicalOrder([written.outputs.y]).filter(({ type }) => type === "Split");
 * if (splits.some(({ outputs }) => outputs.length > 7)) throw new Error("at most seven parts each");
 * ```
 */
export function forWebGpu(
  original: Graph,
  { largestCopy = LARGEST_COPY_BYTES }: { largestCopy?: number } = {},
): Graph {
  return rewriteGraph(fuseNorms(original), {
    operation(operation, inputs) {
      switch (operation.type) {
        case "Split":
          return splitInTree(operation, inputs);
        case "Transpose":
          return transposedBack(operation, inputs);
        case "MatMul":
          return productInPlace(operation, inputs, largestCopy);
        default:
          return null;
      }
    },
  });
}

function splitInTree({ attributes, outputs }: Operation, [x]: readonly Tensor[]): readonly Tensor[] | null {
  if (outputs.length <= MOST_PARTS) return null;
  const axis = Number(attributes.axis);
  return cut(x, outputs.map(({ shape }) => shape.at(axis) as number), axis);
}

/** Cuts a tensor by as few programs as possible; beyond seven parts, the first ones are cut from a part of it. */
function cut(x: Tensor, sizes: readonly number[], axis: number): readonly Tensor[] {
  if (sizes.length === 1) return [x];
  let largestChunk = 1;
  while (largestChunk * MOST_PARTS < sizes.length) largestChunk *= MOST_PARTS;
  const chunks: (readonly number[])[] = [];
  for (let start = 0; start < sizes.length;) {
    const forLater = MOST_PARTS - 1 - chunks.length;
    const end = start + Math.max(1, Math.min(largestChunk, sizes.length - start - forLater));
    chunks.push(sizes.slice(start, end));
    start = end;
  }
  const parts = split(x, chunks.map((chunk) => chunk.reduce((sum, size) => sum + size, 0)), axis);
  return chunks.flatMap((chunk, i) => cut(parts[i], chunk, axis));
}

function transposedBack({ attributes }: Operation, [transposed]: readonly Tensor[]): readonly Tensor[] | null {
  const original = inputsOf(transposed, "Transpose");
  if (!original) return null;
  const first = permOf(transposed);
  const isUndone = (attributes.perm as readonly number[]).every((axis, i) => first[axis] === i);
  return isUndone ? original : null;
}

function permOf({ source }: Tensor): readonly number[] {
  return source.kind === "operation" ? source.attributes.perm as readonly number[] : [];
}

function productInPlace(
  { outputs: [product] }: Operation,
  [x, right]: readonly Tensor[],
  largestCopy: number,
): readonly Tensor[] | null {
  const [matrix] = inputsOf(right, "Transpose") ?? [];
  const isMatrix = matrix?.shape.length === 2 && permOf(right)[0] === 1;
  if (!isMatrix || ![...matrix.shape, ...x.shape].every((dim) => typeof dim === "number")) return null;
  const shape = x.shape as number[];
  if (tensorBytes(matrix) <= largestCopy) return null;
  const width = shape.at(-1)!;
  const rows = reshape(x, [elementCount(shape) / width, width]);
  return [reshape(gemm(rows, matrix, null, { transB: true }), product.shape)];
}
