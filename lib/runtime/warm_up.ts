// The engine's own start: what it loads once is then not counted as a model's time or memory.

import { constant, graph, input, matMul } from "../graph/mod.ts";
import type { ProviderName } from "./onnxruntime.ts";
import { compile } from "./session.ts";

/**
 * Computes something small.
 *
 * @param options.flushDenormals as the sessions to come will need it: on the calling thread the first session of a process decides
 */
export async function warmUpEngine(
  provider: ProviderName = "cpu",
  { flushDenormals = false }: { flushDenormals?: boolean } = {},
): Promise<void> {
  const x = input("x", "float32", ["batch", 4]);
  const y = matMul(x, constant(Array(16).fill(1), { shape: [4, 4] }));
  const session = await compile(graph("warm-up", { y }), { provider, flushDenormals });
  await session.run({ x: { dtype: "float32", shape: [2, 4], data: new Float32Array(8) } });
  await session.release();
}
