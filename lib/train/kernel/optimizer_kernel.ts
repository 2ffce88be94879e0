// The optimizer kernel: WebAssembly that updates parameters in place, and which regions of memory each optimizer needs.

import { Buffer } from "node:buffer";
import type { AdamSpec, OptimizerSpec, SgdSpec } from "../optimizer.ts";
import { KERNEL_WASM_BASE64 } from "./kernel_wasm.ts";

/** A region of a memory: one element for every `valuesPerElement` parameter values. */
export interface RegionLayout {
  readonly name: string;
  readonly type: "float32" | "uint8";
  readonly valuesPerElement: number;
}

/** Byte offset of each region by name, and the parameter values they stand for. */
export interface KernelRegions {
  readonly offsets: Readonly<Record<string, number>>;
  /** A multiple of the layout's alignment. */
  readonly count: number;
}

/** Where gradients may lie: those of one batch, or the sums over several. */
export const GRADIENT_REGIONS = ["gradient", "accumulated"] as const;

/** Numbers of one step: `step` counts from 1, `learningRate` is that of the step. */
export interface KernelStep {
  readonly step: number;
  readonly learningRate: number;
  /** Factor on the gradients, for clipping and averaging. Default 1. */
  readonly gradientScale?: number;
  /** Region that holds the gradients. Default `gradient`. */
  readonly gradientRegion?: typeof GRADIENT_REGIONS[number];
}

/** What the compiled module exports. */
interface KernelExports {
  adam(...values: number[]): void;
  adam8bit(...values: number[]): void;
  sgd(...values: number[]): void;
  sumSquares(offset: number, count: number): number;
  addInto(target: number, source: number, count: number): void;
}

/** The kernel over one memory. */
export interface OptimizerKernel {
  /** Updates parameters and what is carried over to the next step. */
  update(regions: KernelRegions, step: KernelStep): void;
  /** Sum of squares of a region, in float64. */
  sumSquares(offset: number, count: number): number;
  /** Adds one region to another. */
  addInto(target: number, source: number, count: number): void;
}

const BLOCK_VALUES = 256;
const dense = (name: string): RegionLayout => ({ name, type: "float32", valuesPerElement: 1 });
const codes = (name: string): RegionLayout => ({ name, type: "uint8", valuesPerElement: 1 });
const scales = (name: string): RegionLayout => ({ name, type: "float32", valuesPerElement: BLOCK_VALUES });

/** What an optimizer carries over from step to step, beside the parameters. */
export function carriedRegions({ kind }: OptimizerSpec): readonly RegionLayout[] {
  switch (kind) {
    case "sgd":
      return [dense("velocity")];
    case "adam8bit":
      return [codes("firstCodes"), codes("secondCodes"), scales("firstScales"), scales("secondScales")];
    default:
      return [dense("firstMoment"), dense("secondMoment")];
  }
}

/** Values to which the regions of a parameter are padded: a cache line, or a block that shares a scale. */
export function alignmentValues({ kind }: OptimizerSpec): number {
  return kind === "adam8bit" ? BLOCK_VALUES : 16;
}

/** Bytes of workspace that an update needs: two blocks of decoded moments. */
export function scratchBytes({ kind }: OptimizerSpec): number {
  return kind === "adam8bit" ? 2 * 4 * BLOCK_VALUES : 0;
}

/** In the compiled bytes: a memory is imported, from module "env" as "memory", with a largest size. */
const IMPORTED_MEMORY = Buffer.from([3, ...Buffer.from("env"), 6, ...Buffer.from("memory"), 2, 1]);
/** Instead of the last of these bytes: with a largest size, and shared between threads. */
const SHARED_WITH_MAXIMUM = 3;

const modules = new Map<boolean, WebAssembly.Module>();

/** The compiled kernel. WebAssembly wants to know of a shared memory beforehand; the code is the same. */
function kernelModule(shared: boolean): WebAssembly.Module {
  const known = modules.get(shared);
  if (known) return known;
  const bytes = Buffer.from(KERNEL_WASM_BASE64, "base64");
  if (shared) bytes[bytes.indexOf(IMPORTED_MEMORY) + IMPORTED_MEMORY.length - 1] = SHARED_WITH_MAXIMUM;
  const module = new WebAssembly.Module(bytes);
  modules.set(shared, module);
  return module;
}

/** The kernel for one memory, shared or not, and one optimizer. */
export function optimizerKernel(memory: WebAssembly.Memory, optimizer: OptimizerSpec): OptimizerKernel {
  const module = kernelModule(!(memory.buffer instanceof ArrayBuffer));
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  return {
    update: (regions, step) =>
      optimizer.kind === "sgd"
        ? updateSgd(exports, optimizer, regions, step)
        : updateAdam(exports, optimizer, regions, step),
    sumSquares: exports.sumSquares,
    addInto: exports.addInto,
  };
}

function updateSgd(
  { sgd }: KernelExports,
  { momentum, weightDecay, nesterov }: SgdSpec,
  { offsets, count }: KernelRegions,
  { learningRate, gradientScale = 1, gradientRegion = "gradient" }: KernelStep,
): void {
  const scalars = [learningRate, momentum, weightDecay, gradientScale, Number(nesterov)];
  sgd(offsets.parameter, offsets.velocity, offsets[gradientRegion], count, ...scalars);
}

function updateAdam(
  { adam, adam8bit }: KernelExports,
  { kind, beta1, beta2, epsilon, weightDecay, biasCorrection = true }: AdamSpec,
  { offsets, count }: KernelRegions,
  { step, learningRate, gradientScale = 1, gradientRegion = "gradient" }: KernelStep,
): void {
  const stepSize = biasCorrection ? learningRate / (1 - beta1 ** step) : learningRate;
  const rootCorrection = biasCorrection ? 1 / Math.sqrt(1 - beta2 ** step) : 1;
  const l2 = kind === "adam" ? weightDecay : 0;
  const shrink = kind === "adam" ? 1 : 1 - learningRate * weightDecay;
  const scalars = [stepSize, 1 - beta1, beta2, 1 - beta2, epsilon, rootCorrection, l2, shrink, gradientScale];
  const { parameter, [gradientRegion]: gradient } = offsets;
  if (kind === "adam8bit") {
    const { firstCodes, secondCodes, firstScales, secondScales, scratch } = offsets;
    adam8bit(parameter, firstCodes, secondCodes, firstScales, secondScales, gradient, scratch, count, ...scalars);
  } else {
    adam(parameter, offsets.firstMoment, offsets.secondMoment, gradient, count, ...scalars);
  }
}
