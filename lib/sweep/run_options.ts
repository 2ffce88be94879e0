// Options of a run, checked before anything is started.

import type { TrialExecutor } from "./executor.ts";
import type { StudyProgress } from "./progress.ts";
import type { AnyPoint } from "./space.ts";

/** Options of a run. */
export interface StudyRunOptions<P = AnyPoint> {
  /** Told at the start, after each epoch and when a trial ends. What it throws stops the run; the trials can be continued. */
  onProgress?: (progress: StudyProgress<P>) => void;
  /** Told what the user should know and nothing failed for, as a sentence. Default: `console.warn`. */
  onNotice?: (notice: string) => void;
  /** Stops the run: trials under way save a checkpoint and are continued by the next run, which this one rejects with the reason. */
  signal?: AbortSignal;
  /**
   * How many trials at once on this machine, at most: memory may allow fewer. "auto", the default: as many as `threads` leaves cores
   * for; without that either, the mix of trials and threads that is fastest on this machine, which is measured once.
   */
  trials?: number | "auto";
  /**
   * Threads of a trial that gives none itself; 0 means as many as there are physical cores. By default the cores are shared
   * among `trials`. A trial that was interrupted goes on with the number that it began with, since that can change the last bits
   * of its result.
   */
  threads?: number;
  /**
   * `shared`, the default: a process trains one trial after the other, and its data and compiled graphs stay. Its memory then holds
   * traces of earlier trials: a row's peak and baseline are those of the process, and their difference is no measure of what the
   * trial needs. `fresh`: a process for each trial, where memory is a result; with `trials: 1` where time is one too.
   */
  processes?: "shared" | "fresh";
  /** Memory that all trials together may take, in bytes. Default: most of what the system has to give when the run starts. */
  memoryBudgetBytes?: number;
  /** Runs the attempts, instead of processes on this machine; the caller closes it. */
  executor?: TrialExecutor;
  /**
   * Which trials that failed in an earlier run are run again: those whose loss did not become NaN or infinite (which would happen
   * again; the default), all (cancelled ones too), or none. One that had a checkpoint goes on from it.
   */
  retry?: "recoverable" | "all" | "none";
  /** Whether the run ends with a `StudyFailedError` when trials failed (the default), or with rows and their `failures`. */
  failures?: "throw" | "return";
  /** Time that one attempt may take on the machine that does it, in milliseconds; any by default. */
  trialDeadlineMs?: number;
  /**
   * What happens when an adaptive sampler finds trials of another space, sampler, objective or model under the study's name:
   * refused (the default), or it starts anew and leaves them as strangers.
   */
  changed?: "refuse" | "restart";
}

const KNOWN = [
  "onProgress",
  "onNotice",
  "signal",
  "trials",
  "threads",
  "processes",
  "memoryBudgetBytes",
  "executor",
  "retry",
  "failures",
  "trialDeadlineMs",
  "changed",
];

/**
 * Checks options before anything is started.
 *
 * @throws {TypeError | RangeError} naming the option
 */
export function checkRunOptions(name: string, options: StudyRunOptions<never>): void {
  const label = `Cannot run study "${name}": expected`;
  const unknown = Object.keys(options).find((option) => !KNOWN.includes(option));
  if (unknown) throw new TypeError(`${label} one of ${KNOWN.join(", ")}, got option "${unknown}"`);
  const expect = (option: string, holds: boolean, expected: string, got: unknown) => {
    if (!holds) throw new RangeError(`${label} ${option} to be ${expected}, got ${JSON.stringify(got)}`);
  };
  const { threads = 0, trials = "auto", retry = "recoverable", failures = "throw", changed = "refuse" } = options;
  const { trialDeadlineMs = 1, executor } = options;
  expect("threads", Number.isInteger(threads) && threads >= 0, "an integer of at least 0", threads);
  const count = Number.isInteger(trials) && (trials as number) >= 1 && (trials as number) <= 256;
  expect("trials", trials === "auto" || count, 'an integer from 1 to 256 or "auto"', trials);
  const { processes = "shared", memoryBudgetBytes = 1 } = options;
  expect("processes", ["shared", "fresh"].includes(processes), '"shared" or "fresh"', processes);
  expect("memoryBudgetBytes", memoryBudgetBytes > 0, "above 0", memoryBudgetBytes);
  expect("retry", ["recoverable", "all", "none"].includes(retry), '"recoverable", "all" or "none"', retry);
  expect("failures", ["throw", "return"].includes(failures), '"throw" or "return"', failures);
  expect("changed", ["refuse", "restart"].includes(changed), '"refuse" or "restart"', changed);
  expect(
    "trialDeadlineMs",
    trialDeadlineMs > 0 && trialDeadlineMs < 2 ** 31,
    "above 0 and below 2^31",
    trialDeadlineMs,
  );
  const own = (["trials", "processes", "memoryBudgetBytes"] as const)
    .find((option) => options[option] !== undefined);
  if (executor !== undefined && own !== undefined) {
    throw new TypeError(`${label} no ${own} beside an executor, which has its own`);
  }
}
