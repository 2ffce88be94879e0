// How CoreML is asked to run a model: ONNX Runtime's provider takes one integer of flags, and drops any other option silently.

/** Where CoreML may compute. `all` lets it choose among CPU, GPU and Neural Engine, part by part. */
export type CoreMlUnits = "all" | "cpuAndGpu" | "cpuAndNeuralEngine" | "cpuOnly";

/** Options of a session on CoreML. */
export interface CoreMlOptions {
  /** Default `all`. */
  units?: CoreMlUnits;
  /** CoreML's newer kind of model; the older one takes far fewer operators, and float16 not at all. Default true. */
  mlProgram?: boolean;
  /** Leave nodes with named dimensions to the CPU, instead of compiling a model that is planned anew for each size. Default true. */
  staticShapes?: boolean;
}

/** Flags of onnxruntime's coreml_provider_factory.h; at most one of those of the units. */
const UNITS: Readonly<Record<CoreMlUnits, number>> = {
  all: 0x000,
  cpuOnly: 0x001,
  cpuAndNeuralEngine: 0x004,
  cpuAndGpu: 0x020,
};
const STATIC_SHAPES = 0x008;
const ML_PROGRAM = 0x010;

/** All choices of compute units, in the order of tables. */
export const COREML_UNITS = Object.keys(UNITS).sort() as readonly CoreMlUnits[];

/**
 * The provider's flags for the options.
 *
 * @throws {RangeError} for units that CoreML does not have
 *
 * @example
 * ```ts
 * import { coreMlFlags } from "lib/runtime/mod.ts";
 * if (coreMlFlags({ units: "cpuAndNeuralEngine" }) !== 0x01c) throw new Error("Neural Engine, static shapes, MLProgram");
 * ```
 */
export function coreMlFlags({ units = "all", mlProgram = true, staticShapes = true }: CoreMlOptions = {}): number {
  if (!Object.hasOwn(UNITS, units)) {
    throw new RangeError(`Cannot use CoreML: expected units ${COREML_UNITS.join(", ")}, got "${units}"`);
  }
  return UNITS[units] | (mlProgram ? ML_PROGRAM : 0) | (staticShapes ? STATIC_SHAPES : 0);
}

/**
 * Fusions that ONNX Runtime does before it asks the provider, and that make nodes which CoreML refuses: `MatMul` and `Add` become a
 * `Gemm` also when its matrix is computed, a normalisation written out becomes a `LayerNormalization` also when its scale is. Off in
 * sessions on CoreML, which fuses by itself. The entry `optimization.disable_specified_optimizers` of a session's configuration.
 */
export const COREML_DISABLED_OPTIMIZERS = "MatMulAddFusion;LayerNormFusion;LayerNormFusionL1";
