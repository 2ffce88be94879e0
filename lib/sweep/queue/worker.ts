// A worker: takes trials from the queue that its machine can do, runs them through an executor, and sends home what comes of them. It
// only supervises, so that a trial's native code never keeps it from renewing its locks.

import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { MachineFacts } from "../../record/mod.ts";
import { machineFacts, thisMachine } from "../../runtime/mod.ts";
import { availableEngines, type SerializedProgram } from "../../train/mod.ts";
import { projectEnvironment } from "../environment.ts";
import type { TrialExecutor } from "../executor.ts";
import { type StudyLock, takeLock } from "../lock.ts";
import { localPool } from "../pool/local_pool.ts";
import { defaultMemoryBudgetBytes } from "../pool/memory_budget.ts";
import { type Trial, trialKey } from "../trial.ts";
import { ClassServer } from "./class_server.ts";
import { connectQueue, type Notify, type QueueConnection } from "./connection.ts";
import type { QueuedTrial } from "./engine.ts";
import { HeldTrial } from "./held_trial.ts";
import { keys, MOST_LOST, MOST_QUEUED_BYTES, type TrialJob } from "./protocol.ts";
import type { Abilities } from "./requirement.ts";
import { forgetWorker, noteWorker } from "./worker_notes.ts";

/** Options of a worker. */
export interface WorkerOptions {
  /** `redis://HOST`, see `parseQueueAddress`. */
  url: string;
  /** What runs the trials. Default: a pool of processes on this machine, for as many trials at a time as there are places. */
  executor?: TrialExecutor;
  /** Trials at a time. Default 1. */
  places?: number;
  /** Threads of a trial that is given none. Default: the machine's physical cores, shared by the places. */
  threads?: number;
  /** Memory that all trials together may take, and so one alone. Default: most of what the system could give at the start. */
  memoryGib?: number;
  /** A folder that home sees too, for checkpoints of more than 16 MiB. */
  sharedFolder?: string;
  /** Ends when there is nothing to do, instead of waiting for more. */
  once?: boolean;
  /** As home tells of it. Default: "worker-" and four hexadecimal digits. */
  name?: string;
  /** Checkpoints of trials under way are in here. Default: `checkpoints/.workers` of the project. */
  folder?: string;
  machine?: MachineFacts;
  /** Checkpoints up to this size go through the queue. Default 16 MiB. */
  mostQueuedBytes?: number;
  /** How often a trial is handed on when its worker is lost. Default 3. */
  mostLost?: number;
  /** Ends the worker: trials under way save a checkpoint and go back to the queue. */
  signal?: AbortSignal;
  /** Told what a user should know, a sentence at a time. Default: standard output. */
  notify?: Notify;
}

/** What a worker did. */
export interface WorkerSummary {
  /** Ends that went home. */
  delivered: number;
  /** Trials given back, since this worker ended or could not run them. */
  returned: number;
  /** Trials that somebody else had meanwhile. */
  lost: number;
}

const IDLE_POLL_MS = 250;
const NOTE_MS = 1000;
const PROGRAM_MISSING_DELAY_MS = 3000;
const NO_PLACE_DELAY_MS = 500;
const CLOSE_WAIT_MS = 3000;
const GIB = 2 ** 30;

/**
 * Runs a worker until `signal` is aborted, or, with `once`, until there is nothing to do.
 *
 * @throws {RangeError} when an option is out of range
 * @throws {Error} when there is no Redis that can be used, saying why and what to do
 */
export async function runWorker(options: WorkerOptions): Promise<WorkerSummary> {
  const { places = 1, notify = (sentence: string) => console.log(sentence), machine = machineFacts() } = options;
  const cores = machine.physicalCores ?? machine.logicalCores;
  const { threads = Math.max(1, Math.floor(cores / places)) } = options;
  const { memoryGib = defaultMemoryBudgetBytes(thisMachine()) / GIB } = options;
  checkOptions({ places, threads, memoryGib });
  const connection = await connectQueue(options.url, notify);
  const folder = await ownFolder(options.folder ?? join(projectEnvironment().checkpointsFolder, ".workers"));
  const { trialModule } = projectEnvironment();
  const executor = options.executor ??
    localPool({ trialModule, trials: places, threads, memoryBudgetBytes: memoryGib * GIB, onNote: notify });
  const worker = new RunningWorker({
    connection,
    executor,
    places,
    folder: folder.path,
    name: options.name ?? `worker-${randomBytes(2).toString("hex")}`,
    machine,
    abilities: { engines: availableEngines, memoryGib: Math.floor(memoryGib * 10) / 10 },
    sharedFolder: options.sharedFolder ?? null,
    mostQueuedBytes: options.mostQueuedBytes ?? MOST_QUEUED_BYTES,
    mostLost: options.mostLost ?? MOST_LOST,
    notify,
  });
  try {
    return await worker.run(options.signal, options.once ?? false);
  } finally {
    await executor.close();
    connection.close();
    folder.lock.release();
  }
}

function checkOptions({ places, threads, memoryGib }: { places: number; threads: number; memoryGib: number }): void {
  const refuse = (name: string, expected: string, got: unknown) => {
    throw new RangeError(`Cannot run a worker: expected ${name} to be ${expected}, got ${got}`);
  };
  if (!Number.isInteger(places) || places < 1) refuse("places", "an integer of at least 1", places);
  if (!Number.isInteger(threads) || threads < 0) refuse("threads", "an integer of at least 0", threads);
  if (!(memoryGib > 0)) refuse("memoryGib", "above 0", memoryGib);
}

/** A folder that no other worker uses; one whose worker has ended is used again, with the checkpoints in it. */
async function ownFolder(folder: string): Promise<{ path: string; lock: StudyLock }> {
  for (let number = 1;; number++) {
    const path = join(folder, String(number));
    const lock = await takeLock(path);
    if (lock !== null) return { path, lock };
  }
}

interface WorkerContext {
  connection: QueueConnection;
  executor: TrialExecutor;
  places: number;
  folder: string;
  name: string;
  machine: MachineFacts;
  abilities: Abilities;
  sharedFolder: string | null;
  mostQueuedBytes: number;
  mostLost: number;
  notify: Notify;
}

class RunningWorker {
  #context: WorkerContext;
  #classes: ClassServer;
  #held = new Map<HeldTrial, Promise<void>>();
  #summary: WorkerSummary = { delivered: 0, returned: 0, lost: 0 };
  #programs = new Map<string, SerializedProgram>();
  #taken = 0;
  #wake: () => void = () => {};

  constructor(context: WorkerContext) {
    this.#context = context;
    const { connection, abilities, mostLost, notify } = context;
    this.#classes = new ClassServer({ connection, abilities, mostLost, notify });
  }

  async run(signal: AbortSignal | undefined, once: boolean): Promise<WorkerSummary> {
    const { connection, notify, name, machine, places } = this.#context;
    await this.#classes.refresh();
    await this.#note();
    notify(
      `Worker ${name} is at ${connection.label}: ${machine.name}, ${places} ${
        places === 1 ? "trial" : "trials"
      } at a time`,
    );
    const timer = setInterval(() => void this.#refresh(), NOTE_MS);
    signal?.addEventListener("abort", () => this.#wake(), { once: true });
    try {
      await this.#takeTrials(signal, once);
      for (const held of this.#held.keys()) held.leave();
      await Promise.race([Promise.all(this.#held.values()), this.#away()]);
    } finally {
      clearInterval(timer);
      if (connection.up) await forgetWorker(connection, name);
      await Promise.race([this.#classes.close(), sleep(CLOSE_WAIT_MS)]);
    }
    return this.#summary;
  }

  /** When Redis has been away for a while: a worker that ends does not wait for it. */
  async #away(): Promise<void> {
    const { connection, notify } = this.#context;
    let sinceMs = performance.now();
    while (this.#held.size > 0 && performance.now() - sinceMs < CLOSE_WAIT_MS) {
      if (connection.up) sinceMs = performance.now();
      await sleep(IDLE_POLL_MS);
    }
    if (this.#held.size > 0) {
      notify("Trials could not be given back; other workers take them when the queue is there again");
    }
  }

  async #takeTrials(signal: AbortSignal | undefined, once: boolean): Promise<void> {
    while (!signal?.aborted) {
      let took = false;
      if (this.#context.connection.up && this.#held.size < this.#context.places) {
        took = await this.#takeOne().catch((error) => {
          this.#context.notify(`Cannot take a trial: ${(error as Error).message}; trying again`);
          return false;
        });
      }
      if (took) continue;
      if (once && this.#held.size === 0 && await this.#classes.isEmpty()) return;
      await this.#pause();
    }
  }

  /** Until a trial has ended, or a moment has passed. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, IDLE_POLL_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #takeOne(): Promise<boolean> {
    const lockToken = `${this.#context.name}:${this.#taken++}`;
    const job = await this.#classes.next(lockToken);
    if (job === undefined) return false;
    const { connection, name: worker, machine, folder, sharedFolder, mostQueuedBytes } = this.#context;
    const checkpointDir = join(folder, safeName(job));
    const held = new HeldTrial(job, {
      connection,
      lockToken,
      worker,
      machine,
      checkpointDir,
      sharedFolder,
      mostQueuedBytes,
    });
    const trial = await this.#trialOf(job.data);
    if (trial === null) return await this.#giveBack(held, PROGRAM_MISSING_DELAY_MS);
    const impossible = this.#context.executor.impossible(trial);
    if (impossible !== null) {
      await held.giveBack(0);
      this.#classes.refuse(job.queueName, impossible);
      return false;
    }
    if (!this.#context.executor.admits(trial, { alone: job.data.alone })) {
      return await this.#giveBack(held, NO_PLACE_DELAY_MS);
    }
    const free = this.#classes.use(job.queueName);
    const running = this.#see(held, { job, trial, checkpointDir }).finally(free);
    this.#held.set(held, running);
    return true;
  }

  async #see(
    held: HeldTrial,
    { job, trial, checkpointDir }: { job: QueuedTrial; trial: Trial; checkpointDir: string },
  ): Promise<void> {
    const { threads, attemptsBefore, alone } = job.data;
    const order = { trial, checkpointDir, threads, attemptsBefore, alone };
    const end = await held.run((watch) => this.#context.executor.start(order, watch));
    this.#summary[end]++;
    if (end === "lost") {
      this.#context.notify(`Trial ${trial.key.slice(0, 8)} of ${job.data.study} was taken by another worker meanwhile`);
    }
    const atHome = end === "delivered" && job.returnvalue?.checkpoint?.by !== "none";
    if (atHome) await rm(checkpointDir, { recursive: true, force: true });
    this.#held.delete(held);
    this.#wake();
  }

  /** Null when the program is not there: home puts it there again. */
  async #trialOf({ key, parameters, parameterCount, program: hash, settings, data }: TrialJob): Promise<Trial | null> {
    let program = this.#programs.get(hash);
    if (program === undefined) {
      const text = await this.#context.connection.redis.get(keys.program(hash));
      if (text === null) return null;
      program = JSON.parse(text) as SerializedProgram;
      this.#programs.set(hash, program);
    }
    const definition = { program, settings, data };
    if (trialKey(definition) === key) return { key, parameters, parameterCount, definition };
    throw new Error(`expected trial ${key.slice(0, 8)}, got a definition of another; use one version of the project`);
  }

  async #giveBack(held: HeldTrial, delayMs: number): Promise<boolean> {
    await held.giveBack(delayMs);
    return false;
  }

  async #refresh(): Promise<void> {
    if (!this.#context.connection.up) return;
    try {
      await this.#classes.refresh();
      await this.#note();
    } catch {
      // Redis has just gone, which the connection tells.
    }
  }

  async #note(): Promise<void> {
    const { connection, name, machine: { id, name: machineName }, places, abilities } = this.#context;
    const { serves, refuses } = this.#classes;
    const machine = { id, name: machineName };
    const { memoryGib } = abilities;
    await noteWorker(connection, { name, machine, places, running: this.#held.size, memoryGib, serves, refuses });
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The job's id names a folder: nothing else may come through it. */
function safeName({ id }: QueuedTrial): string {
  if (!/^[a-z0-9-]+$/.test(id ?? "")) {
    throw new RangeError(`Cannot take a trial: expected a job's id, got ${JSON.stringify(id)}`);
  }
  return id!;
}
