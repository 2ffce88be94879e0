// What a run knows at its start: where each trial stands, which are to run, and what earlier ones measured.

import type { MachineFacts } from "../record/mod.ts";
import { Configurations } from "./configurations.ts";
import type { TrialExecutor } from "./executor.ts";
import { objectiveValues } from "./objective.ts";
import { ProgressReporter } from "./progress.ts";
import { Retention } from "./retention.ts";
import type { RunnableStudy } from "./run.ts";
import type { StudyRunOptions } from "./run_options.ts";
import { Schedule } from "./schedule.ts";
import type { StudyStore } from "./store.ts";
import { epochValues, recentCosts } from "./store_read.ts";
import { answerRequest, openRequests } from "./store_requests.ts";
import type { TrialStanding } from "./store_types.ts";
import type { Trial } from "./trial.ts";

/** What a run works with. */
export interface RunContext {
  store: StudyStore;
  executor: TrialExecutor;
  machine: MachineFacts;
  /** Its number in the store. */
  run: number;
  /** The number of the study's definition. */
  definition: number;
  options: StudyRunOptions;
}

/** Enough to estimate by; a study of ten thousand trials need not be read whole for it. */
const MOST_LEARNED = 200;

/** The state of a run, shared by its loop and its attempts. */
export class RunState {
  readonly study: RunnableStudy;
  readonly context: RunContext;
  readonly configurations: Configurations;
  readonly schedule: Schedule;
  readonly progress: ProgressReporter;
  readonly retention: Retention;
  readonly trials = new Map<string, Trial>();
  /** Trials that someone asked to run again: they are not pruned. */
  readonly spared = new Set<string>();
  /** How many trials there will be with an adaptive sampler that says so; else 0. */
  readonly #expected: number;

  constructor(study: RunnableStudy, context: RunContext) {
    const { definition: { objectives, sampler, keepWeights: keep } } = study;
    this.study = study;
    this.context = context;
    this.configurations = new Configurations(study.seedName);
    this.schedule = new Schedule(this.configurations, { firstSeedFirst: study.pruner !== null });
    const { count } = sampler.settings; // of adaptive samplers: how many configurations they suggest
    const replicas = study.seedName === null ? 1 : seedCount(study);
    this.#expected = study.adaptive !== null && typeof count === "number" ? count * replicas : 0;
    this.progress = new ProgressReporter({ tell: context.options.onProgress, expected: this.#expected });
    this.retention = new Retention(context.store, { definition: context.definition, objective: objectives[0], keep });
  }

  /** How many trials an adaptive sampler has yet to suggest, as far as it says. */
  get unknown(): number {
    return Math.max(0, this.#expected - this.trials.size);
  }

  /** Takes in trials that are stored; those that are to run wait then. */
  add(trials: readonly Trial[]): Trial[] {
    const { store } = this.context;
    const standings = trials.length > 100
      ? new Map(store.standings().map((known) => [known.key, known]))
      : new Map(trials.map(({ key }) => [key, store.standing(key)!]));
    const waiting: Trial[] = [];
    for (const trial of trials) {
      const known = standings.get(trial.key)!;
      const runs = this.spared.has(trial.key) || this.#isToRun(known);
      this.trials.set(trial.key, trial);
      this.configurations.add(trial, runs ? "waiting" : known.state);
      if (known.best !== null) this.configurations.note(trial.key, runs ? "waiting" : known.state, this.values(known));
      this.progress.note(trial, runs ? "waiting" : known.state);
      if (runs) waiting.push(trial);
    }
    // One that was killed for want of memory has the machine for itself this time.
    const alone = waiting.filter(({ key }) => standings.get(key)!.outcome === "memory");
    this.schedule.add(waiting.filter((trial) => !alone.includes(trial)));
    this.schedule.add(alone, { alone: true });
    return waiting;
  }

  /** The values of the objectives, as far as they are known. */
  values(known: Pick<TrialStanding, "best" | "parameterCount" | "trainSeconds">): (number | null)[] {
    return objectiveValues(this.study.definition.objectives, known);
  }

  /** Skips what waits of configurations of which one trial was pruned. */
  skipPruned(trial: Trial): void {
    const { members } = this.configurations.of(trial);
    const pruned = members.find(({ state }) => state === "pruned");
    if (this.study.pruner === null || pruned === undefined) return;
    for (const { trial: other, state } of members) {
      if (state !== "waiting" || this.spared.has(other.key) || !this.schedule.remove(other.key)) continue;
      const seed = this.study.seedName === null
        ? ""
        : ` with ${this.study.seedName} ${pruned.trial.parameters[this.study.seedName]}`;
      this.context.store.setState(other.key, "pruned", {
        outcome: "pruned",
        message: `its configuration was pruned${seed}`,
      });
      this.configurations.note(other.key, "pruned");
      this.progress.note(other, "pruned");
    }
  }

  /** What readers asked before the run began: trials to cancel are cancelled, those to retry are spared. */
  takeEarlyRequests(own: ReadonlySet<string>): void {
    const { store } = this.context;
    for (const { id, kind, trial } of openRequests(store)) {
      const known = store.standing(trial)!;
      if (!own.has(trial)) answerRequest(store, id, "refused: the trial is of an earlier definition");
      else if (known.state === "finished") answerRequest(store, id, "refused: the trial has finished");
      else {
        if (kind === "cancel") {
          store.setState(trial, "cancelled", { outcome: "cancelled", message: "someone asked to end it" });
          this.spared.delete(trial);
        } else this.spared.add(trial);
        answerRequest(store, id, "done");
      }
    }
  }

  /** Reads what earlier runs measured: times on this machine, and curves where a pruner compares them. */
  learn(): void {
    const { store, machine } = this.context;
    for (const { key, result, seconds } of recentCosts(store.database, { machine: machine.id, most: MOST_LEARNED })) {
      const trial = this.trials.get(key);
      if (trial) this.progress.learn({ trial, history: result.history, seconds });
    }
    if (this.study.pruner === null) return;
    const [{ metric }] = this.study.definition.objectives;
    let [trainSeconds, previous] = [0, ""];
    for (
      const { trial, epoch, value } of epochValues(store.database, metric === "trainSeconds" ? "seconds" : metric, {})
    ) {
      if (!this.trials.has(trial) || value === null) continue;
      trainSeconds = trial === previous ? trainSeconds + value : value;
      previous = trial;
      this.configurations.addEpoch(trial, epoch, metric === "trainSeconds" ? trainSeconds : value);
    }
  }

  #isToRun({ state, outcome }: TrialStanding): boolean {
    const { retry = "recoverable" } = this.context.options;
    switch (state) {
      case "finished":
        return false;
      case "pruned":
        return this.study.pruner === null; // a study that no longer prunes wants all of them
      case "cancelled":
        return retry === "all";
      case "failed":
        return retry === "all" || (retry === "recoverable" && outcome !== "diverged");
      default:
        return true;
    }
  }
}

function seedCount({ definition, seedName }: RunnableStudy): number {
  return (definition.space[seedName!] as { values: number[] }).values.length;
}
