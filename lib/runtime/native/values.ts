// Tensors of ONNX Runtime's C interface: made over memory of ours, and read. And what every way of running a session shares: names as C
// wants them, and turns of the event loop.

import { type ArrayData, type ArrayValue, type DType, elementCount } from "../../graph/mod.ts";
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

/** Instead of a handle: default options of a run, an output that ONNX Runtime allocates. */
export const NONE = 0n;

/** A tensor whose elements stay where they are. */
export function tensorOver(library: OnnxRuntimeC, { dtype, shape, data }: ArrayValue): bigint {
  const dims = BigInt64Array.from(shape, BigInt);
  const place = [addressOf(library.foreign, data), data.byteLength, dims, dims.length] as const;
  return library.create("CreateTensorWithDataAsOrtValue", library.cpuMemory, ...place, ELEMENTS[dtype].code);
}

/** Copies a tensor that ONNX Runtime allocated. */
export function readTensor(library: OnnxRuntimeC, value: bigint, dtype: DType): ArrayValue {
  const { foreign } = library;
  const shape = shapeOf(library, value);
  const data = new ELEMENTS[dtype].array(elementCount(shape));
  const address = library.create("GetTensorMutableData", value);
  new foreign.UnsafePointerView(foreign.UnsafePointer.create(address)).copyInto(data);
  return { dtype, shape, data };
}

/** The sizes of a tensor. */
export function shapeOf(library: OnnxRuntimeC, value: bigint): number[] {
  const info = library.create("GetTensorTypeAndShape", value);
  try {
    const dims = new BigInt64Array(Number(library.create("GetDimensionsCount", info)));
    if (dims.length > 0) library.call("GetDimensions", info, dims, dims.length);
    return Array.from(dims, Number);
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
