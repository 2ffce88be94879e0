// A model file of any origin, run as it is: its library called directly on the CPU where all of its values have arrays here, else
// through onnxruntime-node.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type * as Ort from "onnxruntime-common";
import { type ArrayData, type ArrayValue, type DType, isDType, type ModelFile, readModelFile } from "../graph/mod.ts";
import { inPrivateFolder } from "./coreml/private_folder.ts";
import { checkDeclared, checkDeclaredFeeds } from "./feeds.ts";
import { onnxRuntimeC } from "./native/onnxruntime_c.ts";
import { nativeModel, type SessionInterface } from "./native/session.ts";
import { bitsOf, freeCopies, ortTensor, sessionOptions } from "./node_session.ts";
import { loadOnnxRuntime, type OrtModule, type ProviderName, requireProvider } from "./onnxruntime.ts";
import type { BoundRun, CompileOptions, ModelSession } from "./session.ts";

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
  const { provider = "cpu", binding = "auto", threads = 0, optimization } = options;
  const name = basename(path);
  const declared = readModelFile(readFileSync(path), name);
  const about = interfaceOf(declared, name);
  const hasArrays = [...declared.inputs, ...declared.outputs].every(({ dtype }) => isDType(dtype));
  const library = provider === "cpu" && binding === "auto" && hasArrays ? onnxRuntimeC() : null;
  if (library) return nativeModel(library, about, { model: path, threads, config: {}, optimization });
  await requireProvider(provider);
  return await nodeModel(path, about, { ...options, provider, threads });
}

function interfaceOf({ inputs, outputs }: ModelFile, name: string): SessionInterface {
  const outputNames = outputs.map((output) => output.name);
  return {
    name,
    inputNames: inputs.map((input) => input.name),
    outputNames,
    checkFeeds: (feeds) => checkDeclaredFeeds(feeds, inputs),
    checkFetch(fetched, value) {
      const output = outputs[outputNames.indexOf(fetched)];
      if (!output) throw new TypeError(`Cannot run: "${fetched}" is no output; outputs are ${outputNames.join(", ")}`);
      checkDeclared(output, value);
    },
  };
}

interface NodeSettings extends OnnxFileOptions {
  provider: ProviderName;
  threads: number;
  /** As in `NodeSessionSettings`. */
  profilePrefix?: string;
}

/** Opens a file through onnxruntime-node, whose profile is written when the session is released. */
export function profiledFile(path: string, settings: NodeSettings & { profilePrefix: string }): Promise<ModelSession> {
  const name = basename(path);
  return nodeModel(path, interfaceOf(readModelFile(readFileSync(path), name), name), settings);
}

async function nodeModel(path: string, about: SessionInterface, settings: NodeSettings): Promise<ModelSession> {
  const { provider, threads, coreml, refuseCpuFallback, optimization, profilePrefix } = settings;
  const ort = await loadOnnxRuntime();
  const config: Record<string, string> = refuseCpuFallback ? { disable_cpu_ep_fallback: "1" } : {};
  const create = () =>
    ort.InferenceSession.create(path, {
      ...sessionOptions({ provider, threads, config, coreml, optimization, profilePrefix }),
      logSeverityLevel: 4, // what fails comes as an exception
    });
  if (provider !== "coreml") return new NodeModel(ort, about, await create());
  const { made, delete: deleteFolder } = await inPrivateFolder(create);
  return new NodeModel(ort, about, made, deleteFolder);
}

class NodeModel implements ModelSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];

  constructor(
    private readonly ort: OrtModule,
    private readonly about: SessionInterface,
    private readonly native: Ort.InferenceSession,
    private readonly onRelease: () => void = () => {},
  ) {
    this.inputNames = about.inputNames;
    this.outputNames = about.outputNames;
  }

  async run(feeds: Readonly<Record<string, ArrayValue>>): Promise<Record<string, ArrayValue>> {
    this.about.checkFeeds(feeds);
    const results = await this.native.run(this.#tensors(feeds));
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => [name, {
        dtype: type as DType,
        shape: dims,
        data: type === "float16" ? bitsOf(data as Uint16Array) : data as ArrayData,
      }]),
    );
  }

  bind(feeds: Readonly<Record<string, ArrayValue>>, fetches: Readonly<Record<string, ArrayValue>>): BoundRun {
    this.about.checkFeeds(feeds);
    for (const [name, value] of Object.entries(fetches)) this.about.checkFetch(name, value);
    const [inputs, outputs] = [this.#tensors(feeds), this.#tensors(fetches)];
    return { run: async () => freeCopies(await this.native.run(inputs, outputs)) };
  }

  async release(): Promise<void> {
    this.native.endProfiling();
    await this.native.release();
    this.onRelease();
  }

  #tensors(values: Readonly<Record<string, ArrayValue>>): Record<string, Ort.Tensor> {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, ortTensor(this.ort, value)]));
  }
}
