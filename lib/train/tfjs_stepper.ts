// One training step with tfjs: its kernels compute loss and gradients of the same graph as on the CPU, the same kernel then
// updates parameters and moments in place.

import type { Graph } from "../graph/mod.ts";
import { type TfjsBackendName, tfjsExecutor } from "../runtime/mod.ts";
import { type CpuStepper, inPlaceStepper, type StepperOptions } from "./cpu_stepper.ts";

/** Options of a stepper on tfjs. */
export interface TfjsStepperOptions extends StepperOptions {
  /** Default: `tfjs-node` where its native library is installed, else `tfjs`. */
  backend?: TfjsBackendName;
}

/**
 * Prepares training of a loss graph, whose named dimension is `batch`, with tfjs.
 *
 * @param lossGraph batch tensors and parameters to `loss`
 * @throws {TypeError} when an operator of the loss or of its gradients has no tfjs kernel
 */
export function tfjsStepper(lossGraph: Graph, options: TfjsStepperOptions): Promise<CpuStepper> {
  const { backend, frozen } = options;
  if (frozen?.external) {
    throw new TypeError(`Cannot train ${lossGraph.name} with tfjs: expected weights in memory, got files`);
  }
  return inPlaceStepper(lossGraph, options, {
    compileGradients: (graph, { threads }) => tfjsExecutor(graph, { backend, threads }),
  });
}
