// The same numbers from programs that WebGPU can send: ONNX Runtime writes each part of a Split to a buffer of its own, and WebGPU
// guarantees no more than eight buffers to a program.

import type { Graph } from "../graph.ts";
import { split } from "../ops_indexing.ts";
import { rewriteGraph } from "../rewrite.ts";
import type { Tensor } from "../tensor.ts";

/** Most parts of one Split: with what they are cut from, `maxStorageBuffersPerShaderStage` of any WebGPU device. */
const MOST_PARTS = 7;

/**
 * Rewrites a graph into what ONNX Runtime's WebGPU provider can run: a Split into more than seven parts as a tree of such Splits. The
 * numbers are the same bit by bit.
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
export function forWebGpu(original: Graph): Graph {
  return rewriteGraph(original, {
    operation({ type, attributes, outputs }, [x]) {
      if (type !== "Split" || outputs.length <= MOST_PARTS) return null;
      const axis = Number(attributes.axis);
      return cut(x, outputs.map(({ shape }) => shape.at(axis) as number), axis);
    },
  });
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
