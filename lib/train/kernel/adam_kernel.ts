// The optimizer kernel: WebAssembly that updates parameters and moments in place inside one memory.

import { Buffer } from "node:buffer";
import type { OptimizerSpec } from "../optimizer.ts";
import { ADAM_WASM_BASE64 } from "./adam_wasm.ts";

/** Byte offsets of four equally long float32 regions of one memory. */
export interface AdamRegions {
  readonly parameter: number;
  readonly firstMoment: number;
  readonly secondMoment: number;
  readonly gradient: number;
  /** Values in each region, a multiple of 4. */
  readonly count: number;
}

/** Updates the regions; `step` counts from 1, `learningRate` is that of the step. */
export type AdamKernel = (regions: AdamRegions, step: { step: number; learningRate: number }) => void;

type AdamExport = (...values: number[]) => void;

let compiled: WebAssembly.Module | undefined;

/** The kernel for one memory and one optimizer. */
export function adamKernel(memory: WebAssembly.Memory, optimizer: OptimizerSpec): AdamKernel {
  compiled ??= new WebAssembly.Module(Buffer.from(ADAM_WASM_BASE64, "base64"));
  const adam = new WebAssembly.Instance(compiled, { env: { memory } }).exports.adam as AdamExport;
  const { kind, beta1, beta2, epsilon, weightDecay } = optimizer;
  return ({ parameter, firstMoment, secondMoment, gradient, count }, { step, learningRate }) => {
    const stepSize = learningRate / (1 - beta1 ** step);
    const rootCorrection = 1 / Math.sqrt(1 - beta2 ** step);
    const l2 = kind === "adam" ? weightDecay : 0;
    const shrink = kind === "adamW" ? 1 - learningRate * weightDecay : 1;
    const scalars = [stepSize, 1 - beta1, beta2, 1 - beta2, epsilon, rootCorrection, l2, shrink];
    adam(parameter, firstMoment, secondMoment, gradient, count, ...scalars);
  };
}
