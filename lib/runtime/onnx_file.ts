// A model file of any origin, run as it is: its library called directly on the CPU where all of its values have arrays here, else
// through onnxruntime-node.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { isDType, readModelFile } from "../graph/mod.ts";
import { nativeModel } from "./native/session.ts";
import { onnxRuntimeC } from "./native/onnxruntime_c.ts";
import { nodeModel } from "./node_session.ts";
import { requireProvider } from "./onnxruntime.ts";
import type { CompileOptions, ModelSession } from "./session.ts";
import { fileInterface } from "./session_interface.ts";

/** How a file is opened; see `CompileOptions`. */
export interface OnnxFileOptions
  extends Pick<CompileOptions, "provider" | "binding" | "threads" | "coreml" | "refuseCpuFallback" | "optimization"> {}

/**
 * Opens an .onnx file.
 *
 * @param path weights that the file stores beside itself are found there
 * @throws {TypeError} when it is no ONNX model
 * @throws {Error} when the provider is not part of the installed ONNX Runtime, or it refuses the model
 *
 * @example
 * ```ts
 * import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { encodeOnnx, graph, input, relu } from "lib/graph/mod.ts";
 * import { openOnnxFile } from "lib/runtime/mod.ts";
 * const folder = mkdtempSync(join(tmpdir(), "example-"));
 * const file = join(folder, "positive.onnx");
 * writeFileSync(file, encodeOnnx(graph("positive", { y: relu(input("x", "float32", ["n"])) })));
 * const session = await openOnnxFile(file);
 * const { y } = await session.run({ x: { dtype: "float32", shape: [2], data: Float32Array.of(-1, 2) } });
 * if (y.data[1] !== 2) throw new Error("relu keeps 2");
 * await session.release();
 * rmSync(folder, { recursive: true });
 * ```
 */
export async function openOnnxFile(path: string, options: OnnxFileOptions = {}): Promise<ModelSession> {
  const { provider = "cpu", binding = "auto", threads = 0, optimization, coreml, refuseCpuFallback } = options;
  const name = basename(path);
  const file = readModelFile(readFileSync(path), name);
  const about = fileInterface(file, name);
  const hasArrays = [...file.inputs, ...file.outputs].every(({ dtype }) => isDType(dtype));
  const library = provider === "cpu" && binding === "auto" && hasArrays ? onnxRuntimeC() : null;
  if (library) return nativeModel(library, about, { model: path, threads, config: {}, optimization });
  await requireProvider(provider);
  const config: Record<string, string> = refuseCpuFallback ? { disable_cpu_ep_fallback: "1" } : {};
  return await nodeModel(about, { model: path, threads, config, optimization, provider, coreml });
}
