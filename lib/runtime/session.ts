// Executing a graph with ONNX Runtime: a session per graph and provider, checked feeds, results in memory of one's choice.

import type * as Ort from "onnxruntime-common";
import {
  type ArrayData,
  type ArrayValue,
  type DType,
  elementCount,
  encodeOnnx,
  formatShape,
  type Graph,
  type Tensor,
} from "../graph/mod.ts";
import { loadOnnxRuntime, type OrtModule, type ProviderName, requireProvider } from "./onnxruntime.ts";

export type { ArrayData, ArrayValue };

/** Options of a session. */
export interface CompileOptions {
  /** Where it runs. Default `cpu`. */
  provider?: ProviderName;
  /** Threads inside one operator. Default 0: as many as there are physical cores. */
  threads?: number;
  /**
   * Computes with denormals as zeros, which are several times slower: for training, whose gradients get small. Creating such a
   * session switches them off for the calling thread for good, JavaScript's own arithmetic included: 5e-310 * 2 is 0 then.
   */
  flushDenormals?: boolean;
  /** Parameter values to store in the session, by name; the others are fed at each run. */
  weights?: Readonly<Record<string, ArrayValue>>;
}

/** A compiled graph. Calls block the JavaScript thread while they compute: ONNX Runtime for Node is synchronous inside. */
export interface Session {
  readonly graph: Graph;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Computes all outputs from a value for each input. */
  run(feeds: Readonly<Record<string, ArrayValue>>): Promise<Record<string, ArrayValue>>;
  /** Fixes the memory of inputs and outputs once; `run()` then reads and writes these arrays without copying. */
  bind(feeds: Readonly<Record<string, ArrayValue>>, fetches: Readonly<Record<string, ArrayValue>>): BoundRun;
  /** Frees the native memory. */
  release(): Promise<void>;
}

/** A run whose inputs and outputs stay in the same arrays. */
export interface BoundRun {
  run(): Promise<void>;
}

/**
 * Optimizations that change numbers, off: by default a product with weights that are stored as bytes rounds its other side
 * to 8 bits too, and of two roundings to bytes with different scales only one is done.
 */
const AS_THE_GRAPH_SAYS = { qdq_matmulnbits_accuracy_level: "1", disable_double_qdq_remover: "1" };

/**
 * Compiles a graph.
 *
 * @throws {Error} when the provider is not part of the installed ONNX Runtime, or it refuses the graph
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
  const { provider = "cpu", threads = 0, weights = {}, flushDenormals = false } = options;
  await requireProvider(provider);
  const ort = await loadOnnxRuntime();
  const native = await ort.InferenceSession.create(encodeOnnx(graph, { weights: weightBytes(weights) }), {
    executionProviders: [provider],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    ...(threads > 0 && { intraOpNumThreads: threads }),
    extra: { session: { ...AS_THE_GRAPH_SAYS, ...(flushDenormals && { set_denormal_as_zero: "1" }) } },
  });
  return new NativeSession(ort, graph, native);
}

/** Values to store in a model, as `encodeOnnx` takes them. */
export function weightBytes(weights: Readonly<Record<string, ArrayValue>>): Record<string, Uint8Array> {
  const bytes = ({ data }: ArrayValue) => new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, bytes(value)]));
}

/** Checks a value against the type that the graph declares. */
export function checkValue(name: string, tensor: Tensor, value: ArrayValue | undefined): asserts value is ArrayValue {
  const expected = `${tensor.dtype} ${formatShape(tensor.shape)}`;
  if (!value) throw new TypeError(`Cannot run: expected ${name} ${expected}, got none`);
  const fits = value.dtype === tensor.dtype && value.shape.length === tensor.shape.length &&
    tensor.shape.every((dim, axis) => typeof dim === "string" || dim === value.shape[axis]) &&
    elementCount(value.shape) === value.data.length;
  if (!fits) {
    const got = `${value.dtype} ${formatShape(value.shape)} with ${value.data.length} values`;
    throw new TypeError(`Cannot run: expected ${name} ${expected}, got ${got}`);
  }
}

/** Checks that there is a value of the declared type for each input, one size for each name, and nothing else. */
export function checkFeeds(
  feeds: Readonly<Record<string, ArrayValue>>,
  leaves: Readonly<Record<string, Tensor>>,
  inputNames: readonly string[],
): void {
  const unknown = Object.keys(feeds).find((name) => !inputNames.includes(name));
  if (unknown) throw new TypeError(`Cannot run: "${unknown}" is no input; inputs are ${inputNames.join(", ")}`);
  const sizes = new Map<string, number>();
  for (const name of inputNames) {
    const { shape } = leaves[name];
    checkValue(name, leaves[name], feeds[name]);
    shape.forEach((dim, axis) => {
      if (typeof dim === "number") return;
      const size = feeds[name].shape[axis];
      const known = sizes.get(dim) ?? size;
      if (known !== size) {
        throw new TypeError(`Cannot run: expected ${dim} ${known} in ${name} ${formatShape(shape)}, got ${size}`);
      }
      sizes.set(dim, size);
    });
  }
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

class NativeSession implements Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #leaves: Readonly<Record<string, Tensor>>;

  constructor(
    private readonly ort: OrtModule,
    readonly graph: Graph,
    private readonly native: Ort.InferenceSession,
  ) {
    const parameters = Object.fromEntries(graph.parameters.map((tensor) => [tensor.source.name, tensor]));
    this.#leaves = { ...graph.inputs, ...parameters };
    this.inputNames = native.inputNames;
    this.outputNames = Object.keys(graph.outputs);
  }

  async run(feeds: Readonly<Record<string, ArrayValue>>): Promise<Record<string, ArrayValue>> {
    const results = await this.native.run(this.#tensors(feeds));
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => [
        name,
        { dtype: type as DType, shape: dims, data: data as ArrayData },
      ]),
    );
  }

  bind(feeds: Readonly<Record<string, ArrayValue>>, fetches: Readonly<Record<string, ArrayValue>>): BoundRun {
    const inputs = this.#tensors(feeds);
    for (const [name, value] of Object.entries(fetches)) checkValue(name, this.graph.outputs[name], value);
    const outputs = Object.fromEntries(Object.entries(fetches).map(([name, value]) => [name, this.#tensor(value)]));
    return { run: async () => freeCopies(await this.native.run(inputs, outputs)) };
  }

  release(): Promise<void> {
    return this.native.release();
  }

  #tensors(feeds: Readonly<Record<string, ArrayValue>>): Record<string, Ort.Tensor> {
    checkFeeds(feeds, this.#leaves, this.inputNames);
    return Object.fromEntries(this.inputNames.map((name) => [name, this.#tensor(feeds[name])]));
  }

  #tensor({ dtype, data, shape }: ArrayValue): Ort.Tensor {
    return new this.ort.Tensor(dtype as "float32", data as Float32Array, shape);
  }
}
