// lib/sweep: training many variants and losing none. A study (study.ts) is a space of parameters (space.ts) and a function
// from a point to what is trained there; each trial is traced into data (trial.ts), whose hash is its key. run.ts trains
// those without a result, each in a process of its own (attempt.ts, trial_process.ts), and keeps every fact in SQLite
// (store.ts) under checkpoints/STUDY, so that an interrupted run goes on where it was. Rows (rows.ts) come in grid order.
// Today: grids, one process at a time. Single runs are in lib/train.

export { type CleaningOptions, removeStudy, type StudySize, studySizes } from "./cleaning.ts";
export type { StudyProgress } from "./progress.ts";
export {
  type FailureKind,
  type Row,
  type RowFields,
  StudyFailedError,
  type StudyRows,
  type TrialFailure,
} from "./rows.ts";
export type { StudyRunOptions } from "./run.ts";
export { DEFAULT_OBJECTIVES, type Objective } from "./objective.ts";
export { crowdingDistances, dominates, hypervolume, paretoFront, paretoRanks } from "./pareto.ts";
export { asha, type AshaSettings, median, type MedianSettings, type Pruner, type PruningQuestion } from "./pruner.ts";
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
export { defineStudy, type Stranger, type Study, type StudyOptions } from "./study.ts";
export type { Trial, TrialDefinition, TrialSettings, TrialSpec } from "./trial.ts";
export { type Importance, type ImportanceOptions, parameterImportance, type ScoredPoint } from "./importance.ts";
