// A session through ONNX Runtime's C interface: it reads inputs from and writes outputs to the caller's own arrays.

import {
  type ArrayData,
  type ArrayValue,
  type DType,
  ELEMENT_ARRAYS,
  elementCount,
  type Graph,
} from "../../graph/mod.ts";
import { checkFeeds, checkValue, leavesOf } from "../feeds.ts";
import type { BoundRun, ModelSession, Session, SessionSettings } from "../session.ts";
import { addressOf, cString } from "./foreign.ts";
import type { OnnxRuntimeC } from "./onnxruntime_c.ts";

/** `ONNXTensorElementDataType`. */
const ELEMENT_TYPES: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};
const DTYPES = new Map(Object.entries(ELEMENT_TYPES).map(([dtype, type]) => [type, dtype as DType] as const));
/** `GraphOptimizationLevel`. */
const OPTIMIZATIONS = { none: 0, all: 99 };
const ERRORS_ONLY = 3;
/** Instead of a handle: default options of a run, an output that ONNX Runtime allocates. */
const NONE = 0n;
/** Where a tensor without elements is said to be. */
const NOWHERE = new Uint8Array(8);

/** What a session takes and gives, and how that is checked. */
export interface SessionInterface {
  /** For messages. */
  readonly name: string;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @throws {TypeError} when values do not fit the inputs */
  checkFeeds(feeds: Readonly<Record<string, ArrayValue>>): void;
  /** @throws {TypeError} when a value cannot hold an output */
  checkFetch(name: string, value: ArrayValue): void;
}

/** How a session is created. */
export interface NativeSettings extends Omit<SessionSettings, "model"> {
  /** Bytes, or a file's path, beside which ONNX Runtime finds the weights that are stored in files of their own. */
  model: Uint8Array | string;
  /** Default "all". */
  optimizations?: keyof typeof OPTIMIZATIONS;
}

/** Builds a session of a graph on the CPU. */
export function nativeSession(
  library: OnnxRuntimeC,
  graph: Graph,
  { stored, ...settings }: SessionSettings & { stored: readonly string[] },
): Session {
  const leaves = leavesOf(graph);
  const inputNames = Object.keys(leaves).filter((name) => !stored.includes(name));
  const session = nativeModel(library, {
    name: graph.name,
    inputNames,
    outputNames: Object.keys(graph.outputs),
    checkFeeds: (feeds) => checkFeeds(feeds, leaves, inputNames),
    checkFetch: (name, value) => checkValue(name, graph.outputs[name], value),
  }, settings);
  return Object.assign(session, { graph });
}

/** Builds a session of any model on the CPU. */
export function nativeModel(
  library: OnnxRuntimeC,
  about: SessionInterface,
  { model, threads, config, optimizations = "all" }: NativeSettings,
): ModelSession {
  const options = library.create("CreateSessionOptions");
  try {
    library.call("SetSessionLogSeverityLevel", options, ERRORS_ONLY);
    library.call("SetSessionGraphOptimizationLevel", options, OPTIMIZATIONS[optimizations]);
    if (threads > 0) library.call("SetIntraOpNumThreads", options, threads);
    for (const [key, value] of Object.entries(config)) {
      library.call("AddSessionConfigEntry", options, cString(`session.${key}`), cString(value));
    }
    const { environment } = library;
    const handle = typeof model === "string"
      ? library.create("CreateSession", environment, cString(model), options)
      : library.create("CreateSessionFromArray", environment, model, BigInt(model.length), options);
    return new NativeSession(library, about, handle);
  } finally {
    library.call("ReleaseSessionOptions", options);
  }
}

class NativeSession implements ModelSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #names: { inputs: CStrings; outputs: CStrings };
  /** 0 once released. */
  #handle: bigint;
  /** Bound runs, their values, and the arrays that these look into. */
  readonly #bound: { bindings: bigint[]; values: bigint[]; arrays: ArrayData[] } = {
    bindings: [],
    values: [],
    arrays: [],
  };

  constructor(
    private readonly library: OnnxRuntimeC,
    private readonly about: SessionInterface,
    handle: bigint,
  ) {
    this.#handle = handle;
    this.inputNames = about.inputNames;
    this.outputNames = about.outputNames;
    this.#names = { inputs: cStrings(library, this.inputNames), outputs: cStrings(library, this.outputNames) };
  }

  async run(feeds: Readonly<Record<string, ArrayValue>>): Promise<Record<string, ArrayValue>> {
    const inputs: bigint[] = [];
    const outputs = new BigUint64Array(this.outputNames.length).fill(NONE);
    try {
      this.about.checkFeeds(feeds);
      for (const name of this.inputNames) inputs.push(this.#value(feeds[name]));
      const { inputs: given, outputs: wanted } = this.#names;
      const feeding = [given.addresses, BigUint64Array.from(inputs), inputs.length] as const;
      this.library.call("Run", this.#open(), NONE, ...feeding, wanted.addresses, outputs.length, outputs);
      const results = this.outputNames.map((name, i) => [name, this.#read(outputs[i], name)]);
      await eventLoopTurn();
      return Object.fromEntries(results);
    } finally {
      this.#release([...inputs, ...outputs]);
    }
  }

  bind(feeds: Readonly<Record<string, ArrayValue>>, fetches: Readonly<Record<string, ArrayValue>>): BoundRun {
    this.about.checkFeeds(feeds);
    const fetched = Object.entries(fetches);
    for (const [name, value] of fetched) this.about.checkFetch(name, value);
    const binding = this.library.create("CreateIoBinding", this.#open());
    this.#bound.bindings.push(binding);
    for (const name of this.inputNames) {
      this.library.call("BindInput", binding, cString(name), this.#boundValue(feeds[name]));
    }
    for (const [name, value] of fetched) {
      this.library.call("BindOutput", binding, cString(name), this.#boundValue(value));
    }
    return {
      // No async function, and one promise for all calls: for a small model those cost a tenth of a call.
      run: () => {
        try {
          this.library.call("RunWithBinding", this.#open(), NONE, binding);
        } catch (error) {
          return Promise.reject(error);
        }
        return eventLoopTurn();
      },
    };
  }

  release(): Promise<void> {
    for (const binding of this.#bound.bindings.splice(0)) this.library.call("ReleaseIoBinding", binding);
    if (this.#handle !== NONE) this.library.call("ReleaseSession", this.#handle);
    this.#handle = NONE;
    this.#release(this.#bound.values.splice(0));
    this.#bound.arrays.length = 0;
    return Promise.resolve();
  }

  /** The session's handle. */
  #open(): bigint {
    if (this.#handle === NONE) throw new Error(`Cannot run ${this.about.name}: its session was released`);
    return this.#handle;
  }

  #boundValue(value: ArrayValue): bigint {
    const handle = this.#value(value);
    this.#bound.values.push(handle);
    this.#bound.arrays.push(value.data);
    return handle;
  }

  /** A tensor whose elements stay where they are. */
  #value({ dtype, shape, data }: ArrayValue): bigint {
    const { foreign, cpuMemory } = this.library;
    const dims = BigInt64Array.from(shape, BigInt);
    const address = addressOf(foreign, data.byteLength === 0 ? NOWHERE : data);
    const place = [address, data.byteLength, dims, dims.length] as const;
    return this.library.create("CreateTensorWithDataAsOrtValue", cpuMemory, ...place, ELEMENT_TYPES[dtype]);
  }

  /** Copies a tensor that ONNX Runtime allocated. */
  #read(value: bigint, name: string): ArrayValue {
    const { foreign } = this.library;
    const { dtype, shape } = this.#typeOf(value, name);
    const data = new ELEMENT_ARRAYS[dtype](elementCount(shape));
    if (data.length > 0) {
      const address = this.library.create("GetTensorMutableData", value);
      new foreign.UnsafePointerView(foreign.UnsafePointer.create(address)).copyInto(data);
    }
    return { dtype, shape, data };
  }

  #typeOf(value: bigint, name: string): { dtype: DType; shape: number[] } {
    const info = this.library.create("GetTensorTypeAndShape", value);
    try {
      const type = Number(this.library.create("GetTensorElementType", info));
      const dtype = DTYPES.get(type);
      if (!dtype) throw new TypeError(`Cannot read ${name}: its element type (${type} of ONNX) has no array here`);
      const dims = new BigInt64Array(Number(this.library.create("GetDimensionsCount", info)));
      if (dims.length > 0) this.library.call("GetDimensions", info, dims, dims.length);
      return { dtype, shape: Array.from(dims, Number) };
    } finally {
      this.library.call("ReleaseTensorTypeAndShapeInfo", info);
    }
  }

  #release(values: readonly bigint[]): void {
    for (const value of values) if (value !== NONE) this.library.call("ReleaseValue", value);
  }
}

const TURN_EVERY_MS = 10;
const DONE = Promise.resolve();
let lastTurn = 0;

/** Lets timers, signals and messages through now and then: a loop of calls that resolve at once would starve them. */
function eventLoopTurn(): Promise<void> {
  if (performance.now() - lastTurn < TURN_EVERY_MS) return DONE;
  return new Promise((resolve) =>
    setImmediate(() => {
      lastTurn = performance.now();
      resolve();
    })
  );
}

/** Names as C wants them: an array of addresses, and the bytes that these point to. */
interface CStrings {
  readonly addresses: BigUint64Array;
  readonly bytes: readonly Uint8Array[];
}

function cStrings({ foreign }: OnnxRuntimeC, names: readonly string[]): CStrings {
  const bytes = names.map(cString);
  return { bytes, addresses: BigUint64Array.from(bytes, (text) => addressOf(foreign, text)) };
}
