// Training state: parameters, moments and gradients in WebAssembly memories that ONNX Runtime reads and writes in place.
//
// Each memory holds four regions of one length (parameters, first moments, second moments, gradients), so that one kernel
// call updates all parameters in it. Memories are sized once and never grown: growing would detach the views.

import { elementCount, type Parameter } from "../graph/mod.ts";

/** Views of one parameter's values. */
export interface ParameterState {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameter: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly gradient: Float32Array;
}

/** One memory and where its regions start. */
export interface StateMemory {
  readonly memory: WebAssembly.Memory;
  readonly parameter: number;
  readonly firstMoment: number;
  readonly secondMoment: number;
  readonly gradient: number;
  /** Values in each region, a multiple of 16. */
  readonly count: number;
}

/** The state of a model being trained. */
export interface TrainingState {
  readonly parameters: readonly ParameterState[];
  readonly memories: readonly StateMemory[];
}

const REGIONS = ["parameter", "firstMoment", "secondMoment", "gradient"] as const;
const PAGE_BYTES = 65536;
const WASM_LIMIT_BYTES = 2 ** 32;
/** Values are aligned to 64 bytes, a cache line and more than the kernel's 16. */
const ALIGNMENT_VALUES = 16;
/** Beyond this a model is split over several memories: wasm32 ends at 4 GiB. */
export const DEFAULT_MEMORY_LIMIT_BYTES = 3.5 * 2 ** 30;

const aligned = (count: number) => Math.ceil(count / ALIGNMENT_VALUES) * ALIGNMENT_VALUES;

/**
 * Allocates zeroed state.
 *
 * @param limitBytes largest memory; a single parameter larger than that gets a memory of its own
 * @throws {RangeError} when one parameter with moments and gradient needs more than 4 GiB
 */
export function allocateState(
  parameters: readonly Parameter[],
  { limitBytes = DEFAULT_MEMORY_LIMIT_BYTES }: { limitBytes?: number } = {},
): TrainingState {
  const groups = groupBySize(parameters, limitBytes / (REGIONS.length * 4));
  const parts = groups.map(allocateGroup);
  return { parameters: parts.flatMap((part) => part.parameters), memories: parts.map((part) => part.memory) };
}

/** Cuts the parameters, in order, into groups of at most `limit` values. */
function groupBySize(parameters: readonly Parameter[], limit: number): Parameter[][] {
  const groups: Parameter[][] = [];
  let size = Infinity;
  for (const parameter of parameters) {
    const count = aligned(elementCount(parameter.shape as number[]));
    if (size + count > limit) {
      groups.push([]);
      size = 0;
    }
    groups[groups.length - 1].push(parameter);
    size += count;
  }
  return groups;
}

function allocateGroup(group: readonly Parameter[]): { parameters: ParameterState[]; memory: StateMemory } {
  const counts = group.map(({ shape }) => elementCount(shape as number[]));
  const count = counts.reduce((sum, value) => sum + aligned(value), 0);
  const bytes = REGIONS.length * count * 4;
  if (bytes > WASM_LIMIT_BYTES) {
    const names = group.map(({ source }) => source.name).join(", ");
    throw new RangeError(`Cannot train ${names}: expected at most ${WASM_LIMIT_BYTES} bytes of state, got ${bytes}`);
  }
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const [parameter, firstMoment, secondMoment, gradient] = REGIONS.map((_, i) => i * count * 4);
  const regions = { parameter, firstMoment, secondMoment, gradient };
  let offset = 0;
  const parameters = group.map(({ shape, source }, i) => {
    const view = (start: number) => new Float32Array(memory.buffer, start + offset * 4, counts[i]);
    const state = {
      name: source.name,
      shape: shape as number[],
      parameter: view(parameter),
      firstMoment: view(firstMoment),
      secondMoment: view(secondMoment),
      gradient: view(gradient),
    };
    offset += aligned(counts[i]);
    return state;
  });
  return { parameters, memory: { memory, ...regions, count } };
}
