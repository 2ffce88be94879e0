// A model as ONNX Runtime's optimizer leaves it, to be stored and loaded without optimizing again.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Graph } from "../graph/mod.ts";
import { nodeSession } from "./node_session.ts";
import { requireProvider } from "./onnxruntime.ts";
import { AS_THE_GRAPH_SAYS, type CompileOptions, modelFor } from "./session.ts";

/**
 * The bytes of an `.onnx` file with the graph that the CPU provider computes: constants folded, nodes fused into operators of ONNX
 * Runtime (domain com.microsoft). With the level `all` it is meant for this kind of machine and this version; to load it, the
 * optimization `disabled` is enough.
 *
 * @param graph its weights, as far as given, are stored in the file
 * @throws {Error} when ONNX Runtime refuses the graph
 *
 * @example
 * ```ts
 * import { add, graph, input, matMul, parameter, readModelFile } from "lib/graph/mod.ts";
 * import { optimizedModel } from "lib/runtime/mod.ts";
 * const named = (name: string, shape: number[]) => parameter(name, shape, { initializer: { kind: "constant", value: 0 } });
 * const y = add(matMul(input("x", "float32", [2, 3]), named("w", [3, 4])), named("b", [4]));
 * const weights = {
 *   w: { dtype: "float32" as const, shape: [3, 4], data: new Float32Array(12) },
 *   b: { dtype: "float32" as const, shape: [4], data: new Float32Array(4) },
 * };
 * const { operators } = readModelFile(await optimizedModel(graph("layer", { y }), { weights }), "layer");
 * if (operators.Gemm !== 1) throw new Error("a product and a sum are one node");
 * ```
 */
export async function optimizedModel(
  graph: Graph,
  { weights = {}, optimization = "all", threads = 0 }: Pick<CompileOptions, "weights" | "optimization" | "threads"> =
    {},
): Promise<Uint8Array> {
  const provider = "cpu";
  await requireProvider(provider);
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-optimized-"));
  try {
    const optimizedFile = join(folder, "model.onnx");
    const model = modelFor("cpu", graph, { weights });
    const settings = { model, threads, config: AS_THE_GRAPH_SAYS, provider, optimization, optimizedFile } as const;
    const session = await nodeSession(graph, { ...settings, stored: Object.keys(weights) });
    await session.release();
    return await readFile(optimizedFile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
