// StudyProgress of a run: how much is done, what is running, and how long the rest will take by what the trials so far have cost.

import type { EpochSummary } from "../train/mod.ts";
import type { AnyPoint } from "./space.ts";
import type { Trial } from "./trial.ts";

/** What `onProgress` is told: at the start, after each epoch, and when a trial ends. */
export interface StudyProgress<P = AnyPoint> {
  /** Finished trials, those of earlier runs too. */
  done: number;
  total: number;
  failed: number;
  /** The trial under way; null between trials. */
  current: {
    parameters: P;
    /** Epochs completed, 0 before the first. */
    epoch: number;
    /** At most; early stopping may end it before. */
    epochs: number;
    /** Of the last epoch; null before the first. */
    samplesPerSecond: number | null;
  } | null;
  /**
   * Estimated time until the run ends, as if no trial stopped early; null until something has been measured. Costs are taken as
   * proportional to parameters x steps, with a fixed time for starting a trial.
   */
  secondsLeft: number | null;
}

/** The time that a finished trial took, in seconds. */
export interface MeasuredTrial {
  trial: Trial;
  history: readonly EpochSummary[];
  seconds: number;
}

/** Estimates what trials cost from those measured so far. */
export class CostModel {
  #rowsByData = new Map<string, number>();
  #trainSeconds = 0;
  #work = 0;
  #startSeconds = 0;
  #overheadSeconds = 0;
  #finished = 0;

  /** Counts an epoch of a trial. */
  addEpoch(trial: Trial, { steps, seconds }: EpochSummary): void {
    const { settings: { batchSize }, data: { hash } } = trial.definition;
    // The largest: an epoch that was cut by maxSteps had fewer.
    this.#rowsByData.set(hash, Math.max(steps * batchSize, this.#rowsByData.get(hash) ?? 0));
    this.#trainSeconds += seconds;
    this.#work += trial.parameterCount * steps;
  }

  /** Notes what starting a trial took: the part of its fixed time that is known before one has finished. */
  addStart(seconds: number): void {
    this.#startSeconds = seconds;
  }

  /** Counts a finished trial whose epochs have been added: what it took beyond its steps. */
  addFinished({ history, seconds }: Omit<MeasuredTrial, "trial">): void {
    this.#overheadSeconds += Math.max(0, seconds - sum(history.map((epoch) => epoch.seconds)));
    this.#finished++;
  }

  /** Seconds that a trial will take from after `epochs` epochs; null when nothing comparable is known. */
  secondsLeft(trial: Trial, epochs: number): number | null {
    if (this.#work === 0) return null;
    const { epochs: all, batchSize, maxSteps } = trial.definition.settings;
    const rows = this.#rowsByData.get(trial.definition.data.hash) ?? Math.max(0, ...this.#rowsByData.values());
    const stepsPerEpoch = Math.floor(rows / batchSize);
    if (stepsPerEpoch === 0 && maxSteps === null) return null;
    const total = Math.min(all * stepsPerEpoch || Infinity, maxSteps ?? Infinity);
    const steps = Math.max(0, total - epochs * stepsPerEpoch);
    const overhead = this.#finished > 0 ? this.#overheadSeconds / this.#finished : this.#startSeconds;
    return (epochs === 0 ? overhead : 0) + steps * trial.parameterCount * this.#trainSeconds / this.#work;
  }
}

/** Follows a run and tells of it. */
export class ProgressReporter {
  #costs = new CostModel();
  #total: number;
  #done = 0;
  #failed = 0;
  #waiting: Set<Trial>;
  #current: { trial: Trial; epoch: EpochSummary | null } | null = null;
  #tell: ((progress: StudyProgress) => void) | undefined;

  /** @param waiting the trials that will be run */
  constructor(
    { total, failed, waiting, tell }: {
      total: number;
      failed: number;
      waiting: readonly Trial[];
      tell?: (progress: StudyProgress) => void;
    },
  ) {
    this.#total = total;
    this.#done = total - failed - waiting.length;
    this.#failed = failed;
    this.#waiting = new Set(waiting);
    this.#tell = tell;
  }

  /** Counts what a trial of an earlier run took on this machine. */
  learn(measured: MeasuredTrial): void {
    for (const epoch of measured.history) this.#costs.addEpoch(measured.trial, epoch);
    this.#costs.addFinished(measured);
  }

  /** @param last the last epoch of the attempt that is continued */
  start(trial: Trial, last: EpochSummary | null): void {
    this.#waiting.delete(trial);
    this.#current = { trial, epoch: last };
    this.report();
  }

  /** @param seconds since the start of the trial's process, which is now about to compile */
  ready(seconds: number): void {
    this.#costs.addStart(seconds);
  }

  epoch(trial: Trial, summary: EpochSummary): void {
    this.#costs.addEpoch(trial, summary);
    this.#current = { trial, epoch: summary };
    this.report();
  }

  /** @param finished what it took; null when it failed */
  end(finished: Omit<MeasuredTrial, "trial"> | null): void {
    this.#current = null;
    if (finished) {
      this.#done++;
      this.#costs.addFinished(finished);
    } else this.#failed++;
    this.report();
  }

  report(): void {
    const current = this.#current;
    this.#tell?.({
      done: this.#done,
      total: this.#total,
      failed: this.#failed,
      current: current && {
        parameters: current.trial.parameters,
        epoch: current.epoch?.epoch ?? 0,
        epochs: current.trial.definition.settings.epochs,
        samplesPerSecond: current.epoch?.samplesPerSecond ?? null,
      },
      secondsLeft: this.#secondsLeft(),
    });
  }

  #secondsLeft(): number | null {
    const parts = [...this.#waiting].map((trial) => this.#costs.secondsLeft(trial, 0));
    if (this.#current) parts.push(this.#costs.secondsLeft(this.#current.trial, this.#current.epoch?.epoch ?? 0));
    return parts.includes(null) ? null : sum(parts as number[]);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
