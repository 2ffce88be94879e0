// A session through onnxruntime-node: for Node, and for platforms on which the library cannot be called directly.

import type * as Ort from "onnxruntime-common";
import type { ArrayData, ArrayValue, DType, Graph, Tensor } from "../graph/mod.ts";
import { COREML_DISABLED_OPTIMIZERS, coreMlFlags, type CoreMlOptions } from "./coreml/options.ts";
import { inPrivateFolder } from "./coreml/private_folder.ts";
import { checkFeeds, checkValue, leavesOf } from "./feeds.ts";
import { loadOnnxRuntime, type OrtModule, type ProviderName } from "./onnxruntime.ts";
import type { BoundRun, Session, SessionSettings } from "./session.ts";

/** What this way of calling ONNX Runtime adds to a session's settings. */
export interface NodeSessionSettings extends SessionSettings {
  provider: ProviderName;
  coreml?: CoreMlOptions;
  /** Write the model there as the optimizer leaves it. */
  optimizedFile?: string;
  /** Write ONNX Runtime's profile to a file of this prefix when the session is released. */
  profilePrefix?: string;
}

/** Builds a session. */
export async function nodeSession(graph: Graph, settings: NodeSessionSettings): Promise<Session> {
  const ort = await loadOnnxRuntime();
  const create = () => ort.InferenceSession.create(settings.model, sessionOptions(settings));
  if (settings.provider !== "coreml") return new NodeSession(ort, graph, await create());
  const { made, delete: deleteFolder } = await inPrivateFolder(create);
  return new NodeSession(ort, graph, made, deleteFolder);
}

/** Options as onnxruntime-node takes them; it ignores unknown ones silently. */
export function sessionOptions(
  settings: Omit<NodeSessionSettings, "model">,
): Ort.InferenceSession.SessionOptions {
  const { provider, threads, config, coreml, profilePrefix, optimization = "all", optimizedFile, leanMemory } =
    settings;
  return {
    executionProviders: [provider === "coreml" ? { name: provider, coreMlFlags: coreMlFlags(coreml) } : provider],
    graphOptimizationLevel: optimization,
    ...(leanMemory && { enableCpuMemArena: false, enableMemPattern: false }),
    ...(optimizedFile && { optimizedModelFilePath: optimizedFile }),
    // A profile is asked for to find out; what fails then comes as an exception.
    logSeverityLevel: profilePrefix ? 4 : 3,
    ...(threads > 0 && { intraOpNumThreads: threads }),
    ...(profilePrefix && { enableProfiling: true, profileFilePrefix: profilePrefix }),
    extra: {
      session: config,
      ...(provider === "coreml" && { optimization: { disable_specified_optimizers: COREML_DISABLED_OPTIMIZERS } }),
    },
  };
}

/**
 * onnxruntime-node copies each output into a new buffer even when it was computed into memory of ours. Unless these buffers are
 * emptied, a training step leaves garbage of the size of all gradients, several times of which piles up between collections.
 */
function freeCopies(results: Ort.InferenceSession.ReturnType): void {
  for (const { data } of Object.values(results)) {
    const { buffer } = data as Float32Array<ArrayBuffer>;
    // Node.js 20 has no transfer: there the collector does it, later.
    (buffer as { transfer?: (length: number) => ArrayBuffer }).transfer?.(0);
  }
}

/** A value as onnxruntime-node takes it; its elements stay where they are. */
export function ortTensor(ort: OrtModule, { dtype, data, shape }: ArrayValue): Ort.Tensor {
  if (dtype === "float16") {
    // Where there is a Float16Array, onnxruntime-common would make one of the bits, on which Deno 2.9.5 panics.
    return Object.assign(new ort.Tensor("uint16", data as Uint16Array, shape), { type: "float16" as const });
  }
  return new ort.Tensor(dtype as "float32", data as Float32Array, shape);
}

/** The bits of float16 values, which onnxruntime-node gives as a Float16Array where there is one. */
function bitsOf({ buffer, byteOffset, length }: Uint16Array): Uint16Array {
  return new Uint16Array(buffer, byteOffset, length);
}

class NodeSession implements Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #leaves: Readonly<Record<string, Tensor>>;

  constructor(
    private readonly ort: OrtModule,
    readonly graph: Graph,
    private readonly native: Ort.InferenceSession,
    private readonly onRelease: () => void = () => {},
  ) {
    this.#leaves = leavesOf(graph);
    this.inputNames = native.inputNames;
    this.outputNames = Object.keys(graph.outputs);
  }

  async run(feeds: Readonly<Record<string, ArrayValue>>): Promise<Record<string, ArrayValue>> {
    const results = await this.native.run(this.#tensors(feeds));
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => [
        name,
        {
          dtype: type as DType,
          shape: dims,
          data: type === "float16" ? bitsOf(data as Uint16Array) : data as ArrayData,
        },
      ]),
    );
  }

  bind(feeds: Readonly<Record<string, ArrayValue>>, fetches: Readonly<Record<string, ArrayValue>>): BoundRun {
    const inputs = this.#tensors(feeds);
    for (const [name, value] of Object.entries(fetches)) checkValue(name, this.graph.outputs[name], value);
    const outputs = Object.fromEntries(
      Object.entries(fetches).map(([name, value]) => [name, ortTensor(this.ort, value)]),
    );
    return { run: async () => freeCopies(await this.native.run(inputs, outputs)) };
  }

  async release(): Promise<void> {
    this.native.endProfiling();
    await this.native.release();
    this.onRelease();
  }

  #tensors(feeds: Readonly<Record<string, ArrayValue>>): Record<string, Ort.Tensor> {
    checkFeeds(feeds, this.#leaves, this.inputNames);
    return Object.fromEntries(this.inputNames.map((name) => [name, ortTensor(this.ort, feeds[name])]));
  }
}
