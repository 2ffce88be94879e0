// Runs through ONNX Runtime's C interface whose outputs stay where ONNX Runtime put them, to be inputs of later runs.

import { type ArrayValue, type DType, type Graph, type Tensor, tensorBytes } from "../../graph/mod.ts";
import { fedNames, leavesOf } from "../feeds.ts";
import {
  checkResidentFeeds,
  isResident,
  type ResidentArray,
  type ResidentSession,
  type Values,
} from "../resident_values.ts";
import type { SessionSettings } from "../session.ts";
import type { OnnxRuntimeC } from "./onnxruntime_c.ts";
import { createSession } from "./session.ts";
import {
  type CStrings,
  cStrings,
  eventLoopTurn,
  NONE,
  readTensor,
  releaseTensors,
  tensorOver,
  typeOf,
} from "./values.ts";

class NativeResidentArray implements ResidentArray {
  constructor(
    private readonly library: OnnxRuntimeC,
    readonly dtype: DType,
    readonly shape: readonly number[],
    public handle: bigint,
  ) {}

  get byteLength(): number {
    return tensorBytes(this);
  }

  release(): void {
    releaseTensors(this.library, [this.handle]);
    this.handle = NONE;
  }
}

/** Builds a session on the CPU. */
export function nativeResidentSession(
  library: OnnxRuntimeC,
  graph: Graph,
  { stored, resident, ...settings }: SessionSettings & { stored: readonly string[]; resident: readonly string[] },
): ResidentSession {
  return new NativeResidentSession(library, { graph, handle: createSession(library, settings), stored, resident });
}

class NativeResidentSession implements ResidentSession {
  readonly graph: Graph;
  readonly inputNames: readonly string[];
  readonly #leaves: Readonly<Record<string, Tensor>>;
  readonly #outputs: readonly { name: string; dtype: DType; stays: boolean }[];
  readonly #names: { inputs: CStrings; outputs: CStrings };
  /** NONE once released. */
  #handle: bigint;

  constructor(
    private readonly library: OnnxRuntimeC,
    { graph, handle, stored, resident }: {
      graph: Graph;
      handle: bigint;
      stored: readonly string[];
      resident: readonly string[];
    },
  ) {
    this.graph = graph;
    this.#handle = handle;
    this.#leaves = leavesOf(graph);
    this.inputNames = fedNames(this.#leaves, stored);
    this.#outputs = Object.entries(graph.outputs)
      .map(([name, { dtype }]) => ({ name, dtype, stays: resident.includes(name) }));
    this.#names = {
      inputs: cStrings(library, this.inputNames),
      outputs: cStrings(library, this.#outputs.map(({ name }) => name)),
    };
  }

  async run(feeds: Values): Promise<Record<string, ArrayValue | ResidentArray>> {
    if (this.#handle === NONE) throw new Error(`Cannot run ${this.graph.name}: its session was released`);
    checkResidentFeeds(feeds, this.#leaves, this.inputNames);
    const made: bigint[] = [];
    const outputs = new BigUint64Array(this.#outputs.length).fill(NONE);
    try {
      const inputs = BigUint64Array.from(this.inputNames, (name) => this.#handleOf(name, feeds[name], made));
      const { inputs: given, outputs: wanted } = this.#names;
      const feeding = [given.addresses, inputs, inputs.length] as const;
      this.library.call("Run", this.#handle, NONE, ...feeding, wanted.addresses, outputs.length, outputs);
      const results = this.#outputs.map(({ name, dtype, stays }, i) => {
        if (!stays) return [name, readTensor(this.library, outputs[i], name)] as const;
        const { shape } = typeOf(this.library, outputs[i], name);
        const kept = new NativeResidentArray(this.library, dtype, shape, outputs[i]);
        outputs[i] = NONE;
        return [name, kept] as const;
      });
      await eventLoopTurn();
      return Object.fromEntries(results);
    } finally {
      releaseTensors(this.library, [...made, ...outputs]);
    }
  }

  release(): Promise<void> {
    if (this.#handle !== NONE) this.library.call("ReleaseSession", this.#handle);
    this.#handle = NONE;
    return Promise.resolve();
  }

  #handleOf(name: string, value: ArrayValue | ResidentArray, made: bigint[]): bigint {
    if (isResident(value)) {
      const { handle } = value as NativeResidentArray;
      if (handle === NONE) throw new Error(`Cannot run ${this.graph.name}: the array for ${name} was released`);
      return handle;
    }
    const handle = tensorOver(this.library, value);
    made.push(handle);
    return handle;
  }
}
