// lib/train: from a model and a loss to weights. program.ts traces them into graphs, cpu_stepper.ts takes steps (ONNX
// Runtime computes gradients, kernel/ updates in place), loop.ts turns steps into epochs with validation, early stopping and
// checkpoints, train.ts is what notebooks call. Settings are plain data (settings.ts), so a run can be defined in one
// process and carried out in another. Interrupted and resumed, a run gives the same bits as without interruption.
// export.ts ships a checkpoint as .onnx; memory.ts says beforehand what a run will take. lora/ adapts any model by low-rank factors: a plan,
// a rewrite of the graph, frozen weights that are held once, adapters as peft and mlx-lm store them. Sweeps are in lib/sweep.

export { type CheckpointSidecar, type EpochSummary, loadWeights, readSidecar } from "./checkpoint.ts";
export { type CpuStepper, cpuStepper, type Stepper, type StepperOptions } from "./cpu_stepper.ts";
export { availableEngines, createStepper, type Engine, ENGINES } from "./create_stepper.ts";
export {
  EXPORT_DTYPES,
  exportCheckpoint,
  type ExportDtype,
  type ExportedModel,
  exportModel,
  type ExportOptions,
  type ModelToExport,
} from "./export.ts";
export {
  type Adapter,
  ADAPTER_FORMATS,
  type AdapterFormat,
  type BaseFormat,
  type LoraConfig,
  type LoraFactors,
  type LoraPlan,
  type LoraTarget,
} from "./lora/lora_types.ts";
export { adapterOf, adapterParameters, expectAdapter, planAdapter } from "./lora/adapter.ts";
export { readAdapter, saveAdapter } from "./lora/adapter_files.ts";
export { mergeAdapter, mergeIntoFolder, type MergeOptions } from "./lora/merge.ts";
export { applyLora, loraGraph, type LoraGraphOptions, type LoraOptions } from "./lora/apply.ts";
export { baseWeights, type FrozenWeights, storeBase } from "./lora/base.ts";
export { factorNames, planLora } from "./lora/plan.ts";
export { KeptSessions } from "./kept_sessions.ts";
export { definitionHash } from "./run_program.ts";
export {
  fixedTrainingBytes,
  type MeasuredTraining,
  type MeasureOptions,
  measureTraining,
  measureTrainingBytes,
} from "./measured_memory.ts";
export { type PredictionOptions, predictTrainingBytes, TRAINING_ENGINE_BYTES } from "./memory.ts";
export {
  adam,
  adam8bit,
  type AdamSpec,
  adamW,
  type OptimizerOptions,
  type OptimizerSpec,
  scheduleFactor,
  type ScheduleSpec,
  sgd,
  type SgdSpec,
} from "./optimizer.ts";
export {
  deserializeProgram,
  type Loss,
  type Metrics,
  type ProgramOptions,
  type SerializedProgram,
  serializeProgram,
  type Tensors,
  traceProgram,
  type TrainingProgram,
} from "./program.ts";
export { type CheckpointProgram, loadProgram } from "./program_file.ts";
export { RunQueue } from "./run_queue.ts";
export type { RunOptions, StartingValues, StepSummary, StopReason, TrainingResult } from "./run_types.ts";
export { type Validator, validator } from "./validation.ts";
export { type CompleteSettings, completeSettings, type TrainSettings } from "./settings.ts";
export { gradientGraph } from "./sized_steps.ts";
export { type StageOptions, type TrainingStages, trainingStages } from "./stages.ts";
export { type ParameterState, stateBytesPerParameter, type TrainingState } from "./state.ts";
export { train, type TrainingRun, type TrainOptions, trainProgram } from "./train.ts";
export {
  type DataSource,
  openTrainingData,
  type RowLengths,
  type TrainingData,
  trainingData,
} from "./training_data.ts";
export { tfjsStepper, type TfjsStepperOptions } from "./tfjs_stepper.ts";
export { webgpuStepper } from "./webgpu_stepper.ts";
export { type BatchValues, gradientNorms, withoutGradient } from "./gradient_norms.ts";
