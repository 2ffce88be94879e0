// All products of queries and gallery by the graph engine: about 30 times as fast as the portable loops.

import { gemm, graph, input } from "../graph/mod.ts";
import { compile } from "../runtime/mod.ts";
import type { SimilarityBlock } from "./similarity.ts";

/** A similarity product and the session behind it. */
export interface EngineProduct {
  readonly product: SimilarityBlock;
  release(): Promise<void>;
}

/**
 * A `SimilarityBlock` that runs as a matrix product in ONNX Runtime.
 *
 * @example
 * ```ts
 * import { engineProduct, nearestNeighbours } from "lib/evaluate/mod.ts";
 * const { product, release } = await engineProduct({ threads: 1 });
 * const gallery = { shape: [3, 2], data: Float32Array.of(1, 0, 0, 1, 2, 1) };
 * const { indices } = await nearestNeighbours(gallery, { queries: Uint32Array.of(0), k: 1, product });
 * if (indices[0] !== 2) throw new Error("the third row is nearest to the first");
 * await release();
 * ```
 */
export async function engineProduct({ threads = 0 }: { threads?: number } = {}): Promise<EngineProduct> {
  const queries = input("queries", "float32", ["queryCount", "width"]);
  const gallery = input("gallery", "float32", ["rowCount", "width"]);
  const session = await compile(graph("similarity", { y: gemm(queries, gallery, null, { transB: true }) }), {
    threads,
  });
  return {
    product: async (left, right) => {
      const value = ({ shape, data }: { shape: readonly number[]; data: Float32Array }) =>
        ({ dtype: "float32", shape, data }) as const;
      const { y } = await session.run({ queries: value(left), gallery: value(right) });
      return y.data as Float32Array;
    },
    release: () => session.release(),
  };
}
