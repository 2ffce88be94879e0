// The loop of a run: starts what the executor admits, writes down what comes of it, asks the sampler when there is room, and readers'
// requests each second. Trials end in any order; what happens is handled one after another.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { readSidecar } from "../train/mod.ts";
import { Suggester } from "./adaptive.ts";
import { judgedEnd } from "./attempt_result.ts";
import { DiskCheck, freeDiskBytes } from "./disk.ts";
import type { ExecutedEnd } from "./executor.ts";
import { formatPoint } from "./rows.ts";
import type { RunnableStudy } from "./run.ts";
import { carryOutRequests } from "./run_requests.ts";
import { type RunContext, RunState } from "./run_state.ts";
import { RunningAttempt } from "./running_attempt.ts";
import type { WaitingTrial } from "./schedule.ts";
import type { AnyPoint } from "./space.ts";
import type { TrialState } from "./store_types.ts";
import type { Trial } from "./trial.ts";

const REQUESTS_EVERY_MS = 1000;
const MOST_LOST = 3;

/** What has happened to an attempt. */
type Ended = { attempt: RunningAttempt; end: ExecutedEnd } | { attempt: RunningAttempt; error: unknown };

/** Runs what a study's trials lack. */
export class RunLoop {
  readonly #state: RunState;
  readonly #context: RunContext;
  readonly #suggester: Suggester | null;
  readonly #disk: DiskCheck;
  readonly #running = new Map<string, RunningAttempt>();
  readonly #lost = new Map<string, number>();
  readonly #ended: Ended[] = [];
  #wake: () => void = () => {};
  #fatal: { error: unknown } | null = null;

  /** @param points what an adaptive sampler has suggested before */
  constructor(study: RunnableStudy, context: RunContext, points: readonly AnyPoint[]) {
    this.#state = new RunState(study, context);
    this.#context = context;
    const { adaptive, definition: { objectives } } = study;
    const { store, definition } = context;
    const { configurations } = this.#state;
    this.#suggester = adaptive && new Suggester(adaptive, { store, definition, objectives, configurations });
    this.#suggester?.restore(points);
    const { environment, definition: { name, keepWeights } } = study;
    const { freeDiskBytes: freeBytes = freeDiskBytes } = environment;
    const plan = { keepWeights, atOnce: context.executor.checkpointsAtOnce };
    this.#disk = new DiskCheck(name, plan, () => freeBytes(store.folder));
  }

  /** The trials, those suggested in this run too. */
  async run(): Promise<readonly Trial[]> {
    const { signal } = this.#context.options;
    await this.#prepare();
    const wake = () => this.#wake();
    const ticker = setInterval(() => this.#tick(), REQUESTS_EVERY_MS);
    signal?.addEventListener("abort", wake);
    try {
      while (await this.#step());
      if (this.#fatal) throw this.#fatal.error;
      await this.#state.retention.thin();
      this.#state.progress.report();
      return [...this.#state.trials.values()];
    } finally {
      clearInterval(ticker);
      signal?.removeEventListener("abort", wake);
    }
  }

  async #prepare(): Promise<void> {
    const { study, progress, schedule } = this.#state;
    const own = new Set(study.trials.map(({ key }) => key));
    this.#state.takeEarlyRequests(own);
    const waiting = this.#state.add(study.trials);
    for (const trial of waiting) this.#state.skipPruned(trial);
    if (schedule.size > 0) await this.#disk.admit(waiting, this.#state.unknown);
    this.#state.learn();
    progress.report();
  }

  /** One round: handles what has ended, starts what may start, waits. False when all is done. */
  async #step(): Promise<boolean> {
    const { signal } = this.#context.options;
    for (let ended = this.#ended.shift(); ended; ended = this.#ended.shift()) await this.#guarded(ended);
    if (signal?.aborted && !this.#fatal && (this.#running.size > 0 || this.#hasMore())) {
      this.#fatal = { error: signal.reason };
    }
    if (this.#fatal) {
      for (const attempt of this.#running.values()) attempt.stop("interrupted", "the run was stopped");
      if (this.#running.size === 0) return false;
    } else {
      try {
        await this.#startAll();
      } catch (error) {
        this.#fatal = { error };
        return true;
      }
      if (this.#running.size === 0 && !this.#hasMore()) return false;
    }
    const stopping = signal?.aborted && !this.#fatal; // while trials were started
    if (this.#ended.length === 0 && !stopping) await new Promise<void>((resolve) => this.#wake = resolve);
    return true;
  }

  async #guarded(ended: Ended): Promise<void> {
    try {
      await this.#settle(ended);
    } catch (error) {
      this.#fatal ??= { error };
    }
  }

  #hasMore(): boolean {
    return this.#state.schedule.size > 0 || (this.#suggester !== null && !this.#suggester.complete);
  }

  async #startAll(): Promise<void> {
    const { executor, options: { signal } } = this.#context;
    const { schedule } = this.#state;
    while (!signal?.aborted && this.#ended.length === 0) {
      const next = schedule.next(({ trial, alone }) =>
        executor.impossible(trial) !== null || executor.admits(trial, { alone })
      );
      if (next === "blocked") return;
      if (next !== "none") await this.#start(next);
      else if (!await this.#suggest()) return;
    }
  }

  /** Asks the sampler when there is room for another trial; false when there is none, or nothing more to suggest. */
  async #suggest(): Promise<boolean> {
    if (this.#suggester === null || this.#suggester.complete) return false;
    const [beside] = this.#running.values();
    if (beside !== undefined && !this.#context.executor.admits(beside.trial, { alone: false })) return false;
    const trials = this.#suggester.suggest(`Cannot run study "${this.#state.study.definition.name}"`);
    if (trials === null) {
      this.#state.progress.complete();
      return false;
    }
    this.#state.add(trials);
    const running = [...this.#running.values()].map(({ trial }) => trial);
    await this.#disk.admit([...running, ...trials], this.#state.unknown);
    return true;
  }

  async #start({ trial, alone }: WaitingTrial): Promise<void> {
    const { store, executor, options } = this.#context;
    const impossible = executor.impossible(trial);
    if (impossible !== null) {
      store.setState(trial.key, "failed", { outcome: "memory", message: impossible });
      return this.#note(trial, "failed");
    }
    const checkpointDir = join(store.folder, trial.key);
    const continues = await hasCheckpoint(checkpointDir);
    const attempt = new RunningAttempt(this.#state, trial, { alone, continues });
    const continued = continues ? store.attempts(trial.key).at(-1)?.threads : undefined;
    const threads = trial.definition.settings.threads ?? continued ?? options.threads ?? null;
    const { trialDeadlineMs: deadlineMs = null } = options;
    attempt.task = executor.start(
      { trial, checkpointDir, threads, attemptsBefore: attempt.tokenBefore, alone, deadlineMs },
      attempt,
    );
    this.#running.set(trial.key, attempt); // after the start, which may throw
    const settled = (ended: Ended) => {
      this.#ended.push(ended);
      this.#wake();
    };
    attempt.task.ended.then((end) => settled({ attempt, end }), (error) => settled({ attempt, error }));
    // A pruner may have been asked before there was a task to stop.
    if (attempt.stopped) attempt.task.stop(attempt.stopped.reason);
  }

  async #settle(ended: Ended): Promise<void> {
    const { attempt, attempt: { trial } } = ended;
    this.#running.delete(trial.key);
    if ("error" in ended) {
      this.#fatal ??= { error: ended.error };
      return;
    }
    const end = judgedEnd(this.#state, attempt, ended.end);
    const { outcome } = end;
    if (attempt.token === null && attempt.stopped !== null && outcome === attempt.stopped.reason) {
      // It was ended before it had begun: there is no attempt to tell of.
      const state = outcome as TrialState;
      if (outcome !== "interrupted") this.#context.store.setState(trial.key, state, { outcome, message: end.message });
      return this.#note(trial, outcome === "interrupted" ? "waiting" : state);
    }
    attempt.startFor(end);
    const token = ended.end.token > attempt.tokenBefore ? end.token : attempt.token!;
    const refusal = this.#context.store.endAttempt(trial.key, token, end);
    if (refusal !== null) this.#notice(trial, `what it ended with is left out: ${refusal.refused}`);
    await this.#conclude(attempt, refusal === null ? end : { ...end, outcome: "lost", result: null });
  }

  /** After the end of an attempt is stored: whether its trial runs again, and what of it stays. */
  async #conclude(attempt: RunningAttempt, end: ExecutedEnd): Promise<void> {
    const { trial } = attempt;
    const { outcome } = end;
    const { store } = this.#context;
    if (this.#runsAgain(attempt, end) && store.standing(trial.key)!.state !== "finished") {
      this.#state.schedule.add([trial], { alone: outcome === "memory" || attempt.alone });
      return this.#note(trial, "waiting");
    }
    if (store.standing(trial.key)!.state === "running") {
      store.setState(trial.key, "failed", { outcome: "lost", message: end.message ?? "its results were overtaken" });
    }
    await this.#state.retention.ended(trial.key, outcome);
    const known = store.standing(trial.key)!;
    this.#state.configurations.note(trial.key, known.state, this.#state.values(known));
    const history = end.result?.history;
    this.#note(trial, known.state, history ? { history, seconds: attempt.secondsBefore + end.seconds } : null);
    this.#state.skipPruned(trial);
  }

  #runsAgain({ trial, alone, stopped }: RunningAttempt, { outcome }: ExecutedEnd): boolean {
    if (outcome === "memory") return !alone;
    const lost = outcome === "lost" || (outcome === "interrupted" && stopped === null);
    if (!lost) return false;
    const times = (this.#lost.get(trial.key) ?? 0) + 1;
    this.#lost.set(trial.key, times);
    return times <= MOST_LOST;
  }

  /** Changes nothing in the store. */
  #note(trial: Trial, state: TrialState, finished: { history: ExecutedHistory; seconds: number } | null = null): void {
    this.#state.configurations.note(trial.key, state);
    this.#state.progress.end(trial, state, finished);
  }

  #tick(): void {
    try {
      if (!this.#fatal) {
        const note = (trial: Trial, state: TrialState) => this.#note(trial, state);
        carryOutRequests({ state: this.#state, running: this.#running, note });
      }
    } catch (error) {
      this.#fatal ??= { error };
    }
    this.#wake();
  }

  #notice(trial: Trial, what: string): void {
    (this.#context.options.onNotice ?? console.warn)(`${formatPoint(trial.parameters)}: ${what}`);
  }
}

type ExecutedHistory = NonNullable<ExecutedEnd["result"]>["history"];

/** A damaged checkpoint counts: the trial's process says what is wrong with it. */
async function hasCheckpoint(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return false;
  return await readSidecar(folder).then((sidecar) => sidecar !== null, () => true);
}
