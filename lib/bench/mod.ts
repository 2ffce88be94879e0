// lib/bench: measuring against others, honestly. Two sides, each in its own process, take turns (interleave.ts) after their
// results have been found equal; every sample is kept, and a cell is VALID, NOISY or INVALID with reasons (verdict.ts).
// train_benchmark.ts measures training steps beside PyTorch's; its two sides are train_child.ts and tests/peers/train_torch.py.
// conversation.ts asks a child one thing at a time; relay.ts lets it do so with a program in another language.
// Benchmarks of inference will stand beside this one; notebooks and commands call them, nothing here prints.

export { type Conversation, conversation } from "./conversation.ts";
export { fillExact, setExactWeights } from "./exact_values.ts";
export { type Block, interleave, type InterleaveOptions } from "./interleave.ts";
export {
  type Cell,
  type CellSettings,
  runTrainBenchmark,
  type TrainBenchmark,
  type TrainBenchmarkOptions,
} from "./train_benchmark.ts";
export { type QuietOptions, waitForQuiet } from "./quiet.ts";
export { trainTable } from "./train_table.ts";
export {
  compareSides,
  type Comparison,
  judge,
  type Judgement,
  overallRatio,
  type SideSummary,
  summarizeSide,
  type Verdict,
} from "./verdict.ts";
export { type InferenceOptions, type InferenceTiming, measureInference } from "./inference.ts";
export { type GpuFacts, gpuFacts } from "./gpu_name.ts";
export {
  type GpuCell,
  type GpuCellSettings,
  runWebGpuBenchmark,
  type WebGpuBenchmark,
  type WebGpuBenchmarkOptions,
} from "./webgpu_benchmark.ts";
export { type StepProfile, summarizeProfile } from "./webgpu_profile.ts";
export { webgpuTable } from "./webgpu_table.ts";
export {
  embeddingProblems,
  runTeacherBenchmark,
  type TeacherBenchmark,
  type TeacherBenchmarkOptions,
  type TeacherCell,
  type TeacherCellSettings,
} from "./teacher_benchmark.ts";
export { teacherTable } from "./teacher_table.ts";
export {
  type ConcurrencyOptions,
  type ConcurrencyPoint,
  type ConcurrentWork,
  measureConcurrency,
} from "./concurrency.ts";
export { measureTextToVector, type TextToVectorOptions, type TextToVectorTiming } from "./text_to_vector.ts";
