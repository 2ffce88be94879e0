// The pool of trial processes on this machine: as many trials at once as cores and memory allow, in processes that are used again.

import { machineFacts, type MachineReader, thisMachine } from "../../runtime/mod.ts";
import type { AttemptWatch, ExecutedEnd, ExecutorOrder, StopReason, TrialExecutor, TrialTask } from "../executor.ts";
import type { Trial } from "../trial.ts";
import { AwakeClock } from "./awake_clock.ts";
import { defaultMemoryBudgetBytes, MemoryPredictor } from "./memory_budget.ts";
import { gib, MemoryWatch } from "./system_memory.ts";
import type { TrialChild } from "./trial_child.ts";
import { TrialChildren } from "./trial_children.ts";

/** Options of `localPool`. */
export interface LocalPoolOptions {
  /** The module that runs as a process of trials. */
  trialModule: string;
  /** Trials at once, at most. */
  trials: number;
  /** Threads of a trial that gives none itself; 0: one a physical core. */
  threads: number;
  /** What all trials together may take, in bytes. Default: most of what the system could give when the pool is made. */
  memoryBudgetBytes?: number;
  /**
   * `shared`: a process serves trials one after the other, with engine, data and sessions still there. `fresh`: each trial has a
   * process of its own, whose memory is then that of this trial alone. Default `shared`.
   */
  processes?: "shared" | "fresh";
  /** Time without a sign of life after which a process counts as hanging, in milliseconds. Default 10 minutes. */
  silenceMs?: number;
  /** Told what a reader should know, such as that a trial took far more memory than predicted. */
  onNote?: (sentence: string) => void;
  /** Where the machine's memory is read; tests give others. */
  reader?: MachineReader;
}

const DEFAULT_SILENCE_MS = 600_000;
const LOOK_MS = 250;
/** What is that far above a prediction is told: predictions are within a fifth. */
const FAR_ABOVE = 1.5;

interface Running {
  trial: Trial;
  alone: boolean;
  threads: number;
  predictedBytes: number;
  deadlineMs: number;
  child: TrialChild | null;
  /** On the pool's clock. */
  startedMs: number;
  signMs: number;
  stop: StopReason | null;
}

/**
 * A pool of processes on this machine.
 *
 * @throws {RangeError} when an option is out of range
 */
export function localPool(options: LocalPoolOptions): TrialExecutor {
  const { trials, threads, memoryBudgetBytes, silenceMs } = options;
  check("trials", trials, Number.isInteger(trials) && trials >= 1, "an integer of at least 1");
  check("threads", threads, Number.isInteger(threads) && threads >= 0, "an integer of at least 0");
  for (const [name, value] of Object.entries({ memoryBudgetBytes, silenceMs })) {
    check(name, value, value === undefined || value > 0, "above 0");
  }
  return new LocalPool(options);
}

function check(name: string, value: unknown, holds: boolean, expected: string): void {
  if (!holds) throw new RangeError(`Cannot make a pool: expected ${name} to be ${expected}, got ${value}`);
}

class LocalPool implements TrialExecutor {
  readonly description: string;
  readonly checkpointsAtOnce: number;
  readonly #options: LocalPoolOptions;
  readonly #cores: number;
  readonly #budgetBytes: number;
  readonly #predictor = new MemoryPredictor();
  readonly #memory: MemoryWatch;
  readonly #clock = new AwakeClock();
  readonly #children: TrialChildren;
  readonly #running = new Set<Running>();
  readonly #tokens = new Map<string, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(options: LocalPoolOptions) {
    const { trials, threads, trialModule, reader = thisMachine() } = options;
    const { physicalCores, logicalCores } = machineFacts(reader);
    this.#options = options;
    this.#cores = physicalCores ?? logicalCores;
    this.#budgetBytes = options.memoryBudgetBytes ?? defaultMemoryBudgetBytes(reader);
    this.#memory = new MemoryWatch(reader);
    this.#children = new TrialChildren({
      trialModule,
      most: trials,
      memoryLimitBytes: this.#budgetBytes,
      onMemory: () => this.#keepBudget(),
    });
    this.checkpointsAtOnce = trials;
    this.description = `${counted(trials, "process", "processes")} x ${counted(threads || this.#cores, "thread")}`;
  }

  admits(trial: Trial, { alone }: { alone: boolean }): boolean {
    if (this.#closed) return false;
    if (this.#running.size === 0) return true;
    const { trials, threads } = this.#options;
    const running = [...this.#running];
    if (alone || running.some((one) => one.alone) || running.length >= trials) return false;
    if (onGpu(trial) && running.some((one) => onGpu(one.trial))) return false; // one GPU serves one trial at a time
    const busyThreads = sum(running.map((one) => one.threads)) + this.#threadsOf(trial, null);
    if (busyThreads > Math.max(this.#cores, trials * threads)) return false;
    return this.#reservedBytes() + this.#predictor.predict(trial).bytes <= this.#budgetBytes;
  }

  impossible(trial: Trial): string | null {
    // Not what others were seen to take: a trial that was killed is tried once more, alone.
    const { trainingBytes, processBytes } = this.#predictor.predict(trial);
    const bytes = trainingBytes + processBytes;
    if (bytes <= this.#budgetBytes) return null;
    const parts = `${gib(trainingBytes)} for training, ${gib(processBytes)} for its process and data`;
    return `needs about ${gib(bytes)} of memory (${parts}), but the sweep may use ${gib(this.#budgetBytes)}; ` +
      "a smaller batch, the setting segments or the option memoryBudgetBytes may help";
  }

  start(order: ExecutorOrder, watch: AttemptWatch): TrialTask {
    if (this.#closed) throw new Error("Cannot start a trial: the pool has been closed");
    const { trial, alone, deadlineMs } = order;
    const running: Running = {
      trial,
      alone,
      threads: this.#threadsOf(trial, order.threads),
      predictedBytes: this.#predictor.predict(trial).bytes,
      deadlineMs: deadlineMs ?? Infinity,
      child: null,
      startedMs: this.#clock.awakeMs,
      signMs: this.#clock.awakeMs,
      stop: null,
    };
    this.#running.add(running);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    const ended = this.#run(order, running, watch).finally(() => this.#leave(running));
    const stop = (reason: StopReason) => {
      running.stop ??= reason;
      running.child?.stop(reason);
    };
    return { ended, stop };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#children.close();
  }

  async #run(order: ExecutorOrder, running: Running, watch: AttemptWatch): Promise<ExecutedEnd> {
    const { trial, checkpointDir } = order;
    const startMs = performance.now();
    const fresh = this.#options.processes === "fresh" || running.alone;
    // What those that run will take counts, not what they have taken so far.
    const sparing = running.alone || this.#reservedBytes() + this.#children.unservingBytes > this.#budgetBytes;
    const child = running.child = await this.#children.take({ fresh, sparing });
    const token = Math.max(this.#tokens.get(trial.key) ?? 0, order.attemptsBefore) + 1;
    if (running.stop !== null) {
      child.giveBack();
      return {
        outcome: running.stop,
        message: null,
        stderrTail: "",
        seconds: 0,
        peakRssBytes: null,
        result: null,
        token,
      };
    }
    this.#tokens.set(trial.key, token);
    try {
      watch.onStart({ token, machine: null, pid: child.pid, threads: running.threads, worker: null });
      const isFirst = child.orders === 0;
      const ended = child.serve({ definition: trial.definition, checkpointDir, threads: running.threads }, {
        onReady: (baselineRssBytes) => {
          if (isFirst) this.#predictor.noteProcess(trial, baselineRssBytes);
          watch.onReady(token, baselineRssBytes);
        },
        onEpoch: (summary) => watch.onEpoch(token, summary),
        memoryReason: ({ rssBytes }) => this.#memory.killReason(rssBytes),
      });
      const end = await ended;
      this.#learn(running, end.peakRssBytes);
      if (fresh) void child.close();
      return { ...end, seconds: (performance.now() - startMs) / 1000, token };
    } catch (error) {
      child.end(null, { graceMs: 0 });
      await child.exited;
      throw error;
    }
  }

  #leave(running: Running): void {
    this.#running.delete(running);
    if (this.#running.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #threadsOf(trial: Trial, ordered: number | null): number {
    const { trials, threads } = this.#options;
    const own = trial.definition.settings.threads ?? ordered;
    if (own !== null) return own || this.#cores;
    if (threads === 0) return this.#cores;
    // Where memory allows fewer trials than cores, each has more of these.
    const beside = Math.max(1, Math.min(trials, Math.floor(this.#budgetBytes / this.#predictor.initialBytes(trial))));
    return beside < trials ? Math.max(threads, Math.floor(this.#cores / beside)) : threads;
  }

  #reservedBytes(): number {
    return sum([...this.#running].map(({ predictedBytes, child }) => Math.max(predictedBytes, child?.rssBytes ?? 0)));
  }

  #learn({ trial, predictedBytes }: Running, peakRssBytes: number | null): void {
    if (peakRssBytes === null) return;
    this.#predictor.notePeak(trial, peakRssBytes);
    if (peakRssBytes <= predictedBytes * FAR_ABOVE) return;
    const point = JSON.stringify(trial.parameters);
    this.#options.onNote?.(`Trial ${point} took ${gib(peakRssBytes)} of memory; ${gib(predictedBytes)} were expected`);
  }

  /** Now and then: deadlines, signs of life, what the system has left. */
  #look(): void {
    this.#clock.look();
    this.#memory.look();
    const nowMs = this.#clock.awakeMs;
    const { silenceMs = DEFAULT_SILENCE_MS } = this.#options;
    for (const running of this.#running) {
      const { child, startedMs, deadlineMs } = running;
      if (child === null) {
        running.startedMs = running.signMs = nowMs; // it waits for a process
        continue;
      }
      if (child.gaveSign) running.signMs = nowMs;
      child.gaveSign = false;
      if (nowMs - startedMs > deadlineMs) {
        child.end({ outcome: "deadline", message: `did not end within its deadline of ${deadlineMs / 1000} s` });
      } else if (nowMs - running.signMs > silenceMs) {
        const message = `gave no sign of life for ${silenceMs / 1000} s`;
        child.end({ outcome: "deadline", message }, { graceMs: 0 });
      }
    }
  }

  /** When all together take more than they may, ends processes that are idle, else the trial that is furthest above its prediction. */
  #keepBudget(): void {
    const totalBytes = this.#children.rssBytes;
    if (totalBytes <= this.#budgetBytes || this.#children.endIdle()) return;
    const excess = ({ child, predictedBytes }: Running) => (child?.rssBytes ?? 0) - predictedBytes;
    const [worst] = [...this.#running].filter(({ child }) => child?.state === "busy")
      .sort((a, b) => excess(b) - excess(a));
    worst?.child?.end({
      outcome: "memory",
      message:
        `was ended because the sweep took ${gib(totalBytes)} of the ${gib(this.#budgetBytes)} of memory that it may: ` +
        `the trial held ${gib(worst.child.rssBytes)}, ${gib(worst.predictedBytes)} were expected`,
    }, { graceMs: 0 });
  }
}

function onGpu({ definition: { settings: { engine } } }: Trial): boolean {
  return engine === "webgpu";
}

function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
