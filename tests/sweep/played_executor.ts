// An executor without processes: what a trial does is played by a function of its order, so that tests decide when it ends and how.

import type {
  AttemptWatch,
  ExecutedEnd,
  ExecutorOrder,
  StopReason,
  TrialExecutor,
  TrialTask,
} from "lib/sweep/executor.ts";
import type { TrialResult } from "lib/sweep/messages.ts";
import type { Trial } from "lib/sweep/mod.ts";

/** What a played attempt can do. */
export interface Stage {
  order: ExecutorOrder;
  watch: AttemptWatch;
  token: number;
  /** Reports an epoch with this validation loss; resolves after the run has had its turn. */
  epoch(loss: number): Promise<void>;
  /** Null until the run asks to stop. */
  stopped(): StopReason | null;
  /** Resolves when the run asks to stop. */
  untilStopped: Promise<StopReason>;
  /** The end of an attempt that finished with the epochs reported. */
  finished(): ExecutedEnd;
  failed(outcome: ExecutedEnd["outcome"], message?: string): ExecutedEnd;
}

type Play = (stage: Stage) => Promise<ExecutedEnd>;

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Plays attempts, `atOnce` at a time. */
export class PlayedExecutor implements TrialExecutor {
  readonly description = "played";
  readonly checkpointsAtOnce: number;
  /** Orders in the order in which they were started. */
  readonly orders: ExecutorOrder[] = [];
  mostAtOnce = 0;
  readonly #play: Play;
  readonly #atOnce: number;
  #running: ExecutorOrder[] = [];
  /** Parameter counts of trials that could never run. */
  readonly tooLarge: (trial: Trial) => boolean;

  constructor(play: Play, { atOnce = 1, tooLarge = (_: Trial): boolean => false } = {}) {
    this.#play = play;
    this.#atOnce = this.checkpointsAtOnce = atOnce;
    this.tooLarge = tooLarge;
  }

  admits(_trial: Trial, { alone }: { alone: boolean }): boolean {
    if (this.#running.length === 0) return true;
    return !alone && !this.#running.some((order) => order.alone) && this.#running.length < this.#atOnce;
  }

  impossible(trial: Trial): string | null {
    return this.tooLarge(trial) ? "needs 40 GiB of memory, but the sweep may use 20 GiB" : null;
  }

  start(order: ExecutorOrder, watch: AttemptWatch): TrialTask {
    this.orders.push(order);
    this.#running.push(order);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running.length);
    let asked: StopReason | null = null;
    let ask: (reason: StopReason) => void;
    const untilStopped = new Promise<StopReason>((resolve) => ask = resolve);
    const token = order.attemptsBefore + 1;
    const history: TrialResult["history"][number][] = [];
    const stage: Stage = {
      order,
      watch,
      token,
      untilStopped,
      stopped: () => asked,
      epoch: async (loss) => {
        const epoch = history.length + 1;
        const summary = {
          ...{ epoch, steps: 10, trainLoss: loss, learningRate: 0.01, seconds: 0.5, samplesPerSecond: 640 },
          validation: { loss, cosine: 1 - loss },
        };
        history.push(summary);
        watch.onEpoch(token, summary);
        await turn();
      },
      finished: () => {
        const best = history.reduce(
          (top, { validation }, i) => validation.loss < history[top].validation.loss ? i : top,
          0,
        );
        const { parameterCount } = order.trial;
        const result = {
          history,
          bestEpoch: best + 1,
          stopped: "epochs",
          steps: 10 * history.length,
          parameterCount,
        } as const;
        return { ...common, outcome: "finished", message: null, peakRssBytes: 2e8, result };
      },
      failed: (outcome, message = outcome) => ({ ...common, outcome, message }),
    };
    const common = { token, stderrTail: "", seconds: 1, peakRssBytes: null, result: null };
    const ended = this.#played(stage).finally(() => this.#running = this.#running.filter((other) => other !== order));
    return {
      ended,
      stop: (reason) => {
        asked ??= reason;
        ask(reason);
      },
    };
  }

  async #played(stage: Stage): Promise<ExecutedEnd> {
    const { token, watch } = stage;
    watch.onStart({ token, machine: null, pid: null, threads: 1, worker: null });
    watch.onReady(token, 1e8);
    await turn();
    return await this.#play(stage);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Plays a trial that reports these losses, unless it is stopped, and finishes. */
export async function reportLosses(stage: Stage, losses: readonly number[]): Promise<ExecutedEnd> {
  for (const loss of losses) {
    const reason = stage.stopped();
    if (reason !== null) return stage.failed(reason);
    await stage.epoch(loss);
  }
  return stage.stopped() === null ? stage.finished() : stage.failed(stage.stopped()!);
}
