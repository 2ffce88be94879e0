// Executing a graph with ONNX Runtime: a session per graph and provider, checked feeds, results in memory of one's choice.

import {
  type ArrayData,
  type ArrayValue,
  encodeOnnx,
  type ExternalTensor,
  forWebGpu,
  type Graph,
} from "../graph/mod.ts";
import type { CoreMlOptions } from "./coreml/options.ts";
import { coreMlRefusal } from "./coverage/refusal.ts";
import { deviceError, isWithoutDevice } from "./device_error.ts";
import { guardFloat16 } from "./finite.ts";
import { onnxRuntimeC } from "./native/onnxruntime_c.ts";
import { nativeSession } from "./native/session.ts";
import { nodeSession } from "./node_session.ts";
import { refusedGraph, SINGLE_NODE } from "./node_error.ts";
import { type ProviderName, requireProvider } from "./onnxruntime.ts";

export type { ArrayData, ArrayValue };

/** Options of a session. */
export interface CompileOptions {
  /** Where it runs. Default `cpu`. */
  provider?: ProviderName;
  /**
   * How ONNX Runtime is called: `auto` calls the library itself where that is possible (Deno, provider `cpu`), which saves
   * copies; `node` goes through onnxruntime-node, as everywhere else. Results are the same. Default `auto`.
   */
  binding?: "auto" | "node";
  /** Threads inside one operator. Default 0: as many as there are physical cores. */
  threads?: number;
  /**
   * Computes with denormals as zeros, which are several times slower: for training, whose gradients get small. Creating such a
   * session switches them off for the calling thread for good, JavaScript's own arithmetic included: 5e-310 * 2 is 0 then. Of the
   * calling thread only the first session of a process decides; see `warmUpEngine`.
   */
  flushDenormals?: boolean;
  /**
   * Threads that wait for work give up their cores as soon as a run ends, instead of some milliseconds later: for callers with
   * work of their own between runs, such as an optimizer's.
   */
  stopSpinning?: boolean;
  /**
   * Gives memory back as soon as it is free. By default ONNX Runtime keeps blocks that grow by powers of two, and from the second run on one
   * more for everything: two to three times what is live, for somewhat faster runs.
   */
  leanMemory?: boolean;
  /** With provider `coreml`: which units compute, and from which kind of model. */
  coreml?: CoreMlOptions;
  /**
   * Refuses a graph of which the provider leaves nodes to the CPU, instead of mixing both. Not with provider `cpu`.
   * Default false.
   */
  refuseCpuFallback?: boolean;
  /** Parameter values to store in the session, by name; the others are fed at each run. */
  weights?: Readonly<Record<string, ArrayValue>>;
  /** Parameters that are read from files. */
  external?: ExternalWeights;
  /**
   * Weights are read where they lie and never copied: neither into the order in which products read them, nor transposed ahead. Starts
   * at once and takes no other memory; products of many rows may be slower. Default false.
   */
  weightsInPlace?: boolean;
  /** Which of its optimizations ONNX Runtime applies to the graph. Default `all`. */
  optimization?: OptimizationLevel;
  /** Names of ONNX Runtime's graph optimizers that are switched off. Default: none. */
  disabledOptimizers?: readonly string[];
}

/** Weights in files of one folder, by parameter. ONNX Runtime maps them into memory where it computes on the CPU. */
export interface ExternalWeights {
  readonly folder: string;
  readonly tensors: Readonly<Record<string, ExternalTensor>>;
}

/** What a session is told when weights lie in files, or are not to be copied. */
export function weightSettings(
  { external, weightsInPlace = false }: Pick<CompileOptions, "external" | "weightsInPlace">,
) {
  return {
    config: {
      ...(external && { model_external_initializers_file_folder_path: external.folder }),
      ...(weightsInPlace && { disable_prepacking: "1" }),
    },
    disabledOptimizers: weightsInPlace ? "ConstantFolding" : undefined,
  };
}

/**
 * Levels of ONNX Runtime's graph optimizer, each with those before it: none; what holds on any machine (constants folded, nodes that
 * do nothing left out); nodes fused into operators of its own; layouts of this machine.
 */
export const OPTIMIZATION_LEVELS = ["disabled", "basic", "extended", "all"] as const;
/** One of them. */
export type OptimizationLevel = typeof OPTIMIZATION_LEVELS[number];

/** What a session is built from, whichever way ONNX Runtime is called. */
export interface SessionSettings {
  /** Bytes, or a file's path, beside which ONNX Runtime finds the weights that are stored in files of their own. */
  model: Uint8Array | string;
  threads: number;
  /** Entries of the session's configuration, without their prefix `session.`. */
  config: Readonly<Record<string, string>>;
  /** Names of ONNX Runtime's optimizers that are switched off, separated by semicolons. */
  disabledOptimizers?: string;
  /** Default `all`. */
  optimization?: OptimizationLevel;
  /** Default false. */
  leanMemory?: boolean;
}

/** A model that can be run. Calls block the JavaScript thread while they compute. */
export interface ModelSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Computes all outputs from a value for each input. */
  run(feeds: Readonly<Record<string, ArrayValue>>): Promise<Record<string, ArrayValue>>;
  /** Fixes the memory of inputs and outputs once; `run()` then reads and writes these arrays without copying. */
  bind(feeds: Readonly<Record<string, ArrayValue>>, fetches: Readonly<Record<string, ArrayValue>>): BoundRun;
  /** Frees the native memory. */
  release(): Promise<void>;
}

/** A compiled graph. */
export interface Session extends ModelSession {
  readonly graph: Graph;
}

/** A run whose inputs and outputs stay in the same arrays. */
export interface BoundRun {
  run(): Promise<void>;
}

/**
 * Optimizations that change numbers, off: by default a product with weights that are stored as bytes rounds its other side
 * to 8 bits too, and of two roundings to bytes with different scales only one is done.
 */
export const AS_THE_GRAPH_SAYS = { qdq_matmulnbits_accuracy_level: "1", disable_double_qdq_remover: "1" };

/**
 * Compiles a graph.
 *
 * @throws {Error} when the provider is not part of the installed ONNX Runtime, or it refuses the graph, naming the node; a
 *   session of a graph in float16 raises a RangeError when finite values overflow (see finite.ts)
 *
 * @example
 * ```ts
 * import { graph, input, relu } from "lib/graph/mod.ts";
 * import { compile } from "lib/runtime/mod.ts";
 * const session = await compile(graph("positive", { y: relu(input("x", "float32", ["n"])) }));
 * const { y } = await session.run({ x: { dtype: "float32", shape: [2], data: Float32Array.of(-1, 2) } });
 * if (y.data[1] !== 2) throw new Error("relu keeps 2");
 * await session.release();
 * ```
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Session> {
  return guardFloat16(await create(graph, options), (probe) => create(probe, options));
}

async function create(graph: Graph, options: CompileOptions): Promise<Session> {
  const {
    provider = "cpu",
    binding = "auto",
    threads = 0,
    weights = {},
    flushDenormals = false,
    stopSpinning = false,
    refuseCpuFallback = false,
    optimization = "all",
    leanMemory = false,
    external,
    coreml,
  } = options;
  checkOptions(provider, options);
  const model = modelFor(provider, graph, { weights, external });
  const held = weightSettings(options);
  const config = {
    ...AS_THE_GRAPH_SAYS,
    ...held.config,
    ...(flushDenormals && { set_denormal_as_zero: "1" }),
    ...(stopSpinning && { force_spinning_stop: "1" }),
    ...(refuseCpuFallback && { disable_cpu_ep_fallback: "1" }),
  };
  const disabled = [held.disabledOptimizers, ...(options.disabledOptimizers ?? [])].filter((name) => name);
  const disabledOptimizers = disabled.length > 0 ? disabled.join(";") : undefined;
  const common = { model, threads, config, disabledOptimizers, optimization, leanMemory };
  const stored = [...Object.keys(weights), ...Object.keys(external?.tensors ?? {})];
  const library = provider === "cpu" && binding === "auto" ? onnxRuntimeC() : null;
  if (!library) await requireProvider(provider);
  try {
    return library
      ? nativeSession(library, graph, { ...common, stored })
      : await nodeSession(graph, { ...common, stored, provider, coreml });
  } catch (cause) {
    if (isWithoutDevice(cause)) throw deviceError(`compile ${graph.name}`, cause);
    if (provider === "coreml" && refuseCpuFallback) {
      throw coreMlRefusal(graph, cause, { parameters: Object.keys(weights).length > 0 ? "stored" : "fed" });
    }
    const again = { ...options, weights: {}, external: undefined };
    throw graph.name === SINGLE_NODE ? cause : await refusedGraph(graph, cause, (node) => create(node, again));
  }
}

function checkOptions(provider: ProviderName, { coreml, refuseCpuFallback, optimization }: CompileOptions): void {
  if (optimization !== undefined && !OPTIMIZATION_LEVELS.includes(optimization)) {
    throw new RangeError(
      `Cannot compile: expected optimization ${OPTIMIZATION_LEVELS.join(", ")}, got "${optimization}"`,
    );
  }
  if (coreml && provider !== "coreml") {
    throw new TypeError(`Cannot compile: CoreML's options are given to "${provider}"`);
  }
  if (refuseCpuFallback && provider === "cpu") {
    throw new TypeError('Cannot compile: expected refuseCpuFallback with another provider, got "cpu"');
  }
}

/** Whether sessions on the CPU take arrays in memory that threads share; onnxruntime-node refuses it. */
export function readsSharedMemory(): boolean {
  return onnxRuntimeC() !== null;
}

/** A graph as a model that a provider can run, with values to store in it. */
export function modelFor(
  provider: ProviderName,
  graph: Graph,
  { weights = {}, external }: Pick<CompileOptions, "weights" | "external">,
): Uint8Array {
  const bytes = ({ data }: ArrayValue) => new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return encodeOnnx(provider === "webgpu" ? forWebGpu(graph) : graph, {
    weights: Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, bytes(value)])),
    external: external?.tensors,
  });
}
