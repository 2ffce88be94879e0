// Running a study: every trial that has no result yet, one process at a time, in grid order.

import { join } from "node:path";
import process from "node:process";
import { type EpochSummary, readSidecar } from "../train/mod.ts";
import { runAttempt } from "./attempt.ts";
import { projectRelative, type StudyEnvironment } from "./environment.ts";
import { takeLock } from "./lock.ts";
import { waitForProcesses } from "./orphans.ts";
import { ProgressReporter, type StudyProgress } from "./progress.ts";
import type { AnyPoint } from "./space.ts";
import { type AttemptEnd, type StoredTrial, StudyStore } from "./store.ts";
import type { Trial } from "./trial.ts";

/** Options of a run. */
export interface StudyRunOptions<P = AnyPoint> {
  /** Told at the start, after each epoch and when a trial ends. What it throws stops the run; the trial can be continued. */
  onProgress?: (progress: StudyProgress<P>) => void;
  /** Stops the run: the trial under way saves a checkpoint and is continued by the next run, which this one rejects with the reason. */
  signal?: AbortSignal;
  /**
   * Threads of a trial that gives none itself; 0, the default, means as many as there are physical cores. A trial that was
   * interrupted goes on with the number that it began with, since that can change the last bits of its result.
   */
  threads?: number;
  /**
   * Which trials that failed in an earlier run are run again: those whose loss did not become NaN or infinite (which would happen
   * again; the default), all, or none. One that had a checkpoint goes on from it.
   */
  retry?: "recoverable" | "all" | "none";
  /** Whether the run ends with a `StudyFailedError` when trials failed (the default), or with rows and their `failures`. */
  failures?: "throw" | "return";
  /** Time that one attempt may take, in milliseconds; none by default. */
  trialDeadlineMs?: number;
}

/** A study as a run sees it. */
export interface RunnableStudy {
  name: string;
  trials: readonly Trial[];
  environment: StudyEnvironment;
}

/**
 * Checks options before anything is started.
 *
 * @throws {TypeError | RangeError} naming the option
 */
export function checkRunOptions(name: string, options: StudyRunOptions<never>): void {
  const known = ["onProgress", "signal", "threads", "retry", "failures", "trialDeadlineMs"];
  const refuse = (option: string, expected: string, got: unknown) => {
    throw new RangeError(
      `Cannot run study "${name}": expected ${option} to be ${expected}, got ${JSON.stringify(got)}`,
    );
  };
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown) {
    throw new TypeError(`Cannot run study "${name}": expected one of ${known.join(", ")}, got option "${unknown}"`);
  }
  const { threads = 0, retry = "recoverable", failures = "throw", trialDeadlineMs = 1 } = options;
  if (!Number.isInteger(threads) || threads < 0) refuse("threads", "an integer of at least 0", threads);
  if (!["recoverable", "all", "none"].includes(retry)) refuse("retry", '"recoverable", "all" or "none"', retry);
  if (!["throw", "return"].includes(failures)) refuse("failures", '"throw" or "return"', failures);
  if (!(trialDeadlineMs > 0 && trialDeadlineMs < 2 ** 31)) {
    refuse("trialDeadlineMs", "above 0 and below 2^31", trialDeadlineMs);
  }
}

/**
 * Runs what has no result yet, and gives what is then known of all trials.
 *
 * @throws the signal's reason when it was aborted
 * @throws {Error} when the study is being run already, or its database cannot be used
 */
export async function runStudy(study: RunnableStudy, options: StudyRunOptions): Promise<Map<string, StoredTrial>> {
  const { name, environment } = study;
  checkRunOptions(name, options);
  options.signal?.throwIfAborted();
  const folder = join(environment.checkpointsFolder, name);
  const lock = await takeLock(folder);
  if (lock === null) throw new Error(`Cannot run study "${name}": ${await holder(folder)}; wait for it, or stop it`);
  try {
    const store = await StudyStore.open(folder, projectRelative(folder));
    try {
      return await new Run(study, store, options).run();
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}

/** Who is running the study. */
async function holder(folder: string): Promise<string> {
  const store = await StudyStore.openExisting(folder, projectRelative(folder));
  const run = store?.openRuns().at(-1);
  store?.close();
  if (run === undefined) return "another process is using it";
  if (run.pid === process.pid) return "this process is already running it";
  return `process ${run.pid} has been running it since ${run.startedAt}`;
}

class Run {
  readonly #study: RunnableStudy;
  readonly #store: StudyStore;
  readonly #options: StudyRunOptions;
  #runId = -1;
  #machineId = "";

  constructor(study: RunnableStudy, store: StudyStore, options: StudyRunOptions) {
    this.#study = study;
    this.#store = store;
    this.#options = options;
  }

  async run(): Promise<Map<string, StoredTrial>> {
    const { trials, environment } = this.#study;
    const store = this.#store;
    const left = store.openAttempts().flatMap(({ pid }) => pid === null ? [] : [pid]);
    await waitForProcesses(left, environment.trialModule);
    store.closeOpen();
    store.saveTrials(trials);
    const machine = await environment.machine();
    store.saveMachine(machine);
    this.#machineId = machine.id;
    this.#runId = store.beginRun(process.pid);
    try {
      await this.#runTrials();
      return store.trials();
    } finally {
      store.closeOpen();
    }
  }

  async #runTrials(): Promise<void> {
    const { trials } = this.#study;
    const { signal, onProgress } = this.#options;
    const stored = this.#store.trials();
    const waiting = trials.filter(({ key }) => isToRun(stored.get(key)!, this.#options.retry));
    const finished = trials.filter(({ key }) => stored.get(key)!.result !== null);
    const failed = trials.length - finished.length - waiting.length;
    const progress = new ProgressReporter({ total: trials.length, failed, waiting, tell: onProgress });
    for (const trial of finished) this.#learn(progress, trial, stored.get(trial.key)!);
    progress.report();
    for (const trial of waiting) {
      signal?.throwIfAborted();
      await this.#runTrial(trial, stored.get(trial.key)!, progress);
    }
  }

  /** What trials cost on another machine says nothing here. */
  #learn(progress: ProgressReporter, trial: Trial, { attempts, result }: StoredTrial): void {
    if (!attempts.some(({ id, machine }) => id === result!.attempt && machine === this.#machineId)) return;
    progress.learn({ trial, history: result!.result.history, seconds: totalSeconds(attempts) });
  }

  async #runTrial(trial: Trial, known: StoredTrial, progress: ProgressReporter): Promise<void> {
    const { environment, name } = this.#study;
    const { signal, trialDeadlineMs: deadlineMs } = this.#options;
    const store = this.#store;
    const { key, definition } = trial;
    const checkpointDir = join(environment.checkpointsFolder, name, key);
    const continues = await hasCheckpoint(checkpointDir);
    const threads = this.#threads(trial, continues ? known : null);
    const attempt = store.beginAttempt(key, { run: this.#runId, machine: this.#machineId, threads });
    const last: EpochSummary | null = continues ? store.epochs(key).at(-1) ?? null : null;
    const startMs = performance.now();
    progress.start(trial, last);
    const end = await runAttempt({ definition, checkpointDir, threads }, {
      trialModule: environment.trialModule,
      deadlineMs,
      signal,
      onStart: (pid) => store.noteProcess(attempt, pid),
      onReady: (baselineRssBytes) => {
        store.noteBaseline(attempt, baselineRssBytes);
        progress.ready((performance.now() - startMs) / 1000);
      },
      onEpoch: (summary) => {
        store.saveEpoch(key, attempt, summary);
        progress.epoch(trial, summary);
      },
    });
    store.endAttempt(key, attempt, continues ? withAdvice(end, checkpointDir) : end);
    if (end.outcome === "interrupted") throw signal?.reason;
    const seconds = totalSeconds(known.attempts) + end.seconds;
    progress.end(end.result && { history: end.result.history, seconds });
  }

  #threads({ definition }: Trial, continued: StoredTrial | null): number {
    return definition.settings.threads ?? continued?.attempts.at(-1)?.threads ?? this.#options.threads ?? 0;
  }
}

/** A checkpoint that cannot be read would fail every further attempt. */
function withAdvice(end: AttemptEnd, checkpointDir: string): AttemptEnd {
  if (end.outcome !== "threw" || !/checkpoint/i.test(end.message ?? "")) return end;
  return { ...end, message: `${end.message}; remove ${projectRelative(checkpointDir)} to start the trial anew` };
}

/** Whether a trial has no result and may get one. */
function isToRun({ result, attempts }: StoredTrial, retry: StudyRunOptions["retry"] = "recoverable"): boolean {
  if (result !== null) return false;
  const outcome = attempts.at(-1)?.outcome ?? "interrupted";
  if (outcome === "interrupted" || retry === "all") return true;
  return retry === "recoverable" && outcome !== "diverged";
}

/** A damaged checkpoint counts: the trial's process says what is wrong with it. */
async function hasCheckpoint(folder: string): Promise<boolean> {
  return await readSidecar(folder).then((sidecar) => sidecar !== null, () => true);
}

/** Of all attempts that have ended. */
export function totalSeconds(attempts: StoredTrial["attempts"]): number {
  return attempts.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
}
