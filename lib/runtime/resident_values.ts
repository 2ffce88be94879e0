// Values that stay in the memory of a session's provider between runs: what a run takes and gives, and the check of what it takes.

import { type ArrayData, type ArrayValue, type DType, elementCount, type Graph, type Tensor } from "../graph/mod.ts";
import { checkFeeds } from "./feeds.ts";

/** An output of one run that later runs take as input. It holds memory until it is released, once. */
export interface ResidentArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  release(): void;
}

/** Values by name, in JavaScript's memory or the provider's. */
export type Values = Readonly<Record<string, ArrayValue | ResidentArray>>;

/** A compiled graph some of whose outputs stay where they were computed. Calls block the JavaScript thread while they compute. */
export interface ResidentSession {
  readonly graph: Graph;
  readonly inputNames: readonly string[];
  /**
   * Computes all outputs from a value for each input. Those that stay are `ResidentArray`s, the caller's to release; the others are
   * copied.
   */
  run(feeds: Values): Promise<Record<string, ArrayValue | ResidentArray>>;
  /** Frees the native memory, but for arrays that stayed. */
  release(): Promise<void>;
}

/** Whether a value is one that stayed. */
export function isResident(value: ArrayValue | ResidentArray): value is ResidentArray {
  return !("data" in value);
}

/** As `checkFeeds`, where values may have no elements to look at. */
export function checkResidentFeeds(
  feeds: Values,
  leaves: Readonly<Record<string, Tensor>>,
  inputNames: readonly string[],
): void {
  const shapes = Object.entries(feeds).map(([name, value]): [string, ArrayValue] => {
    if (!isResident(value)) return [name, value];
    const { dtype, shape } = value;
    return [name, { dtype, shape, data: { length: elementCount(shape) } as ArrayData }];
  });
  checkFeeds(Object.fromEntries(shapes), leaves, inputNames);
}
