// What a tfjs kernel is given and gives: the table's entries in kernels_*.ts are functions of this type.

import type * as Tf from "@tensorflow/tfjs";
import type { Attributes } from "../../graph/mod.ts";
import type { Tfjs } from "./load.ts";

/** One application of an operator, with values. */
export interface KernelCall {
  readonly tf: Tfjs;
  /** Values of the inputs, in order; see `count`. */
  input(index: number): Tf.Tensor;
  /** Number of inputs: optional ones at the end may be missing. */
  readonly count: number;
  /** Values of an input that must be known when the graph is built, such as axes. */
  numbers(index: number): readonly number[];
  readonly attributes: Attributes;
}

/** An axis counted from the front, where a negative one is counted from the end. */
export function frontAxis(axis: unknown, rank: number): number {
  return Number(axis) < 0 ? Number(axis) + rank : Number(axis);
}

/** Computes an operator's outputs; tensors that it makes on the way are disposed by the caller. */
export type Kernel = (call: KernelCall) => Tf.Tensor | Tf.Tensor[];

/** Kernels by operator. */
export type KernelTable = Readonly<Record<string, Kernel>>;
