// A worker: takes trials from the queue that its machine can do, runs them through an executor, and sends home what comes of them. It
// only supervises, so that a trial's native code never keeps it from renewing its locks.

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { MachineFacts } from "../../record/mod.ts";
import { machineFacts, thisMachine } from "../../runtime/mod.ts";
import { availableEngines } from "../../train/mod.ts";
import { projectEnvironment } from "../environment.ts";
import type { TrialExecutor } from "../executor.ts";
import { type StudyLock, takeLock } from "../lock.ts";
import { localPool } from "../pool/local_pool.ts";
import { defaultMemoryBudgetBytes } from "../pool/memory_budget.ts";
import { connectQueue, type Notify, type QueueConnection } from "./connection.ts";
import { MOST_LOST, MOST_QUEUED_BYTES } from "./protocol.ts";
import { RunningWorker, type WorkerSummary } from "./running_worker.ts";
import { removeLeftOvers } from "./trial_folder.ts";

export type { WorkerSummary };

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
  /** A folder that home and the other workers see too: for checkpoints of more than 16 MiB, and of trials under way. */
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

const GIB = 2 ** 30;

/**
 * Runs a worker until `signal` is aborted, or, with `once`, until there is nothing to do.
 *
 * @throws {RangeError} when an option is out of range
 * @throws {Error} when there is no Redis that can be used, saying why and what to do
 *
 * @example
 * ```ts
 * import { runWorker } from "lib/sweep/mod.ts";
 * const refused = await runWorker({ url: "redis://studio.local", places: 0 }).catch((error) => error.message);
 * if (!refused.includes("expected places to be an integer of at least 1")) throw new Error(refused);
 * // const { delivered } = await runWorker({ url: "redis://studio.local", places: 2, once: true });
 * ```
 */
export async function runWorker(options: WorkerOptions): Promise<WorkerSummary> {
  const { places = 1, notify = (sentence: string) => console.log(sentence), machine = machineFacts() } = options;
  const cores = machine.physicalCores ?? machine.logicalCores;
  const { threads = Math.max(1, Math.floor(cores / places)) } = options;
  const { memoryGib = defaultMemoryBudgetBytes(thisMachine()) / GIB } = options;
  checkOptions({ places, threads, memoryGib });
  checkSharedFolder(options.sharedFolder ?? null);
  const connection = await connectQueue(options.url, notify);
  try {
    return await work(connection, { ...options, places, notify, machine, threads, memoryGib });
  } finally {
    connection.close();
  }
}

/** With the options that have their defaults. */
type CompleteOptions =
  & WorkerOptions
  & Required<Pick<WorkerOptions, "places" | "notify" | "machine" | "threads" | "memoryGib">>;

async function work(connection: QueueConnection, options: CompleteOptions): Promise<WorkerSummary> {
  const { places, notify, machine, threads, memoryGib, sharedFolder = null } = options;
  const { trialModule, checkpointsFolder } = projectEnvironment();
  const folder = await ownFolder(options.folder ?? join(checkpointsFolder, ".workers"));
  const executor = options.executor ??
    localPool({ trialModule, trials: places, threads, memoryBudgetBytes: memoryGib * GIB, onNote: notify });
  const worker = new RunningWorker({
    connection,
    executor,
    places,
    root: sharedFolder ?? folder.path,
    name: options.name ?? `worker-${randomBytes(2).toString("hex")}`,
    machine,
    abilities: { engines: availableEngines, memoryGib: Math.floor(memoryGib * 10) / 10 },
    sharedFolder,
    mostQueuedBytes: options.mostQueuedBytes ?? MOST_QUEUED_BYTES,
    mostLost: options.mostLost ?? MOST_LOST,
    notify,
  });
  try {
    await removeLeftOvers(folder.path, Date.now());
    return await worker.run(options.signal, options.once ?? false);
  } finally {
    await executor.close();
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

/**
 * Refuses a shared folder that is not there: one that is not mounted would be filled on this machine's disk.
 *
 * @throws {RangeError} when there is no such folder
 */
export function checkSharedFolder(sharedFolder: string | null): void {
  if (sharedFolder === null || existsSync(sharedFolder)) return;
  throw new RangeError(`Cannot use the queue: expected the shared folder ${sharedFolder}, which does not exist`);
}

/** A folder that no other worker uses; one whose worker has ended is used again, with the checkpoints in it. */
async function ownFolder(folder: string): Promise<{ path: string; lock: StudyLock }> {
  for (let number = 1;; number++) {
    const path = join(folder, String(number));
    const lock = await takeLock(path);
    if (lock !== null) return { path, lock };
  }
}
