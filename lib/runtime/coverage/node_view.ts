// What a provider's rules see of a node.

import type { Attributes, Tensor } from "../../graph/mod.ts";

/** A node of a graph with fixed shapes. */
export interface NodeView {
  readonly type: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** Stored in the model, or computed from what is stored before a provider sees the graph. */
  readonly isConstant: (tensor: Tensor) => boolean;
}
