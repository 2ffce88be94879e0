// What an attempt's end means for its study: a reason that the run itself gave, a checkpoint that no further attempt can read, or a
// result without which an objective has no value.

import { join } from "node:path";
import { projectRelative } from "./environment.ts";
import type { ExecutedEnd } from "./executor.ts";
import type { RunningAttempt } from "./running_attempt.ts";
import type { RunState } from "./run_state.ts";

/** The end with the run's own reasons, and refused as a result when an objective has no value. */
export function judgedEnd(state: RunState, attempt: RunningAttempt, end: ExecutedEnd): ExecutedEnd {
  const { outcome, result, message } = end;
  if (attempt.stopped?.reason === outcome) return { ...end, message: attempt.stopped.message };
  if (outcome === "threw" && attempt.continues && /checkpoint/i.test(message ?? "")) {
    // A checkpoint that cannot be read would fail every further attempt.
    const folder = projectRelative(join(state.context.store.folder, attempt.trial.key));
    return { ...end, message: `${message}; remove ${folder} to start the trial anew` };
  }
  if (result === null) return end;
  const best = result.history[result.bestEpoch - 1];
  const scored = { best: best ?? null, parameterCount: attempt.trial.parameterCount, trainSeconds: 0 };
  const missing = state.values(scored).indexOf(null);
  if (missing < 0) return end;
  const { metric } = state.study.definition.objectives[missing];
  const got = best === undefined ? "no epoch" : String(best.validation[metric]);
  return {
    ...end,
    outcome: "diverged",
    result: null,
    message: `the objective ${metric} is ${got} at its best epoch`,
  };
}
