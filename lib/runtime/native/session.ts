// A session through ONNX Runtime's C interface: it reads inputs from and writes outputs to the caller's own arrays.

import type { ArrayData, ArrayValue, Graph } from "../../graph/mod.ts";
import type { BoundRun, ModelSession, OptimizationLevel, Session, SessionSettings } from "../session.ts";
import { graphInterface, type SessionInterface } from "../session_interface.ts";
import { cString } from "./foreign.ts";
import type { OnnxRuntimeC } from "./onnxruntime_c.ts";
import { type CStrings, cStrings, eventLoopTurn, NONE, readTensor, releaseTensors, tensorOver } from "./values.ts";

/** `GraphOptimizationLevel`. */
const LEVELS: Record<OptimizationLevel, number> = { disabled: 0, basic: 1, extended: 2, all: 99 };
const ERRORS_ONLY = 3;

/** Builds a session of a graph on the CPU. */
export function nativeSession(
  library: OnnxRuntimeC,
  graph: Graph,
  { stored, ...settings }: SessionSettings & { stored: readonly string[] },
): Session {
  return Object.assign(nativeModel(library, graphInterface(graph, stored), settings), { graph });
}

/** Builds a session of any model on the CPU. */
export function nativeModel(library: OnnxRuntimeC, about: SessionInterface, settings: SessionSettings): ModelSession {
  return new NativeSession(library, about, createSession(library, settings));
}

/** The handle of a session on the CPU. */
export function createSession(
  library: OnnxRuntimeC,
  { model, threads, config, disabledOptimizers, optimization = "all", leanMemory }: SessionSettings,
): bigint {
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
    if (disabledOptimizers) {
      const entry = cString("optimization.disable_specified_optimizers");
      library.call("AddSessionConfigEntry", options, entry, cString(disabledOptimizers));
    }
    const { environment } = library;
    return typeof model === "string"
      ? library.create("CreateSession", environment, cString(model), options)
      : library.create("CreateSessionFromArray", environment, model, BigInt(model.length), options);
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
      for (const name of this.inputNames) inputs.push(tensorOver(this.library, feeds[name]));
      const { inputs: given, outputs: wanted } = this.#names;
      const feeding = [given.addresses, BigUint64Array.from(inputs), inputs.length] as const;
      this.library.call("Run", this.#open(), NONE, ...feeding, wanted.addresses, outputs.length, outputs);
      const results = this.outputNames.map((name, i) => [name, readTensor(this.library, outputs[i], name)]);
      await eventLoopTurn();
      return Object.fromEntries(results);
    } finally {
      releaseTensors(this.library, [...inputs, ...outputs]);
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
    releaseTensors(this.library, this.#bound.values.splice(0));
    this.#bound.arrays.length = 0;
    return Promise.resolve();
  }

  /** The session's handle. */
  #open(): bigint {
    if (this.#handle === NONE) throw new Error(`Cannot run ${this.about.name}: its session was released`);
    return this.#handle;
  }

  #boundValue(value: ArrayValue): bigint {
    const handle = tensorOver(this.library, value);
    this.#bound.values.push(handle);
    this.#bound.arrays.push(value.data);
    return handle;
  }
}
