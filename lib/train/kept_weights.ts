// The parameters that a run keeps a copy of: those of its best epoch.

import type { ArrayValue } from "../runtime/mod.ts";
import type { StartingValues } from "./run_types.ts";

/** Values of parameters by name. */
export type Weights = Record<string, ArrayValue>;

/** Copies of parameters, without those that a run was given and never changes. */
export function copiesOfLearned(weights: Readonly<Weights>, start: StartingValues | undefined): Weights {
  const given = start?.frozen?.parameters ?? {};
  return Object.fromEntries(
    Object.entries(weights).filter(([name]) => !Object.hasOwn(given, name))
      .map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: data.slice() }]),
  );
}

/** Into the same memory: a new copy each time an epoch is the best so far would leave garbage of the model's size. */
export function copyInto(target: Readonly<Weights>, weights: Readonly<Weights>): void {
  for (const [name, { data }] of Object.entries(target)) {
    (data as Float32Array).set(weights[name].data as Float32Array);
  }
}
