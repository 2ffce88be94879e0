// Which engine takes the steps.

import type { Graph } from "../graph/mod.ts";
import { cpuStepper, type Stepper, type StepperOptions } from "./cpu_stepper.ts";
import { tfjsStepper } from "./tfjs_stepper.ts";
import { webgpuStepper } from "./webgpu_stepper.ts";

/** What can compute training steps. */
export const ENGINES = ["cpu", "webgpu", "tfjs"] as const;
/** One of them. */
export type Engine = typeof ENGINES[number];

/**
 * Prepares training of a loss graph on an engine.
 *
 * @param lossGraph batch tensors and parameters to `loss`, with the named dimension `batch`
 */
export function createStepper(engine: Engine, lossGraph: Graph, options: StepperOptions): Promise<Stepper> {
  switch (engine) {
    case "cpu":
      return cpuStepper(lossGraph, options);
    case "webgpu":
      return webgpuStepper(lossGraph, options);
    case "tfjs":
      return tfjsStepper(lossGraph, options);
  }
}
