// lib/bench: measuring against others, honestly. All sides, each in its own process, take turns (interleave.ts) after their
// results have been found equal; every sample is kept, and a cell is VALID, NOISY or INVALID with reasons (verdict.ts).
// A benchmark is cells (cell.ts) run within a time (run_cells.ts) and merged into a file (benchmark.ts): train_benchmark.ts
// measures training steps, infer_benchmark.ts calls of a model, webgpu_benchmark.ts steps on a GPU; the peers' sides are in
// tests/peers. conversation.ts asks a child one thing at a time; peer_child.ts lets it do so with a program in another language.
// harness/ measures one subject (a graph, any .onnx file, a module) with one provider in processes of its own: scenarios, phases,
// a gate before timing, a monitor, records with a verdict, comparisons of records, and the A/A study that says what they are worth.
// Commands and notebooks call them, nothing here prints.
// subjects/ has what notebooks 03 and 04 measure: tensor operations, a decoder block, sessions and memory; the forecaster's updates, their
// parts, its forms and its loader, what samples cost and which configuration follows; and other frameworks' side.

export { type Conversation, conversation } from "./conversation.ts";
export { bench } from "./harness/bench.ts";
export type { BenchOptions, BenchProgress, BenchSettings, ProviderSupports } from "./harness/bench_settings.ts";
export { benchInRounds, type OnRound } from "./harness/rounds.ts";
export { type RoundRatio, roundRatio, type RoundsOfRecord } from "./harness/round_ratio.ts";
export { benchGrid, type GridOptions } from "./harness/grid.ts";
export { BenchFiles, parseSamples, type SampleLine } from "./harness/bench_file.ts";
export { comparePairs, compareRecords, incomparable, type RecordComparison } from "./harness/compare.ts";
export { comparisonTable, recordTable } from "./harness/record_table.ts";
export {
  compareInTurns,
  type PairedProcesses,
  processRatio,
  type TurnComparisonOptions,
  type TurnSide,
} from "./harness/turns.ts";
export {
  type AaOptions,
  type AaStudy,
  aaSubjects,
  type AaSummary,
  type AaTrial,
  runAa,
  type Share,
  summarizeAa,
} from "./harness/aa.ts";
export { joinAa, type NamedStudy, parseAaStudy } from "./harness/aa_join.ts";
export { type AcceleratorWatch, watchAccelerator } from "./harness/accelerator.ts";
export type { DimensionSizes } from "../graph/mod.ts";
export { type Clock, wallClock } from "./harness/clock.ts";
export { type Limits, type StopReason } from "./harness/limits.ts";
export { poissonArrivals, type Scenario } from "./harness/scenario.ts";
export {
  type BenchSubject,
  defaultBatch,
  type FileSubject,
  type GraphSubject,
  type ModuleSubject,
  type PreparedSubject,
  type SubjectFacts,
} from "./harness/subject.ts";
export { type OpenedSubject, type OutputMemory } from "./harness/open_subject.ts";
export { type Environment, readEnvironment } from "./harness/environment.ts";
export { parseProvider, type ProviderConfig, providerLabel } from "./harness/provider.ts";
export { type Correctness } from "./harness/correctness.ts";
export { type BenchFile, type BenchRecord, type BenchRun, type Outcome, parseBenchFile } from "./harness/record.ts";
export { fillExact, setExactWeights } from "./exact_values.ts";
export { type Block, interleave, type Participant, type Turns } from "./interleave.ts";
export { LEAST_ROUNDS, type Pace, planTurns, type TurnOptions, type TurnPlan } from "./turn_plan.ts";
export type { MissingSide, Role, SideSettings } from "./side.ts";
export {
  type Cell,
  type CellOptions,
  type CellSettings,
  fastestRival,
  pairedBlocks,
  type PreparedCell,
  type Side,
} from "./cell.ts";
export {
  type Benchmark,
  type BenchmarkSubject,
  cellName,
  type MeasuredCells,
  mergeRun,
  parseBenchmark,
  type SkippedCell,
  summarizeCells,
} from "./benchmark.ts";
export { benchmarkTable } from "./benchmark_table.ts";
export { type CellPlan, runCells, type RunOptions, type RunProgress, type WithPrepared } from "./run_cells.ts";
export {
  runTrainBenchmark,
  TRAIN_PEERS,
  TRAIN_SUBJECT,
  type TrainBenchmarkOptions,
  type TrainPeer,
  type TrainSize,
} from "./train_benchmark.ts";
export {
  lossDifference,
  runSweepBenchmark,
  SWEEP_SUBJECT,
  type SweepBenchmarkOptions,
  type SweepStudy,
} from "./sweep_benchmark.ts";
export { INFER_SUBJECT, type InferBenchmarkOptions, runInferBenchmark } from "./infer_benchmark.ts";
export { type InferSubject } from "./infer_subject.ts";
export { type QuietOptions, waitForQuiet } from "./quiet.ts";
export {
  type Comparison,
  judge,
  type Judgement,
  MANY_PROCESSES,
  overallRatio,
  type SideSummary,
  summarizeSide,
  timeRatio,
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
export { lmTable } from "./lm_table.ts";
export {
  type LmBenchmark,
  lmBenchmark,
  type LmConversion,
  type LmFloor,
  type LmMeasured,
  type LmSide,
  type LmSubject,
  type LmTimes,
  type RooflineShare,
} from "./lm_result.ts";
export { type LmDevice, lmSides, type LmSideSettings, type LmTask, type LmTurn } from "./lm_turn.ts";
export { type LmBenchmarkOptions, runLmBenchmark } from "./lm_benchmark.ts";
export { type LogitsDifference, logitsDifference } from "./logits_difference.ts";
export { type FastestWay, fastestWay, type ReadTask, type ReadWay, readWays } from "./read_bandwidth.ts";
export {
  embeddingProblems,
  runTeacherBenchmark,
  TEACHER_SUBJECT,
  type TeacherBenchmarkOptions,
  type TeacherSize,
} from "./teacher_benchmark.ts";
export { type ConcurrencyOptions, type ConcurrencyPoint, measureConcurrency } from "./concurrency.ts";
export { measureTrainingCosts, type TrainingCost, type TrainingCostOptions } from "./training_costs.ts";
export type { WorkDefinition } from "./work.ts";
export { measureTextToVector, type TextToVectorOptions, type TextToVectorTiming } from "./text_to_vector.ts";
export { type LeakOrder, type LeakResult, measureLeak, QUICK_MODEL } from "./leak.ts";
export { type LoraBenchmark, type LoraBenchmarkOptions, type LoraSide, runLoraBenchmark } from "./lora_benchmark.ts";
export type { LoraWork } from "./lora_exchange.ts";
export {
  parseRecordedLeak,
  parseRecordedLm,
  parseRecordedLora,
  type RecordedLeak,
  type RecordedLm,
  type RecordedLora,
} from "./recorded_language.ts";
