// Progress of a run: how much is done, what is running, and how long the rest will take by what the trials so far have cost.

import type { EpochSummary } from "../train/mod.ts";
import type { AnyPoint } from "./space.ts";
import type { TrialState } from "./store_types.ts";
import type { Trial } from "./trial.ts";

/** A trial under way. */
export interface RunningTrial<P = AnyPoint> {
  parameters: P;
  /** Epochs completed, 0 before the first. */
  epoch: number;
  /** At most; early stopping may end it before. */
  epochs: number;
  /** Of the last epoch; null before the first. */
  samplesPerSecond: number | null;
}

/** What `onProgress` is told: at the start, after each epoch, and when a trial ends. */
export interface StudyProgress<P = AnyPoint> {
  /** Trials that need nothing more, those of earlier runs too: finished, pruned or cancelled. */
  done: number;
  /** All trials; with an adaptive sampler as many as it says it will suggest, or those so far. */
  total: number;
  failed: number;
  /** Of those done. */
  pruned: number;
  /** The trial of which something was heard last; null while none runs. */
  current: RunningTrial<P> | null;
  /** All that run, in the order in which they were started. */
  running: RunningTrial<P>[];
  /**
   * Estimated time until the run ends, as if no trial stopped early; null until something has been measured. Costs are taken as
   * proportional to parameters x steps, with a fixed time for starting a trial, and as many trials at once as there were so far.
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

/** Trials that cost the same but for their size. */
interface CostGroup {
  sample: Trial;
  count: number;
  parameterCount: number;
}

/** What waits, summed up by data and settings, so that the time left need not look at each trial. */
class WaitingCosts {
  #groups = new Map<string, CostGroup>();

  /** @param sign 1 for a trial that now waits, -1 for one that no longer does */
  count(trial: Trial, sign: 1 | -1): void {
    const { settings: { epochs, batchSize, maxSteps }, data: { hash } } = trial.definition;
    const key = [epochs, batchSize, maxSteps, hash].join(" ");
    const group = this.#groups.get(key) ?? { sample: trial, count: 0, parameterCount: 0 };
    group.count += sign;
    group.parameterCount += sign * trial.parameterCount;
    this.#groups.set(key, group);
  }

  secondsLeft(costs: CostModel): number | null {
    let total = 0;
    for (const { sample, count, parameterCount } of this.#groups.values()) {
      if (count === 0) continue;
      // One trial of the mean size costs what the group costs in the mean.
      const one = costs.secondsLeft({ ...sample, parameterCount: parameterCount / count }, 0);
      if (one === null) return null;
      total += one * count;
    }
    return total;
  }
}

/** Follows a run and tells of it. */
export class ProgressReporter {
  #costs = new CostModel();
  #states = new Map<string, TrialState>();
  #counts = new Map<TrialState, number>();
  #waiting = new WaitingCosts();
  #running = new Map<string, { trial: Trial; epoch: EpochSummary | null }>();
  #last: string | null = null;
  #mostAtOnce = 1;
  #expected: number;
  #tell: ((progress: StudyProgress) => void) | undefined;

  /** @param expected trials in all, when more are to come than are known */
  constructor({ tell, expected = 0 }: { tell?: (progress: StudyProgress) => void; expected?: number }) {
    this.#tell = tell;
    this.#expected = expected;
  }

  /** Notes where a trial stands, without telling. */
  note(trial: Trial, state: TrialState): void {
    const before = this.#states.get(trial.key);
    if (before === state) return;
    if (before !== undefined) this.#counts.set(before, this.#count(before) - 1);
    if (before === "waiting") this.#waiting.count(trial, -1);
    if (state === "waiting") this.#waiting.count(trial, 1);
    this.#states.set(trial.key, state);
    this.#counts.set(state, this.#count(state) + 1);
  }

  /** No more trials will come than are known now. */
  complete(): void {
    this.#expected = 0;
  }

  /** Counts what a trial of an earlier run took on this machine. */
  learn(measured: MeasuredTrial): void {
    for (const epoch of measured.history) this.#costs.addEpoch(measured.trial, epoch);
    this.#costs.addFinished(measured);
  }

  /** @param last the last epoch of the attempt that is continued */
  start(trial: Trial, last: EpochSummary | null): void {
    this.note(trial, "running");
    this.#running.set(trial.key, { trial, epoch: last });
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#running.size);
    this.#last = trial.key;
    this.report();
  }

  /** @param seconds since the start of the trial's process, which is now about to compile */
  ready(seconds: number): void {
    this.#costs.addStart(seconds);
  }

  epoch(trial: Trial, summary: EpochSummary): void {
    this.#costs.addEpoch(trial, summary);
    this.#running.set(trial.key, { trial, epoch: summary });
    this.#last = trial.key;
    this.report();
  }

  /** @param finished what it took; null unless it finished */
  end(trial: Trial, state: TrialState, finished: Omit<MeasuredTrial, "trial"> | null): void {
    this.#running.delete(trial.key);
    this.note(trial, state);
    if (finished) this.#costs.addFinished(finished);
    this.report();
  }

  report(): void {
    if (this.#tell === undefined) return;
    const last = this.#running.get(this.#last ?? "") ?? [...this.#running.values()].at(-1);
    this.#tell({
      done: this.#count("finished") + this.#count("pruned") + this.#count("cancelled"),
      total: Math.max(this.#expected, this.#states.size),
      failed: this.#count("failed"),
      pruned: this.#count("pruned"),
      current: last ? shown(last) : null,
      running: [...this.#running.values()].map(shown),
      secondsLeft: this.#secondsLeft(),
    });
  }

  #count(state: TrialState): number {
    return this.#counts.get(state) ?? 0;
  }

  #secondsLeft(): number | null {
    const running = [...this.#running.values()].map(({ trial, epoch }) =>
      this.#costs.secondsLeft(trial, epoch?.epoch ?? 0)
    );
    const waiting = this.#waiting.secondsLeft(this.#costs);
    if (waiting === null || running.includes(null)) return null;
    const left = running as number[];
    // What runs now ends no sooner than its longest, however many run beside it.
    return Math.max((sum(left) + waiting) / this.#mostAtOnce, ...left, 0);
  }
}

function shown({ trial, epoch }: { trial: Trial; epoch: EpochSummary | null }): RunningTrial {
  return {
    parameters: trial.parameters,
    epoch: epoch?.epoch ?? 0,
    epochs: trial.definition.settings.epochs,
    samplesPerSecond: epoch?.samplesPerSecond ?? null,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
