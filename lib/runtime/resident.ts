// Sessions for graphs that are run again on what they gave, such as the caches of a language model: those outputs stay in the memory of
// the provider, and weights may stay in the file that they lie in.

import type * as Ort from "onnxruntime-common";
import { type ArrayValue, type DType, type Graph, type Tensor, tensorBytes } from "../graph/mod.ts";
import { deviceError } from "./device_error.ts";
import { fedNames, leavesOf } from "./feeds.ts";
import { nativeResidentSession } from "./native/resident.ts";
import { onnxRuntimeC } from "./native/onnxruntime_c.ts";
import { arrayValue, ortTensor, sessionOptions } from "./node_session.ts";
import { loadOnnxRuntime, type OrtModule, type ProviderName, requireProvider } from "./onnxruntime.ts";
import {
  checkResidentFeeds,
  isResident,
  type ResidentArray,
  type ResidentSession,
  type Values,
} from "./resident_values.ts";
import { AS_THE_GRAPH_SAYS, type CompileOptions, modelFor, weightSettings } from "./session.ts";

export type { ResidentArray, ResidentSession };

/** Options of a session whose outputs stay. */
export interface ResidentOptions
  extends Pick<CompileOptions, "binding" | "threads" | "weights" | "external" | "weightsInPlace"> {
  /** `cpu` or `webgpu`. Default `cpu`. */
  provider?: Exclude<ProviderName, "coreml">;
  /** Names of the outputs that stay; the others are copied to JavaScript's memory. */
  resident: readonly string[];
  /** Write ONNX Runtime's profile to a file of this prefix when the session is released; through onnxruntime-node only. */
  profilePrefix?: string;
}

/**
 * Compiles a graph for runs whose outputs stay.
 *
 * @throws {Error} when the provider is not part of the installed ONNX Runtime, there is no device, or it refuses the graph
 *
 * @example
 * ```ts
 * import { add, graph, input } from "lib/graph/mod.ts";
 * import { compileResident } from "lib/runtime/mod.ts";
 * const total = add(input("total", "float32", [1]), input("x", "float32", [1]));
 * const session = await compileResident(graph("sum", { next: total, seen: total }), { resident: ["next"] });
 * const one = { dtype: "float32" as const, shape: [1], data: Float32Array.of(1) };
 * const { next } = await session.run({ total: one, x: one });
 * const again = await session.run({ total: next, x: one });
 * if (!("data" in again.seen) || again.seen.data[0] !== 3) throw new Error("1 + 1 + 1");
 * await session.release();
 * ```
 */
export async function compileResident(graph: Graph, options: ResidentOptions): Promise<ResidentSession> {
  const { provider = "cpu", binding = "auto", threads = 0, weights = {}, external, resident } = options;
  const unknown = resident.find((name) => !(name in graph.outputs));
  if (unknown !== undefined) {
    throw new TypeError(`Cannot compile ${graph.name}: expected outputs that stay to be outputs, got "${unknown}"`);
  }
  const model = modelFor(provider, graph, { weights, external });
  const held = weightSettings(options);
  const { disabledOptimizers } = held;
  const config = { ...AS_THE_GRAPH_SAYS, ...held.config };
  const settings = { model, threads, config, disabledOptimizers };
  const stored = [...Object.keys(weights), ...Object.keys(external?.tensors ?? {})];
  const library = provider === "cpu" && binding === "auto" && !options.profilePrefix ? onnxRuntimeC() : null;
  if (library) return nativeResidentSession(library, graph, { ...settings, stored, resident });
  await requireProvider(provider);
  const ort = await loadOnnxRuntime();
  const location = provider === "webgpu" ? "gpu-buffer" : "cpu";
  const placed = Object.keys(graph.outputs).map((name) => [name, resident.includes(name) ? location : "cpu"] as const);
  try {
    const native = await ort.InferenceSession.create(model, {
      ...sessionOptions({ ...settings, provider, profilePrefix: options.profilePrefix }),
      ...(provider === "webgpu" && { preferredOutputLocation: Object.fromEntries(placed) }),
    });
    return new NodeResidentSession(ort, { graph, native, stored, resident, isOnDevice: provider === "webgpu" });
  } catch (cause) {
    throw provider === "webgpu" ? deviceError(`compile ${graph.name}`, cause) : cause;
  }
}

class NodeResidentArray implements ResidentArray {
  constructor(readonly tensor: Ort.Tensor) {}

  get dtype(): DType {
    return this.tensor.type as DType;
  }

  get shape(): readonly number[] {
    return this.tensor.dims;
  }

  get byteLength(): number {
    return tensorBytes(this);
  }

  release(): void {
    this.tensor.dispose();
  }
}

class NodeResidentSession implements ResidentSession {
  readonly graph: Graph;
  readonly inputNames: readonly string[];
  readonly #ort: OrtModule;
  readonly #native: Ort.InferenceSession;
  readonly #leaves: Readonly<Record<string, Tensor>>;
  readonly #resident: readonly string[];
  readonly #isOnDevice: boolean;

  constructor(
    ort: OrtModule,
    { graph, native, stored, resident, isOnDevice }: {
      isOnDevice: boolean;
      graph: Graph;
      native: Ort.InferenceSession;
      stored: readonly string[];
      resident: readonly string[];
    },
  ) {
    this.#ort = ort;
    this.graph = graph;
    this.#native = native;
    this.#resident = resident;
    this.#isOnDevice = isOnDevice;
    this.#leaves = leavesOf(graph);
    this.inputNames = fedNames(this.#leaves, stored);
  }

  async run(feeds: Values): Promise<Record<string, ArrayValue | ResidentArray>> {
    checkResidentFeeds(feeds, this.#leaves, this.inputNames);
    const tensors = this.inputNames.map((name) => {
      const value = feeds[name];
      return [name, isResident(value) ? (value as NodeResidentArray).tensor : ortTensor(this.#ort, value)] as const;
    });
    const results = await this.#run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        name,
        this.#resident.includes(name) ? new NodeResidentArray(tensor) : arrayValue(tensor),
      ]),
    );
  }

  async release(): Promise<void> {
    this.#native.endProfiling();
    await this.#native.release();
  }

  async #run(feeds: Record<string, Ort.Tensor>): Promise<Ort.InferenceSession.ReturnType> {
    try {
      return await this.#native.run(feeds);
    } catch (cause) {
      throw this.#isOnDevice ? deviceError(`run ${this.graph.name}`, cause) : cause;
    }
  }
}
