// Looking at how a tensor was made.

import { type Tensor } from "../tensor.ts";

/** Inputs of the operation that made a tensor, if it is of a type; else null. */
export function inputsOf({ source }: Tensor, type: string): readonly Tensor[] | null {
  return source.kind === "operation" && source.type === type ? source.inputs : null;
}
