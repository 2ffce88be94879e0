// Rows from what the store holds of a study's trials.

import { join } from "node:path";
import { projectRelative } from "./environment.ts";
import { type Row, type RowFields, type StoppedTrial, type StudyRows, studyRows, type TrialFailure } from "./rows.ts";
import type { FailureKind } from "./rows.ts";
import type { AnyPoint } from "./space.ts";
import type { StoredTrial, StudyStore } from "./store.ts";

/** A trial as rows name it: its key, and its parameters as they are called now. */
export interface NamedTrial {
  key: string;
  parameters: AnyPoint;
}

/** The rows of `named`, in that order, and the lists of those that have none. */
export function rowsOf(store: StudyStore, named: readonly NamedTrial[]): StudyRows {
  const stored = store.trials();
  const rows: Row[] = [];
  const failures: TrialFailure[] = [];
  const pruned: StoppedTrial[] = [];
  const cancelled: StoppedTrial[] = [];
  for (const { key, parameters } of named) {
    const known = stored.get(key);
    if (known === undefined) continue;
    if (known.result) rows.push({ ...parameters, ...rowFields(known, join(store.folder, key)) } as Row);
    else if (known.state === "failed") failures.push(failureOf(known, parameters));
    else if (known.state === "pruned") pruned.push(stoppedTrial(store, known, parameters));
    else if (known.state === "cancelled") cancelled.push(stoppedTrial(store, known, parameters));
  }
  return studyRows(rows, { failures, pruned, cancelled });
}

function rowFields(known: StoredTrial, folder: string): RowFields {
  const { key, parameterCount, seconds, trainSeconds, attempts, checkpointBytes, result: stored } = known;
  const { attempt: id, result } = stored!;
  const { history, bestEpoch, stopped, steps } = result;
  const attempt = attempts.find((candidate) => candidate.id === id)!;
  return {
    key,
    parameterCount,
    seconds,
    trainSeconds,
    peakRssBytes: attempt.peakRssBytes!,
    baselineRssBytes: attempt.baselineRssBytes!,
    history: history as RowFields["history"],
    bestEpoch,
    validation: history[bestEpoch - 1].validation,
    stopped: stopped as RowFields["stopped"],
    steps,
    checkpoint: projectRelative(folder),
    weightsKept: checkpointBytes > 0,
    machine: attempt.machine,
    attempts: attempts.length,
  };
}

function failureOf({ key, attempts, outcome, message, machine }: StoredTrial, parameters: AnyPoint): TrialFailure {
  const last = attempts.at(-1);
  return {
    key,
    parameters,
    kind: outcome as FailureKind,
    message: message ?? "",
    stderrTail: last?.stderrTail ?? "",
    attempts: attempts.length,
    endedAt: last?.endedAt ?? "",
    machine: machine ?? "",
  };
}

function stoppedTrial(
  store: StudyStore,
  { key, parameterCount, message, attempts }: StoredTrial,
  parameters: AnyPoint,
): StoppedTrial {
  const history = attempts.length > 0 ? store.epochs(key) : [];
  return { key, parameters, parameterCount, message: message ?? "", history, attempts: attempts.length };
}
