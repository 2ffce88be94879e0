// The table operator -> tfjs calls. An operator without an entry is refused when an executor is made, never skipped.

import type { Kernel, KernelTable } from "./kernel.ts";
import { ELEMENTWISE_KERNELS } from "./kernels_elementwise.ts";
import { INDEXING_KERNELS } from "./kernels_indexing.ts";
import { MATMUL_KERNELS } from "./kernels_matmul.ts";
import { REDUCTION_KERNELS } from "./kernels_reduction.ts";
import { SHAPE_KERNELS } from "./kernels_shape.ts";

const KERNELS: KernelTable = {
  ...ELEMENTWISE_KERNELS,
  ...INDEXING_KERNELS,
  ...MATMUL_KERNELS,
  ...REDUCTION_KERNELS,
  ...SHAPE_KERNELS,
};

/** Operators that tfjs executes, sorted. */
export function tfjsOperatorTypes(): string[] {
  return Object.keys(KERNELS).sort();
}

/**
 * The kernel of an operator.
 *
 * @param where the line of the model, for the message
 * @throws {TypeError} when there is none, saying what to do
 */
export function tfjsKernel(type: string, where = ""): Kernel {
  const kernel = KERNELS[type];
  if (kernel) return kernel;
  throw new TypeError(
    `Cannot run with tfjs: operator ${type}${where} has no tfjs kernel; use the engine "cpu", or add it to lib/runtime/tfjs/kernels.ts`,
  );
}
