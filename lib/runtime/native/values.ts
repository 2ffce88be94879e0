// Tensors of ONNX Runtime's C interface: made over memory of ours, and read. And what every way of running a session shares: names as C
// wants them, and turns of the event loop.

import { type ArrayValue, type DType, ELEMENT_ARRAYS, elementCount } from "../../graph/mod.ts";
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
/** Where a tensor without elements is said to be. */
const NOWHERE = new Uint8Array(8);

/** Instead of a handle: default options of a run, an output that ONNX Runtime allocates. */
export const NONE = 0n;

/** A tensor whose elements stay where they are. */
export function tensorOver(library: OnnxRuntimeC, { dtype, shape, data }: ArrayValue): bigint {
  const dims = BigInt64Array.from(shape, BigInt);
  const address = addressOf(library.foreign, data.byteLength === 0 ? NOWHERE : data);
  const place = [address, data.byteLength, dims, dims.length] as const;
  return library.create("CreateTensorWithDataAsOrtValue", library.cpuMemory, ...place, ELEMENT_TYPES[dtype]);
}

/**
 * Copies a tensor that ONNX Runtime allocated.
 *
 * @throws {TypeError} when its elements are of a type that has no array here; `name` says whose
 */
export function readTensor(library: OnnxRuntimeC, value: bigint, name: string): ArrayValue {
  const { foreign } = library;
  const { dtype, shape } = typeOf(library, value, name);
  const data = new ELEMENT_ARRAYS[dtype](elementCount(shape));
  if (data.length > 0) {
    const address = library.create("GetTensorMutableData", value);
    new foreign.UnsafePointerView(foreign.UnsafePointer.create(address)).copyInto(data);
  }
  return { dtype, shape, data };
}

/** What a tensor's elements are, and its sizes. */
export function typeOf(library: OnnxRuntimeC, value: bigint, name: string): { dtype: DType; shape: number[] } {
  const info = library.create("GetTensorTypeAndShape", value);
  try {
    const type = Number(library.create("GetTensorElementType", info));
    const dtype = DTYPES.get(type);
    if (!dtype) throw new TypeError(`Cannot read ${name}: its element type (${type} of ONNX) has no array here`);
    const dims = new BigInt64Array(Number(library.create("GetDimensionsCount", info)));
    if (dims.length > 0) library.call("GetDimensions", info, dims, dims.length);
    return { dtype, shape: Array.from(dims, Number) };
  } finally {
    library.call("ReleaseTensorTypeAndShapeInfo", info);
  }
}

/** Frees handles of tensors, those that are `NONE` left out. */
export function releaseTensors(library: OnnxRuntimeC, values: Iterable<bigint>): void {
  for (const value of values) if (value !== NONE) library.call("ReleaseValue", value);
}

/** Names as C wants them: an array of addresses, and the bytes that these point to. */
export interface CStrings {
  readonly addresses: BigUint64Array;
  readonly bytes: readonly Uint8Array[];
}

export function cStrings({ foreign }: OnnxRuntimeC, names: readonly string[]): CStrings {
  const bytes = names.map(cString);
  return { bytes, addresses: BigUint64Array.from(bytes, (text) => addressOf(foreign, text)) };
}

const TURN_EVERY_MS = 10;
const DONE = Promise.resolve();
let lastTurn = 0;

/** Lets timers, signals and messages through now and then: a loop of calls that resolve at once would starve them. */
export function eventLoopTurn(): Promise<void> {
  if (performance.now() - lastTurn < TURN_EVERY_MS) return DONE;
  return new Promise((resolve) =>
    setImmediate(() => {
      lastTurn = performance.now();
      resolve();
    })
  );
}
