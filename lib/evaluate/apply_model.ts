// What a trained model makes of vectors: its graph applied to many rows, in chunks.

import { type Graph, graph as closeGraph } from "../graph/mod.ts";
import { type ArrayValue, compile } from "../runtime/mod.ts";
import { sizeOf, type Vectors } from "./vectors.ts";

const CHUNK_ROWS = 1024;

/** How `applyModel` runs. */
export interface ApplyOptions {
  /** Parameters of the model by name, for example from `loadWeights`. */
  weights: Readonly<Record<string, ArrayValue>>;
  /** Which output to compute. Default `output`. */
  output?: string;
  /** Threads inside one operator; 0: one a physical core. */
  threads?: number;
}

/**
 * Applies a model with one input `x [batch, width]` to vectors.
 *
 * @param model forward graph
 * @param vectors shape [n, width]
 * @returns the chosen output, shape [n, outputWidth]
 * @throws {RangeError} when the model has no such output
 * @throws {TypeError} when weights or vectors do not fit
 *
 * @example
 * ```ts
 * import { applyModel } from "lib/evaluate/mod.ts";
 * import { linearAutoencoder } from "lib/models/linear_autoencoder.ts";
 * import { initialValues } from "lib/nn/mod.ts";
 * const model = linearAutoencoder({ inputDim: 4, latentDim: 2 }).trace();
 * const weights = Object.fromEntries(model.parameters.map((leaf) => [
 *   leaf.source.name,
 *   { dtype: "float32" as const, shape: leaf.shape as number[], data: initialValues(leaf, 1) },
 * ]));
 * const { shape } = await applyModel(model, { shape: [3, 4], data: new Float32Array(12) }, { weights, output: "latent" });
 * if (shape.join() !== "3,2") throw new Error("three latent vectors of width 2");
 * ```
 */
export async function applyModel(model: Graph, vectors: Vectors, options: ApplyOptions): Promise<Vectors> {
  const { weights, output = "output", threads = 0 } = options;
  const { rows, width } = sizeOf(vectors, `apply ${model.name}`);
  const chosen = model.outputs[output];
  if (!chosen) {
    throw new RangeError(
      `Cannot apply ${model.name}: expected an output of ${Object.keys(model.outputs)}, got ${output}`,
    );
  }
  const session = await compile(closeGraph(model.name, { [output]: chosen }), { threads, weights });
  try {
    const parts: Float32Array[] = [];
    for (let start = 0; start < rows; start += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, rows - start);
      const data = vectors.data.subarray(start * width, (start + count) * width);
      const results = await session.run({ x: { dtype: "float32", shape: [count, width], data } });
      parts.push(results[output].data as Float32Array);
    }
    return join(parts, rows);
  } finally {
    await session.release();
  }
}

function join(parts: readonly Float32Array[], rows: number): Vectors {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return { shape: [rows, data.length / rows], data };
}
