// A session through onnxruntime-node: for Node, and for platforms on which the library cannot be called directly.

import type * as Ort from "onnxruntime-common";
import type { ArrayData, ArrayValue, DType, Graph } from "../graph/mod.ts";
import { COREML_DISABLED_OPTIMIZERS, coreMlFlags, type CoreMlOptions } from "./coreml/options.ts";
import { inPrivateFolder } from "./coreml/private_folder.ts";
import { loadOnnxRuntime, type OrtModule, type ProviderName } from "./onnxruntime.ts";
import type { BoundRun, ModelSession, Session, SessionSettings } from "./session.ts";
import { graphInterface, type SessionInterface } from "./session_interface.ts";

/** What this way of calling ONNX Runtime adds to a session's settings. */
export interface NodeSettings extends SessionSettings {
  provider: ProviderName;
  coreml?: CoreMlOptions;
  /** Write the model there as the optimizer leaves it. */
  optimizedFile?: string;
  /** Write ONNX Runtime's profile to a file of this prefix when the session is released. */
  profilePrefix?: string;
}

/** Builds a session of a graph. */
export async function nodeSession(
  graph: Graph,
  { stored, ...settings }: NodeSettings & { stored: readonly string[] },
): Promise<Session> {
  return Object.assign(await nodeModel(graphInterface(graph, stored), settings), { graph });
}

/** Builds a session of any model. */
export async function nodeModel(about: SessionInterface, settings: NodeSettings): Promise<ModelSession> {
  const ort = await loadOnnxRuntime();
  // Bytes or a path: the overloads take either, but not both.
  const create = () => ort.InferenceSession.create(settings.model as string, sessionOptions(settings));
  if (settings.provider !== "coreml") return new NodeSession(ort, about, await create());
  const { made, delete: deleteFolder } = await inPrivateFolder(create);
  return new NodeSession(ort, about, made, deleteFolder);
}

/** Options as onnxruntime-node takes them; it ignores unknown ones silently. */
export function sessionOptions(
  settings: Omit<NodeSettings, "model">,
): Ort.InferenceSession.SessionOptions {
  const { provider, threads, config, coreml, profilePrefix, optimization = "all", optimizedFile, leanMemory } =
    settings;
  const disabled = provider === "coreml" ? COREML_DISABLED_OPTIMIZERS : settings.disabledOptimizers;
  return {
    executionProviders: [provider === "coreml" ? { name: provider, coreMlFlags: coreMlFlags(coreml) } : provider],
    graphOptimizationLevel: optimization,
    ...(leanMemory && { enableCpuMemArena: false, enableMemPattern: false }),
    ...(optimizedFile && { optimizedModelFilePath: optimizedFile }),
    logSeverityLevel: 4, // what fails comes as an exception
    ...(threads > 0 && { intraOpNumThreads: threads }),
    ...(profilePrefix && { enableProfiling: true, profileFilePrefix: profilePrefix }),
    extra: {
      session: config,
      ...(disabled && { optimization: { disable_specified_optimizers: disabled } }),
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

/** A result as it is here: float16 values come as a Float16Array where there is one, and are read as bits. */
export function arrayValue({ type, dims, data }: Ort.Tensor): ArrayValue {
  const { buffer, byteOffset, length } = data as Uint16Array;
  const values = type === "float16" ? new Uint16Array(buffer, byteOffset, length) : data as ArrayData;
  return { dtype: type as DType, shape: dims, data: values };
}

class NodeSession implements ModelSession {
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
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, arrayValue(tensor)]));
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
