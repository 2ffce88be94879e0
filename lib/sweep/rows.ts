// Rows: what a finished trial leaves, as plain JSON; and what is told of trials that failed.

import type { EpochSummary, StopReason } from "../train/mod.ts";
import type { AnyPoint } from "./space.ts";

/** What every row has beside the trial's parameters. */
export interface RowFields<Metric extends string = string> {
  /** The trial's key. */
  key: string;
  parameterCount: number;
  /** Wall-clock time of all attempts together, with starting the process, loading data and validation. */
  seconds: number;
  /** Time in training steps alone. */
  trainSeconds: number;
  /**
   * Highest resident memory of the trial's process from compiling to its end. A process that is shared by trials (the default of a
   * run) also holds what earlier ones left: run with `processes: "fresh"` where memory is a result.
   */
  peakRssBytes: number;
  /** Resident memory before compiling: engine and data loaded, garbage collected. In a fresh process the difference is what training took. */
  baselineRssBytes: number;
  /** One summary an epoch. */
  history: (Omit<EpochSummary, "validation"> & { validation: Record<Metric | "loss", number> })[];
  /** Epoch (from 1) with the lowest validation loss, whose weights are kept. */
  bestEpoch: number;
  /** Loss and metrics on the validation split at the best epoch. */
  validation: Record<Metric | "loss", number>;
  stopped: Exclude<StopReason, "aborted">;
  /** Training steps taken. */
  steps: number;
  /** Folder of the checkpoint, relative to the project; gone when `weightsKept` is false. */
  checkpoint: string;
  /** Whether the weights are there: `keepWeights` of the study may keep those of the best trials only. */
  weightsKept: boolean;
  /** `MachineFacts.id` of the machine that finished it. */
  machine: string;
  /** How often it was started until it finished. */
  attempts: number;
}

/** A finished trial: its parameters by name, and what was measured. */
export type Row<P = AnyPoint, Metric extends string = string> = P & RowFields<Metric>;

/** Parameters cannot have these names. */
export const ROW_FIELDS = Object.keys(
  {
    key: 0,
    parameterCount: 0,
    seconds: 0,
    trainSeconds: 0,
    peakRssBytes: 0,
    baselineRssBytes: 0,
    history: 0,
    bestEpoch: 0,
    validation: 0,
    stopped: 0,
    steps: 0,
    checkpoint: 0,
    weightsKept: 0,
    machine: 0,
    attempts: 0,
  } satisfies Record<keyof RowFields, 0>,
);

/**
 * Why a trial failed: the loss became NaN or infinite; its code threw; it ended without a result; another process killed it; it
 * was killed for want of memory, also when it ran alone; it passed its deadline; it printed too much; its messages could not be
 * read; the worker that had it was lost, several times.
 */
export type FailureKind =
  | "diverged"
  | "threw"
  | "exited"
  | "killed"
  | "memory"
  | "deadline"
  | "output"
  | "protocol"
  | "lost";

/** A trial whose last attempt failed. */
export interface TrialFailure<P = AnyPoint> {
  key: string;
  parameters: P;
  kind: FailureKind;
  /** One sentence. */
  message: string;
  /** The last 16 KiB of the process's standard error. */
  stderrTail: string;
  /** Attempts so far. */
  attempts: number;
  /** When the last one ended, ISO 8601. */
  endedAt: string;
  machine: string;
}

/** A trial that was ended before it finished, by the pruner or on request. */
export interface StoppedTrial<P = AnyPoint> {
  key: string;
  parameters: P;
  parameterCount: number;
  /** Why, as a sentence. */
  message: string;
  /** Of the epochs that it reached; empty when it was not even started, because its configuration had been pruned. */
  history: readonly EpochSummary[];
  attempts: number;
}

/**
 * Rows in grid order (of an adaptive sampler: in the order in which it suggested them). The lists beside them are not enumerable, so
 * that JSON has rows only.
 */
export interface StudyRows<P = AnyPoint, Metric extends string = string> extends Array<Row<P, Metric>> {
  /** Trials that have no row because they failed. */
  readonly failures: readonly TrialFailure<P>[];
  /** Trials that have no row because the pruner ended them, or their configuration. */
  readonly pruned: readonly StoppedTrial<P>[];
  /** Trials that have no row because someone asked to end them. */
  readonly cancelled: readonly StoppedTrial<P>[];
}

/** The lists of trials without rows. */
export type TrialsWithoutRows<P = AnyPoint> = Pick<StudyRows<P>, "failures" | "pruned" | "cancelled">;

/** The rows with the lists beside them. */
export function studyRows<P, Metric extends string>(
  rows: Row<P, Metric>[],
  { failures = [], pruned = [], cancelled = [] }: Partial<TrialsWithoutRows<P>> = {},
): StudyRows<P, Metric> {
  const lists = { failures: { value: failures }, pruned: { value: pruned }, cancelled: { value: cancelled } };
  return Object.defineProperties([...rows], lists) as StudyRows<P, Metric>;
}

const MOST_LISTED = 5;

/** Thrown at the end of a run in which trials failed; all others have been run, and their rows are here too. */
export class StudyFailedError<P = AnyPoint> extends Error {
  override name = "StudyFailedError";
  readonly rows: StudyRows<P>;
  readonly failures: readonly TrialFailure<P>[];

  constructor(study: string, rows: StudyRows<P>) {
    const { failures } = rows;
    const total = rows.length + failures.length + rows.pruned.length + rows.cancelled.length;
    const lines = failures.slice(0, MOST_LISTED).map(({ parameters, message }) =>
      `  ${formatPoint(parameters as AnyPoint)}: ${message}`
    );
    if (failures.length > MOST_LISTED) lines.push(`  and ${failures.length - MOST_LISTED} more`);
    super(
      `Study ${study}: ${failures.length} of ${total} trials failed; the others are stored and are not run again\n${
        lines.join("\n")
      }\nPass failures: "return" for the rows without them, retry: "all" to run them again`,
    );
    this.rows = rows;
    this.failures = failures;
  }
}

/** `studentDim 256, seed 1`. */
export function formatPoint(point: AnyPoint): string {
  return Object.entries(point).map(([name, value]) =>
    `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`
  ).join(", ");
}
