// A worker at work: looks which trials there are, takes as many as it has places for, and gives all back when it ends.

import { rm } from "node:fs/promises";
import { atMost, sleep } from "../../process/mod.ts";
import type { MachineFacts } from "../../record/mod.ts";
import type { SerializedProgram } from "../../train/mod.ts";
import type { TrialExecutor } from "../executor.ts";
import { type Trial, trialKey } from "../trial.ts";
import { ClassServer } from "./class_server.ts";
import type { Notify, QueueConnection } from "./connection.ts";
import type { QueuedTrial } from "./engine.ts";
import { HeldTrial } from "./held_trial.ts";
import { keys, type TrialJob } from "./protocol.ts";
import type { Abilities } from "./requirement.ts";
import { trialFolder } from "./trial_folder.ts";
import { forgetWorker, noteWorker } from "./worker_notes.ts";

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

/** What a running worker is made of. */
export interface WorkerContext {
  connection: QueueConnection;
  executor: TrialExecutor;
  places: number;
  /** Folders of trials are in here: the worker's own, or the shared one. */
  root: string;
  name: string;
  machine: MachineFacts;
  abilities: Abilities;
  sharedFolder: string | null;
  mostQueuedBytes: number;
  mostLost: number;
  notify: Notify;
}

/** A worker under way. */
export class RunningWorker {
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
      await atMost(CLOSE_WAIT_MS, this.#classes.close());
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
    const { connection, name, machine, root, sharedFolder, mostQueuedBytes } = this.#context;
    const lockToken = `${name}:${this.#taken++}`;
    const job = await this.#classes.next(lockToken);
    if (job === undefined) return false;
    if (job.deferredFailure) return await giveUp(job, lockToken); // its workers were lost too often
    const hold = { connection, lockToken, worker: name, machine, root, sharedFolder, mostQueuedBytes };
    const held = new HeldTrial(job, hold);
    const trial = await this.#trialOf(job.data).catch((error: Error) => error.message);
    if (trial === null) return await this.#giveBack(held, PROGRAM_MISSING_DELAY_MS);
    const impossible = typeof trial === "string" ? trial : this.#context.executor.impossible(trial);
    if (typeof trial === "string" || impossible !== null) {
      await held.giveBack(0);
      this.#classes.refuse(job.queueName, impossible!);
      return false;
    }
    if (!this.#context.executor.admits(trial, { alone: job.data.alone })) {
      return await this.#giveBack(held, NO_PLACE_DELAY_MS);
    }
    const free = this.#classes.use(job.queueName);
    this.#held.set(held, this.#see(held, job, trial).finally(free));
    return true;
  }

  async #see(held: HeldTrial, job: QueuedTrial, trial: Trial): Promise<void> {
    const { attemptsBefore, alone, deadlineMs } = job.data;
    const end = await held.run((watch, { checkpointDir, threads }) => {
      // One that goes on from a checkpoint keeps its number of threads, which is part of what the checkpoint is of.
      const order = { trial, checkpointDir, threads: threads ?? job.data.threads, attemptsBefore, alone, deadlineMs };
      return this.#context.executor.start(order, watch);
    });
    this.#summary[end]++;
    if (end === "lost") {
      this.#context.notify(`Trial ${trial.key.slice(0, 8)} of ${job.data.study} was taken by another worker meanwhile`);
    }
    // What is in the shared folder is removed by home, when it has taken it.
    const stays = held.sent !== null && held.sent.by !== "queue";
    if (end === "delivered" && !stays) {
      const folder = trialFolder(this.#context.root, held.jobId);
      await rm(folder, { recursive: true, force: true }).catch(() => {}); // what stays goes with other left-overs
    }
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
    throw new Error(`comes from another version of the project (trial ${key.slice(0, 8)} has another key here)`);
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

async function giveUp(job: QueuedTrial, lockToken: string): Promise<boolean> {
  const { UnrecoverableError } = await import("bullmq");
  await job.moveToFailed(new UnrecoverableError(job.deferredFailure), lockToken, false);
  return true;
}
