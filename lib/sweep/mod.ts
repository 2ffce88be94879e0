// lib/sweep: training many variants and losing none. A study (study.ts) is a space of parameters (space.ts), a way to choose points
// (sampler.ts) and a function from a point to what is trained there; each trial is traced into data (trial.ts), whose hash is its
// key. run.ts and run_loop.ts give those without a result to an executor (executor.ts), end early what a pruner says, and keep every
// fact in SQLite (store.ts) under checkpoints/STUDY, so that an interrupted run goes on where it was. Rows (rows.ts) come in grid
// order; reader.ts shows a study to other processes while it runs. Single runs are in lib/train.

export { type CleaningOptions, removeStudy, type StudySize, studySizes } from "./cleaning.ts";
export { type StudyEnvironment } from "./environment.ts";
export {
  type AttemptStart,
  type AttemptWatch,
  type ExecutedEnd,
  type ExecutorOrder,
  type StopReason,
  type TrialExecutor,
  type TrialTask,
} from "./executor.ts";
export { toDataFrame } from "./data_frame.ts";
export { flatRows, type FlatValue, toCsv, toJson } from "./export.ts";
export { type Importance, type ImportanceOptions, parameterImportance, type ScoredPoint } from "./importance.ts";
export { DEFAULT_OBJECTIVES, type Objective } from "./objective.ts";
export type { RunningTrial, StudyProgress } from "./progress.ts";
export { type MeasuredMix, measureMixes } from "./pool/measure_mix.ts";
export { coresOf, currentMixes, type RememberedMixes, rememberedMixes } from "./pool/mix.ts";
export { asha, type AshaSettings, median, type MedianSettings, type Pruner, type PruningQuestion } from "./pruner.ts";
export type { KeepWeights } from "./retention.ts";
export { listStudies, openStudyReader, type ReaderOptions } from "./reader.ts";
export type { StudyReader, StudySummary, TrialDetail, TrialView } from "./reader_types.ts";
export {
  type FailureKind,
  type Row,
  type RowFields,
  type StoppedTrial,
  StudyFailedError,
  type StudyRows,
  type TrialFailure,
  type TrialsWithoutRows,
} from "./rows.ts";
export type { StudyRunOptions } from "./run_options.ts";
export type { Observation, Sampler, Suggestion } from "./sampler.ts";
export { grid } from "./samplers/grid.ts";
export { type CountedSampling, randomSearch } from "./samplers/random.ts";
export { sobol } from "./samplers/sobol.ts";
export { tpe, type TpeSettings } from "./samplers/tpe.ts";
export {
  type AnyPoint,
  type Axis,
  type Choice,
  choice,
  type Conditional,
  float,
  type FloatAxis,
  int,
  type IntegerAxis,
  type PlainAxis,
  type Point,
  type RangeOptions,
  type Replicas,
  seeds,
  type Space,
  when,
} from "./space.ts";
export type { AttemptEnd, Outcome, RequestKind, StoredAttempt, StudyDefinition, TrialState } from "./store_types.ts";
export { storedStudy } from "./stored_study.ts";
export { defineStudy, type Stranger, type Study, type StudyOptions } from "./study.ts";
export type { Trial, TrialDefinition, TrialSettings, TrialSpec } from "./trial.ts";
export { queueExecutor, type QueueExecutorOptions } from "./queue/home.ts";
export { runWorker, type WorkerOptions, type WorkerSummary } from "./queue/worker.ts";
