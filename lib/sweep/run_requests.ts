// What readers ask of a run that is under way: to end a trial, or to run one again. Each request is answered in the store.

import type { RunningAttempt } from "./running_attempt.ts";
import type { RunState } from "./run_state.ts";
import { answerRequest, openRequests } from "./store_requests.ts";
import type { TrialState } from "./store_types.ts";
import type { Trial } from "./trial.ts";

/** What requests are carried out on. */
export interface RequestContext {
  state: RunState;
  /** By the keys of their trials. */
  running: ReadonlyMap<string, RunningAttempt>;
  /** Told when a trial's state was changed in the store. */
  note: (trial: Trial, state: TrialState) => void;
}

/** Carries out what was asked since the last time. */
export function carryOutRequests(context: RequestContext): void {
  const { state, running } = context;
  const { store } = state.context;
  for (const { id, kind, trial: key } of openRequests(store)) {
    const trial = state.trials.get(key);
    const attempt = running.get(key);
    const answer = trial === undefined
      ? "refused: the trial is of an earlier definition"
      : kind === "cancel"
      ? cancel(trial, attempt, context)
      : retry(trial, attempt, context);
    answerRequest(store, id, answer);
  }
}

function cancel(trial: Trial, attempt: RunningAttempt | undefined, { state, note }: RequestContext): string {
  const message = "someone asked to end it";
  if (attempt !== undefined) attempt.stop("cancelled", message);
  else if (state.schedule.remove(trial.key)) {
    state.context.store.setState(trial.key, "cancelled", { outcome: "cancelled", message });
    note(trial, "cancelled");
  } else return "refused: the trial has ended";
  return "done";
}

function retry(trial: Trial, attempt: RunningAttempt | undefined, { state: run, note }: RequestContext): string {
  const { store } = run.context;
  const { state, outcome } = store.standing(trial.key)!;
  if (attempt !== undefined) return "refused: the trial is running";
  if (!["failed", "pruned", "cancelled"].includes(state)) return `refused: the trial is ${state}`;
  run.spared.add(trial.key);
  store.setState(trial.key, "waiting", { outcome });
  run.schedule.add([trial], { alone: outcome === "memory" });
  note(trial, "waiting");
  return "done";
}
