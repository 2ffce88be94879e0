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
export { type AnyPoint, type Axis, type Point, type Replicas, seeds, type Space } from "./space.ts";
export { defineStudy, type Stranger, type Study, type StudyOptions } from "./study.ts";
export type { Trial, TrialDefinition, TrialSettings, TrialSpec } from "./trial.ts";
export { queueExecutor, type QueueExecutorOptions } from "./queue/home.ts";
export { runWorker, type WorkerOptions, type WorkerSummary } from "./queue/worker.ts";
