// Training state: parameters, gradients and what the optimizer carries over, in WebAssembly memories that ONNX Runtime reads
// and writes in place.
//
// Each memory holds a few regions (parameters, gradients, the optimizer's own), each with room for every parameter of its
// group in the same order, so that one kernel call updates all of them. Memories are sized once and never grown: growing
// would detach the views.

import { elementCount, type Parameter } from "../graph/mod.ts";
import { alignmentValues, carriedRegions, type RegionLayout, scratchBytes } from "./kernel/optimizer_kernel.ts";
import type { UpdatedMemory } from "./kernel/update_threads.ts";
import type { OptimizerSpec } from "./optimizer.ts";

/** Views of one parameter's values. */
export interface ParameterState {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  /** What the optimizer carries over, by region: for Adam `firstMoment` and `secondMoment`. */
  readonly carried: Readonly<Record<string, Float32Array | Uint8Array>>;
}

/** The state of a model being trained. */
export interface TrainingState {
  readonly parameters: readonly ParameterState[];
  readonly memories: readonly UpdatedMemory[];
}

/** What is allocated beside the parameters. */
export interface StateOptions {
  optimizer: OptimizerSpec;
  /** Largest memory; a single parameter larger than that gets a memory of its own. Default 3.5 GiB. */
  limitBytes?: number;
  /** Whether gradients of several batches are added up. */
  accumulates?: boolean;
  /** Threads that update the state; more than one share its memories. Default 1. */
  threads?: number;
}

const PAGE_BYTES = 65536;
const WASM_LIMIT_BYTES = 2 ** 32;
/** Beyond this a model is split over several memories: wasm32 ends at 4 GiB. */
const DEFAULT_MEMORY_LIMIT_BYTES = 3.5 * 2 ** 30;

const PARAMETER: RegionLayout = { name: "parameter", type: "float32", valuesPerElement: 1 };

const roundUp = (count: number, multiple: number) => Math.ceil(count / multiple) * multiple;
const bytesOf = ({ type }: RegionLayout) => (type === "float32" ? 4 : 1);

/**
 * Bytes that an optimizer carries over from step to step for each parameter, padding left out: 8 of Adam's two moments, about 2 of 8-bit Adam's.
 *
 * @example
 * ```ts
 * import { adam, adam8bit, stateBytesPerParameter } from "lib/train/mod.ts";
 * const [whole, codes] = [adam, adam8bit].map((make) => stateBytesPerParameter(make({ learningRate: 1e-3 })));
 * if (whole !== 8 || codes > 0.27 * whole) throw new Error("about a quarter");
 * ```
 */
export function stateBytesPerParameter(optimizer: OptimizerSpec): number {
  return carriedRegions(optimizer).reduce((sum, region) => sum + bytesOf(region) / region.valuesPerElement, 0);
}

/**
 * Allocates zeroed state.
 *
 * @throws {RangeError} when one parameter with its regions needs more than 4 GiB
 */
export function allocateState(parameters: readonly Parameter[], options: StateOptions): TrainingState {
  const { optimizer, limitBytes = DEFAULT_MEMORY_LIMIT_BYTES, accumulates = false, threads = 1 } = options;
  const layout = [
    PARAMETER,
    { ...PARAMETER, name: "gradient" },
    ...carriedRegions(optimizer),
    ...(accumulates ? [{ ...PARAMETER, name: "accumulated" }] : []),
  ];
  const bytesPerValue = layout.reduce((sum, region) => sum + bytesOf(region) / region.valuesPerElement, 0);
  const groups = groupBySize(parameters, limitBytes / bytesPerValue, alignmentValues(optimizer));
  const parts = groups.map((group) => allocateGroup(group, { layout, optimizer, threads }));
  return { parameters: parts.flatMap((part) => part.parameters), memories: parts.map((part) => part.memory) };
}

/** Cuts the parameters, in order, into groups of at most `limit` values. */
function groupBySize(parameters: readonly Parameter[], limit: number, alignment: number): Parameter[][] {
  const groups: Parameter[][] = [];
  let size = Infinity;
  for (const parameter of parameters) {
    const count = roundUp(elementCount(parameter.shape as number[]), alignment);
    if (size + count > limit) {
      groups.push([]);
      size = 0;
    }
    groups[groups.length - 1].push(parameter);
    size += count;
  }
  return groups;
}

/** Byte offsets of the regions, one after the other, each on a cache line. */
function placeRegions(layout: readonly RegionLayout[], count: number, scratch: number) {
  const offsets: Record<string, number> = {};
  let bytes = 0;
  for (const region of layout) {
    offsets[region.name] = bytes;
    bytes += roundUp(count / region.valuesPerElement * bytesOf(region), 64);
  }
  offsets.scratch = bytes;
  return { offsets, bytes: bytes + scratch };
}

function allocateGroup(
  group: readonly Parameter[],
  { layout, optimizer, threads }: { layout: readonly RegionLayout[]; optimizer: OptimizerSpec; threads: number },
): { parameters: ParameterState[]; memory: UpdatedMemory } {
  const counts = group.map(({ shape }) => elementCount(shape as number[]));
  const padded = counts.map((count) => roundUp(count, alignmentValues(optimizer)));
  const count = padded.reduce((sum, value) => sum + value, 0);
  const { offsets, bytes } = placeRegions(layout, count, threads * scratchBytes(optimizer));
  if (bytes > WASM_LIMIT_BYTES) {
    const names = group.map(({ source }) => source.name).join(", ");
    throw new RangeError(`Cannot train ${names}: expected at most ${WASM_LIMIT_BYTES} bytes of state, got ${bytes}`);
  }
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: threads > 1 });
  let start = 0;
  const parameters = group.map(({ shape, source }, i) => {
    const view = (region: RegionLayout) => {
      const offset = offsets[region.name] + start / region.valuesPerElement * bytesOf(region);
      // Of codes and scales the padding is carried over too: it takes part in the scale of its block.
      const length = region.type === "float32" && region.valuesPerElement === 1
        ? counts[i]
        : padded[i] / region.valuesPerElement;
      return region.type === "float32"
        ? new Float32Array(memory.buffer, offset, length)
        : new Uint8Array(memory.buffer, offset, length);
    };
    const state = {
      name: source.name,
      shape: shape as number[],
      parameter: view(PARAMETER) as Float32Array,
      gradient: view({ ...PARAMETER, name: "gradient" }) as Float32Array,
      carried: Object.fromEntries(carriedRegions(optimizer).map((region) => [region.name, view(region)])),
    };
    start += padded[i];
    return state;
  });
  return { parameters, memory: { memory, offsets, count } };
}
