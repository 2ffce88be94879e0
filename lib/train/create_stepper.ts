// Which engine takes the steps.

import { type Graph, graph, input, relu } from "../graph/mod.ts";
import { availableProviders, compileForDevice } from "../runtime/mod.ts";
import { cpuStepper, type Stepper, type StepperOptions } from "./cpu_stepper.ts";
import { tfjsStepper } from "./tfjs_stepper.ts";
import { webgpuStepper } from "./webgpu_stepper.ts";

/** What can compute training steps. */
export const ENGINES = ["cpu", "webgpu", "tfjs"] as const;
/** One of them. */
export type Engine = typeof ENGINES[number];

/**
 * The engines that work on this machine: `cpu` and `tfjs` everywhere, `webgpu` where ONNX Runtime has it and finds a GPU (what is
 * missing says `train` with `engine: "webgpu"`).
 *
 * @example
 * ```ts
 * import { availableEngines } from "lib/train/mod.ts";
 * const engines = await availableEngines();
 * if (engines[0] !== "cpu" || !engines.includes("tfjs")) throw new Error("these need nothing");
 * ```
 */
export async function availableEngines(): Promise<Engine[]> {
  const gpu = await hasGpu();
  return ENGINES.filter((engine) => engine !== "webgpu" || gpu);
}

async function hasGpu(): Promise<boolean> {
  if (!(await availableProviders()).includes("webgpu")) return false;
  try {
    const session = await compileForDevice(graph("probe", { y: relu(input("x", "float32", [1])) }));
    await session.release();
    return true;
  } catch {
    return false;
  }
}

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
