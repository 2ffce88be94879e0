// Sessions whose values stay in a GPU's memory: WebGPU through ONNX Runtime. Inputs and outputs are bound once to arrays on
// either side; only those on the CPU are copied at a run. A run ends when its outputs on the CPU are there, and not before
// the device has taken its work, so runs without any may overlap with what the caller does next.

import type * as Ort from "onnxruntime-common";
import { type DType, type Graph, graph as closeGraph, identity, input, type Tensor } from "../graph/mod.ts";
import { deviceError } from "./device_error.ts";
import { firstRefused } from "./node_error.ts";
import { arrayValue, ortTensor } from "./node_session.ts";
import { loadOnnxRuntime, type OrtModule, requireProvider } from "./onnxruntime.ts";
import { checkValue } from "./feeds.ts";
import {
  type ArrayData,
  type ArrayValue,
  type BoundRun,
  type ExternalWeights,
  modelFor,
  weightSettings,
} from "./session.ts";

/** A value in the device's memory. */
export interface DeviceArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly size: number;
}

/** A graph compiled for a device. */
export interface DeviceSession {
  readonly graph: Graph;
  /**
   * Fixes where inputs and outputs are; `run()` reads and writes there. An array of the device must not be input and output at
   * once.
   *
   * @throws {TypeError} when a value is missing or does not fit the graph
   */
  bind(feeds: DeviceValues, fetches: DeviceValues): BoundRun;
  release(): Promise<void>;
}

/** Values by name, on the CPU or on the device. */
export type DeviceValues = Readonly<Record<string, ArrayValue | DeviceArray>>;

/** Memory of a device: copies to it and from it. */
export interface DeviceMemory {
  upload(values: Readonly<Record<string, ArrayValue>>): Promise<Record<string, DeviceArray>>;
  download(arrays: Readonly<Record<string, DeviceArray>>): Promise<Record<string, ArrayValue>>;
  /** Frees the arrays; they must not be used afterwards. */
  free(arrays: Iterable<DeviceArray>): void;
  /** Frees what is needed for the copies, not the arrays. */
  release(): Promise<void>;
}

class OrtDeviceArray implements DeviceArray {
  constructor(readonly tensor: Ort.Tensor) {}

  get dtype(): DType {
    return this.tensor.type as DType;
  }

  get shape(): readonly number[] {
    return this.tensor.dims;
  }

  get size(): number {
    return this.tensor.size;
  }
}

/** What only measurements change. */
export interface DeviceTuning {
  /** Write ONNX Runtime's profile to a file of this prefix when the session is released. */
  profilePrefix?: string;
  /**
   * Options of ONNX Runtime's WebGPU provider, such as `validationMode` and `storageBufferCacheMode`; for many of them the first
   * session of a process decides.
   */
  provider?: Readonly<Record<string, string>>;
}

/**
 * Compiles a graph for WebGPU.
 *
 * @param options weights: parameter values to store on the device, by name; external: those that are read from files, which are not
 *   transposed ahead, so that they are on the device once; the others are bound
 * @throws {Error} when there is no WebGPU here, or an operator cannot run on it: the message names the node
 */
export async function compileForDevice(
  graph: Graph,
  { weights = {}, external, ...tuning }:
    & { weights?: Readonly<Record<string, ArrayValue>>; external?: ExternalWeights }
    & DeviceTuning = {},
): Promise<DeviceSession> {
  await requireProvider("webgpu");
  const ort = await loadOnnxRuntime();
  const native = await createNative(ort, graph, { weights, external, ...tuning });
  return new WebGpuSession(ort, { graph, native, stored: { ...weights, ...external?.tensors } });
}

/** The memory of the WebGPU device. */
export async function deviceMemory(): Promise<DeviceMemory> {
  await requireProvider("webgpu");
  return new WebGpuMemory(await loadOnnxRuntime());
}

/**
 * Buffers are kept by their exact size. What runs here has one shape, so that the second run asks the device for no buffer any more; by ONNX
 * Runtime's own classes of size an update of LoRA at LFM2-1.2B's shapes took 2.4 times as long, and more memory (microsoft/onnxruntime
 * issue 29016). All sessions of a process share the buffers until the last one is released: one with growing shapes beside it keeps a set
 * for each of them.
 */
const FIXED_SHAPES = { storageBufferCacheMode: "simple" };

interface NativeOptions extends DeviceTuning {
  weights?: Readonly<Record<string, ArrayValue>>;
  external?: ExternalWeights;
  /** Outputs go to new arrays on the device; else to what is given at a run, or to the CPU. */
  allocateOutputs?: boolean;
}

async function createNative(
  ort: OrtModule,
  graph: Graph,
  { weights = {}, external, allocateOutputs = false, profilePrefix, provider }: NativeOptions,
): Promise<Ort.InferenceSession> {
  const held = weightSettings({ external, weightsInPlace: external !== undefined });
  const { disabledOptimizers } = held;
  const model = modelFor("webgpu", graph, { weights, external });
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: [{ ...FIXED_SHAPES, ...provider, name: "webgpu" }],
      graphOptimizationLevel: "all",
      ...(profilePrefix && { enableProfiling: true, profileFilePrefix: profilePrefix }),
      // Errors come as exceptions; printed as well they would only confuse.
      logSeverityLevel: 4,
      ...(allocateOutputs && { preferredOutputLocation: "gpu-buffer" }),
      extra: {
        session: { disable_cpu_ep_fallback: "1", ...held.config },
        ...(disabledOptimizers && { optimization: { disable_specified_optimizers: disabledOptimizers } }),
      },
    });
  } catch (error) {
    const node = isFallback(error) ? await firstRefused(graph, (node) => takes(ort, node)) : null;
    throw deviceError(`compile ${graph.name}`, error, node);
  }
}

const isFallback = (error: unknown) => /fallback to CPU EP has been explicitly disabled/.test(String(error));

/** Whether WebGPU takes a node: ONNX Runtime only says that there is one that it does not. */
async function takes(ort: OrtModule, node: Graph): Promise<boolean> {
  try {
    const native = await ort.InferenceSession.create(modelFor("webgpu", node, {}), {
      executionProviders: ["webgpu"],
      logSeverityLevel: 4,
      extra: { session: { disable_cpu_ep_fallback: "1" } },
    });
    await native.release();
    return true;
  } catch (error) {
    return !isFallback(error);
  }
}

async function runNative(
  action: string,
  native: Ort.InferenceSession,
  ...values: [Ort.InferenceSession.FeedsType, Ort.InferenceSession.FetchesType?]
): Promise<Ort.InferenceSession.OnnxValueMapType> {
  const [feeds, fetches] = values;
  try {
    return fetches ? await native.run(feeds, fetches) : await native.run(feeds);
  } catch (error) {
    throw deviceError(action, error);
  }
}

class WebGpuSession implements DeviceSession {
  readonly graph: Graph;
  readonly #ort: OrtModule;
  readonly #native: Ort.InferenceSession;
  readonly #leaves: Readonly<Record<string, Tensor>>;

  constructor(
    ort: OrtModule,
    { graph, native, stored }: {
      graph: Graph;
      native: Ort.InferenceSession;
      stored: Readonly<Record<string, unknown>>;
    },
  ) {
    this.#ort = ort;
    this.graph = graph;
    this.#native = native;
    const bound = graph.parameters.filter(({ source }) => !(source.name in stored));
    this.#leaves = { ...graph.inputs, ...Object.fromEntries(bound.map((tensor) => [tensor.source.name, tensor])) };
  }

  bind(feeds: DeviceValues, fetches: DeviceValues): BoundRun {
    const inputs = this.#tensors(this.#leaves, feeds);
    const outputs = this.#tensors(this.graph.outputs, fetches);
    const action = `run ${this.graph.name}`;
    return { run: async () => void await runNative(action, this.#native, inputs, outputs) };
  }

  async release(): Promise<void> {
    this.#native.endProfiling();
    await this.#native.release();
  }

  #tensors(expected: Readonly<Record<string, Tensor>>, values: DeviceValues): Record<string, Ort.Tensor> {
    const unknown = Object.keys(values).find((name) => !(name in expected));
    if (unknown) {
      throw new TypeError(`Cannot run: expected one of ${Object.keys(expected).join(", ")}, got "${unknown}"`);
    }
    return Object.fromEntries(
      Object.entries(expected).map(([name, tensor]) => {
        const value = values[name];
        if (value instanceof OrtDeviceArray) {
          const { dtype, shape, size } = value;
          checkValue(name, tensor, { dtype, shape, data: { length: size } as ArrayData });
          return [name, value.tensor];
        }
        const array = value as ArrayValue | undefined;
        checkValue(name, tensor, array);
        return [name, ortTensor(this.#ort, array)];
      }),
    );
  }
}

/** Copies as the identity of a graph: ONNX Runtime for Node has no other way to write or read a device's memory. */
class WebGpuMemory implements DeviceMemory {
  readonly #ort: OrtModule;
  /** Sessions by what they copy; those that allocated arrays must outlive them. */
  readonly #sessions = new Map<string, Promise<Ort.InferenceSession>>();

  constructor(ort: OrtModule) {
    this.#ort = ort;
  }

  async upload(values: Readonly<Record<string, ArrayValue>>): Promise<Record<string, DeviceArray>> {
    const native = await this.#session(values, { allocateOutputs: true });
    const feeds = Object.entries(values).map(([name, value]) => [fromName(name), ortTensor(this.#ort, value)] as const);
    const results = await runNative("write memory", native, Object.fromEntries(feeds));
    return Object.fromEntries(Object.keys(values).map((name) => [name, new OrtDeviceArray(results[name])]));
  }

  async download(arrays: Readonly<Record<string, DeviceArray>>): Promise<Record<string, ArrayValue>> {
    const native = await this.#session(arrays, { allocateOutputs: false });
    const feeds = Object.entries(arrays).map(([name, array]) => [fromName(name), (array as OrtDeviceArray).tensor]);
    const results = await runNative("read memory", native, Object.fromEntries(feeds));
    return Object.fromEntries(
      Object.keys(arrays).map((name) => [name, arrayValue(results[name])]),
    );
  }

  free(arrays: Iterable<DeviceArray>): void {
    for (const array of arrays) (array as OrtDeviceArray).tensor.dispose();
  }

  async release(): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    for (const session of sessions) if (session.status === "fulfilled") await session.value.release();
  }

  #session(types: Types, { allocateOutputs }: { allocateOutputs: boolean }): Promise<Ort.InferenceSession> {
    const described = Object.entries(types).map(([name, { dtype, shape }]) => [name, dtype, shape]);
    const key = JSON.stringify([allocateOutputs, described]);
    const session = this.#sessions.get(key) ?? createNative(this.#ort, copies(types), { allocateOutputs });
    this.#sessions.set(key, session);
    return session;
  }
}

type Types = Readonly<Record<string, { dtype: DType; shape: readonly number[] }>>;

const fromName = (name: string) => `from:${name}`;

function copies(types: Types): Graph {
  const outputs = Object.entries(types).map(([name, { dtype, shape }]) =>
    [name, identity(input(fromName(name), dtype, shape))] as const
  );
  return closeGraph("copy", Object.fromEntries(outputs));
}
