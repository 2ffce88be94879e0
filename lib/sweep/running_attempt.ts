// One order to the executor while it is under way: what it tells is written down, unless a later attempt has begun.

import type { EpochSummary } from "../train/mod.ts";
import type { AttemptStart, AttemptWatch, ExecutedEnd, StopReason, TrialTask } from "./executor.ts";
import { formatPoint } from "./rows.ts";
import type { RunState } from "./run_state.ts";
import type { Trial } from "./trial.ts";

/** A trial that was given to the executor. */
export class RunningAttempt implements AttemptWatch {
  readonly trial: Trial;
  readonly alone: boolean;
  /** Whether it goes on from a checkpoint. */
  readonly continues: boolean;
  /** The highest token of earlier attempts. */
  readonly tokenBefore: number;
  task: TrialTask | null = null;
  /** Why the run has ended it, with the sentence for the store. */
  stopped: { reason: StopReason; message: string } | null = null;
  readonly #state: RunState;
  readonly #secondsBefore: number;
  readonly #startMs = performance.now();
  #token: number | null = null;
  #attempt = -1;
  #trainSeconds = 0;

  constructor(
    state: RunState,
    trial: Trial,
    { alone, continues }: { alone: boolean; continues: boolean },
  ) {
    const known = state.context.store.standing(trial.key)!;
    this.#state = state;
    this.trial = trial;
    this.alone = alone;
    this.continues = continues;
    this.tokenBefore = known.token;
    this.#secondsBefore = known.seconds;
  }

  /** Of the last start; null before the first. */
  get token(): number | null {
    return this.#token;
  }

  /** Time of all attempts of the trial before this one. */
  get secondsBefore(): number {
    return this.#secondsBefore;
  }

  stop(reason: StopReason, message: string): void {
    if (this.stopped !== null) return;
    this.stopped = { reason, message };
    this.task?.stop(reason);
  }

  onStart({ token, machine, pid, threads, worker }: AttemptStart): void {
    const { store, machine: own, run } = this.#state.context;
    if (machine !== null) store.saveMachine(machine);
    const id = store.beginAttempt(this.trial.key, { run, machine: machine?.id ?? own.id, threads, token, pid, worker });
    if (typeof id !== "number") return this.#notice(id.refused);
    this.#token = token;
    this.#attempt = id;
    this.#state.configurations.note(this.trial.key, "running");
    const epochs = this.continues ? store.epochs(this.trial.key) : [];
    this.#trainSeconds = epochs.reduce((sum, { seconds }) => sum + seconds, 0);
    this.#state.progress.start(this.trial, epochs.at(-1) ?? null);
  }

  onReady(token: number, baselineRssBytes: number): void {
    if (token !== this.#token) return;
    this.#state.context.store.noteBaseline(this.#attempt, baselineRssBytes);
    this.#state.progress.ready((performance.now() - this.#startMs) / 1000);
  }

  onEpoch(token: number, summary: EpochSummary): void {
    if (token !== this.#token) {
      return this.#notice(`attempt ${token} was overtaken, its epoch ${summary.epoch} is left out`);
    }
    this.#state.context.store.saveEpoch(this.trial.key, this.#attempt, summary);
    this.#trainSeconds = summary.epoch === 1 ? summary.seconds : this.#trainSeconds + summary.seconds;
    this.#prune(summary);
    this.#state.progress.epoch(this.trial, summary);
  }

  /** An end that comes without a start is given one, so that it can be told with an attempt. */
  startFor({ token }: ExecutedEnd): void {
    if (this.#token !== null) return;
    this.onStart({ token: Math.max(token, this.tokenBefore + 1), machine: null, pid: null, threads: 0, worker: null });
  }

  #prune({ epoch, validation }: EpochSummary): void {
    const { study: { pruner, definition: { objectives: [objective] } }, configurations } = this.#state;
    if (pruner === null || this.stopped !== null || this.#state.spared.has(this.trial.key)) return;
    const reached = objective.metric === "trainSeconds" ? this.#trainSeconds : validation[objective.metric];
    if (typeof reached !== "number" || !Number.isFinite(reached)) return;
    const value = configurations.addEpoch(this.trial.key, epoch, reached);
    if (epoch >= this.trial.definition.settings.epochs) return; // it ends by itself
    const curves = configurations.otherCurves(this.trial.key);
    const reason = pruner.reason({ epoch, value, curves, objective });
    if (reason !== null) this.stop("pruned", reason);
  }

  #notice(what: string): void {
    (this.#state.context.options.onNotice ?? console.warn)(`${formatPoint(this.trial.parameters)}: ${what}`);
  }
}
