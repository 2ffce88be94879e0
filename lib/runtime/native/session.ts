// A session through ONNX Runtime's C interface: it reads inputs from and writes outputs to the caller's own arrays.

import { type ArrayData, type ArrayValue, type DType, elementCount, type Graph, type Tensor } from "../../graph/mod.ts";
import { checkFeeds, checkValue, leavesOf } from "../feeds.ts";
import type { BoundRun, OptimizationLevel, Session, SessionSettings } from "../session.ts";
import { addressOf, cString } from "./foreign.ts";
import type { OnnxRuntimeC } from "./onnxruntime_c.ts";

/** `ONNXTensorElementDataType` and how an element is stored. */
const ELEMENTS: Record<DType, { code: number; array: new (length: number) => ArrayData }> = {
  float32: { code: 1, array: Float32Array },
  uint8: { code: 2, array: Uint8Array },
  int8: { code: 3, array: Int8Array },
  int32: { code: 6, array: Int32Array },
  int64: { code: 7, array: BigInt64Array },
  bool: { code: 9, array: Uint8Array },
  float16: { code: 10, array: Uint16Array },
  float64: { code: 11, array: Float64Array },
};
/** `GraphOptimizationLevel`. */
const LEVELS: Record<OptimizationLevel, number> = { disabled: 0, basic: 1, extended: 2, all: 99 };
const ERRORS_ONLY = 3;
/** Instead of a handle: default options of a run, an output that ONNX Runtime allocates. */
const NONE = 0n;

/** Builds a session on the CPU. */
export function nativeSession(
  library: OnnxRuntimeC,
  graph: Graph,
  { model, threads, config, optimization = "all", leanMemory, stored }: SessionSettings & { stored: readonly string[] },
): Session {
  const options = library.create("CreateSessionOptions");
  try {
    library.call("SetSessionLogSeverityLevel", options, ERRORS_ONLY);
    library.call("SetSessionGraphOptimizationLevel", options, LEVELS[optimization]);
    if (leanMemory) {
      library.call("DisableMemPattern", options);
      library.call("DisableCpuMemArena", options);
    }
    if (threads > 0) library.call("SetIntraOpNumThreads", options, threads);
    for (const [key, value] of Object.entries(config)) {
      library.call("AddSessionConfigEntry", options, cString(`session.${key}`), cString(value));
    }
    const { environment } = library;
    const handle = library.create("CreateSessionFromArray", environment, model, BigInt(model.length), options);
    return new NativeSession(library, { graph, handle, stored });
  } finally {
    library.call("ReleaseSessionOptions", options);
  }
}

class NativeSession implements Session {
  readonly graph: Graph;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #leaves: Readonly<Record<string, Tensor>>;
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
    { graph, handle, stored }: { graph: Graph; handle: bigint; stored: readonly string[] },
  ) {
    this.graph = graph;
    this.#handle = handle;
    this.#leaves = leavesOf(graph);
    this.inputNames = Object.keys(this.#leaves).filter((name) => !stored.includes(name));
    this.outputNames = Object.keys(graph.outputs);
    this.#names = { inputs: cStrings(library, this.inputNames), outputs: cStrings(library, this.outputNames) };
  }

  async run(feeds: Readonly<Record<string, ArrayValue>>): Promise<Record<string, ArrayValue>> {
    const inputs: bigint[] = [];
    const outputs = new BigUint64Array(this.outputNames.length).fill(NONE);
    try {
      checkFeeds(feeds, this.#leaves, this.inputNames);
      for (const name of this.inputNames) inputs.push(this.#value(feeds[name]));
      const { inputs: given, outputs: wanted } = this.#names;
      const feeding = [given.addresses, BigUint64Array.from(inputs), inputs.length] as const;
      this.library.call("Run", this.#open(), NONE, ...feeding, wanted.addresses, outputs.length, outputs);
      const results = this.outputNames.map((name, i) => [name, this.#read(outputs[i], this.graph.outputs[name].dtype)]);
      await eventLoopTurn();
      return Object.fromEntries(results);
    } finally {
      this.#release([...inputs, ...outputs]);
    }
  }

  bind(feeds: Readonly<Record<string, ArrayValue>>, fetches: Readonly<Record<string, ArrayValue>>): BoundRun {
    checkFeeds(feeds, this.#leaves, this.inputNames);
    const fetched = Object.entries(fetches);
    for (const [name, value] of fetched) checkValue(name, this.graph.outputs[name], value);
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
    if (this.#handle === NONE) throw new Error(`Cannot run ${this.graph.name}: its session was released`);
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
    const place = [addressOf(foreign, data), data.byteLength, dims, dims.length] as const;
    return this.library.create("CreateTensorWithDataAsOrtValue", cpuMemory, ...place, ELEMENTS[dtype].code);
  }

  /** Copies a tensor that ONNX Runtime allocated. */
  #read(value: bigint, dtype: DType): ArrayValue {
    const { foreign } = this.library;
    const shape = this.#shapeOf(value);
    const data = new ELEMENTS[dtype].array(elementCount(shape));
    const address = this.library.create("GetTensorMutableData", value);
    new foreign.UnsafePointerView(foreign.UnsafePointer.create(address)).copyInto(data);
    return { dtype, shape, data };
  }

  #shapeOf(value: bigint): number[] {
    const info = this.library.create("GetTensorTypeAndShape", value);
    try {
      const dims = new BigInt64Array(Number(this.library.create("GetDimensionsCount", info)));
      if (dims.length > 0) this.library.call("GetDimensions", info, dims, dims.length);
      return Array.from(dims, Number);
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
