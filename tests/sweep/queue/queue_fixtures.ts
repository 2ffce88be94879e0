// A home and workers in the tests' own process, and what home is told.

import { join } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import { seeds } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import type { AttemptStart, ExecutedEnd, ExecutorOrder, TrialExecutor, TrialTask } from "lib/sweep/executor.ts";
import { localPool } from "lib/sweep/pool/local_pool.ts";
import { runWorker, type WorkerOptions, type WorkerSummary } from "lib/sweep/queue/worker.ts";
import type { Trial } from "lib/sweep/trial.ts";
import { type LooseProcess, startLoose } from "./loose_process.ts";
import { machine, testEnvironment, tinyTrial } from "../studies.ts";

/** What home was told of an attempt. */
export class Told {
  starts: AttemptStart[] = [];
  ready: [number, number][] = [];
  epochs: [token: number, epoch: number][] = [];
  #wakes: (() => void)[] = [];

  onStart = (start: AttemptStart): void => this.#note(() => this.starts.push(start));
  onReady = (token: number, bytes: number): void => this.#note(() => this.ready.push([token, bytes]));
  onEpoch = (token: number, { epoch }: { epoch: number }): void => this.#note(() => this.epochs.push([token, epoch]));

  /** Until something that was told makes `condition` true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wakes.push(resolve));
  }

  #note(change: () => void): void {
    change();
    for (const wake of this.#wakes.splice(0)) wake();
  }
}

/** An order for a trial whose checkpoint goes into `folder`. */
export function orderOf(trial: Trial, folder: string, changes: Partial<ExecutorOrder> = {}): ExecutorOrder {
  return {
    trial,
    checkpointDir: join(folder, trial.key),
    threads: 1,
    attemptsBefore: 0,
    alone: false,
    deadlineMs: null,
    ...changes,
  };
}

/** Starts a trial and gathers what is told of it. */
export function startTrial(
  home: TrialExecutor,
  order: ExecutorOrder,
): { told: Told; task: TrialTask; ended: Promise<ExecutedEnd> } {
  const told = new Told();
  const task = home.start(order, told);
  return { told, task, ended: task.ended };
}

/** Processes of trials: the real one, or one of processes/. */
export function trialModule(name = ""): string {
  return name === ""
    ? projectPath("lib", "sweep", "trial_process.ts")
    : projectPath("tests/sweep/processes", `${name}.ts`);
}

/** A worker under way, in this process. */
export function startWorker(
  options: Partial<WorkerOptions> & { url: string; folder: string },
  { process = "scripted_trial", places = 1 }: { process?: string; places?: number } = {},
): { stop: () => Promise<WorkerSummary>; summary: Promise<WorkerSummary>; said: string[] } {
  const controller = new AbortController();
  const said: string[] = [];
  const executor = localPool({
    trialModule: trialModule(process),
    trials: places,
    threads: 1,
    processes: "fresh",
    memoryBudgetBytes: 4 * 2 ** 30,
  });
  const summary = runWorker({
    executor,
    places,
    machine,
    signal: controller.signal,
    notify: (sentence) => said.push(sentence),
    ...options,
  });
  summary.catch(() => {});
  return {
    summary,
    said,
    stop() {
      controller.abort();
      return summary;
    },
  };
}

/** A study of one trial that takes `epochs` tenths of a second where "paced_trial" is the process. */
export function pacedStudy(folder: string, { epochs = 30, count = 1 } = {}) {
  const trial = () => tinyTrial({ epochs });
  return createStudy({ name: "paced", space: { seed: seeds(count) }, trial }, testEnvironment(folder));
}

/** A worker in a process of its own. */
export function spawnWorker(
  url: string,
  { folder, name, process = "paced_trial", mostLost = 3, shared = "" }: {
    folder: string;
    name: string;
    process?: string;
    mostLost?: number;
    shared?: string;
  },
): LooseProcess {
  return startLoose("processes/queue_worker.ts", [url, folder, name, process, String(mostLost), shared]);
}

/** Waits until `condition` is true, looking often. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
