// The queue as an executor: what it is given to run waits in Redis for a worker on any machine. It follows its trials there, and says
// which of them nobody can do.

import { hostname } from "node:os";
import { resolve } from "node:path";
import { atMost, sha256Hex } from "../../process/mod.ts";
import { checkStudyName } from "../environment.ts";
import type { AttemptWatch, ExecutorOrder, TrialExecutor, TrialTask } from "../executor.ts";
import { connectQueue, type Notify, type QueueConnection } from "./connection.ts";
import { openEvents, openQueue, type TrialQueue } from "./engine.ts";
import { classOf, keys, type WorkerNote } from "./protocol.ts";
import { RemoteTrial } from "./remote_trial.ts";
import { describeRequirement, type Requirement, requirementOf } from "./requirement.ts";
import { checkSharedFolder } from "./worker.ts";
import { connectedWorkers } from "./worker_notes.ts";

/** Options of an executor on a queue. */
export interface QueueExecutorOptions {
  /** `redis://HOST`, see `parseQueueAddress`. */
  url: string;
  /** The study's name. */
  study: string;
  /** The study's folder: a study of the same name in another folder, or on another machine, is another one. */
  folder: string;
  /** A folder that the workers see too, for checkpoints of more than 16 MiB. */
  sharedFolder?: string;
  /** Trials that may wait in the queue beyond the places of the workers; as many as the places, at least 2, by default. */
  ahead?: number;
  /** Told what a user should know, a sentence at a time. Default: standard error. */
  notify?: Notify;
}

const POLL_MS = 1000;
/** Between the end of a trial and the removal of its job: time to write the result down. */
const REMOVE_AFTER_MS = 3000;
/** A trial that nobody takes for so long is spoken of. */
const SPEAK_AFTER_MS = 5000;
const LEAST_AHEAD = 2;
const CLOSE_WAIT_MS = 5000;

/**
 * An executor whose trials wait in Redis for workers (`runWorker`) on any number of machines. The caller closes it, after which trials
 * under way go on; the next start of the study takes their results.
 *
 * @throws {RangeError} when the address is none, or the shared folder does not exist
 * @throws {Error} when there is no Redis that can be used, saying why and what to do
 *
 * @example
 * ```ts
 * import { queueExecutor } from "lib/sweep/mod.ts";
 * const options = { url: "http://studio.local", study: "lnsp-sizes", folder: "checkpoints/lnsp-sizes" };
 * const refused = await queueExecutor(options).catch((error) => error.message);
 * if (!refused.includes("expected an address redis://")) throw new Error(refused);
 * // const executor = await queueExecutor({ ...options, url: "redis://studio.local" });
 * // const rows = await study.run({ executor });
 * // await executor.close();
 * ```
 */
export async function queueExecutor(options: QueueExecutorOptions): Promise<TrialExecutor> {
  const { url, study, notify = (sentence: string) => console.error(sentence) } = options;
  checkStudyName(study);
  checkSharedFolder(options.sharedFolder ?? null);
  const connection = await connectQueue(url, notify);
  const home = new QueueHome(connection, { ...options, notify });
  try {
    await home.begin();
    return home;
  } catch (error) {
    connection.close();
    throw error;
  }
}

interface OpenClass {
  requirement: Requirement;
  queue: TrialQueue;
  events: { close(): Promise<void> };
}

interface OpenTrial {
  task: RemoteTrial;
  classId: string;
  placedAtMs: number;
  started: boolean;
}

class QueueHome implements TrialExecutor {
  /** They lie where the workers are, and come home one after the other. */
  readonly checkpointsAtOnce = 1;
  #connection: QueueConnection;
  #options: QueueExecutorOptions & { notify: Notify };
  #identity: string;
  #classes = new Map<string, Promise<OpenClass>>();
  #trials = new Map<string, OpenTrial>();
  #workers: WorkerNote[] = [];
  #said = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #polling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(connection: QueueConnection, options: QueueExecutorOptions & { notify: Notify }) {
    this.#connection = connection;
    this.#options = options;
    this.#identity = sha256Hex(`${hostname()} ${resolve(options.folder)}`).slice(0, 8);
  }

  get description(): string {
    const places = this.#places();
    const workers = this.#workers.length;
    return `queue at ${this.#connection.label}, ${workers} ${workers === 1 ? "worker" : "workers"} with ${places} ${
      places === 1 ? "place" : "places"
    }`;
  }

  async begin(): Promise<void> {
    await this.#lookAtWorkers();
    this.#schedule();
  }

  admits(): boolean {
    const { ahead = Math.max(LEAST_AHEAD, this.#places()) } = this.#options;
    const open = [...this.#trials.values()].filter(({ task }) => task.settledAtMs === null).length;
    return !this.#closed && open < this.#places() + ahead;
  }

  /** Never: a worker that can do it may come. What nobody here can do is told. */
  impossible(): null {
    return null;
  }

  start(order: ExecutorOrder, watch: AttemptWatch): TrialTask {
    const requirement = requirementOf(order.trial);
    const classId = classOf(requirement);
    const jobId = `${this.#options.study}-${this.#identity}-${order.trial.key}`;
    const entry: Omit<OpenTrial, "task"> = { classId, placedAtMs: performance.now(), started: false };
    const noticed: AttemptWatch = {
      onStart: (start) => {
        entry.started = true;
        watch.onStart(start);
      },
      onReady: (token, bytes) => watch.onReady(token, bytes),
      onEpoch: (token, summary) => watch.onEpoch(token, summary),
    };
    const { study, sharedFolder = null, notify } = this.#options;
    const task = new RemoteTrial(order, noticed, {
      connection: this.#connection,
      queue: async () => (await this.#classOf(classId, requirement)).queue,
      study,
      jobId,
      sharedFolder,
      notify,
    });
    this.#trials.set(jobId, Object.assign(entry, { task }));
    return task;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    // Without Redis there is nothing to tidy up now: what stays is found by the next start, or forgotten in time.
    await atMost(CLOSE_WAIT_MS, this.#tidy().catch(() => {}));
    this.#connection.close();
  }

  async #tidy(): Promise<void> {
    if (!this.#connection.up) return;
    await this.#polling;
    for (const { task } of this.#trials.values()) {
      await task.idle();
      if (task.settledAtMs !== null) await task.remove();
    }
    for (const [classId, opened] of this.#classes) {
      const { queue, events } = await opened;
      const counts = await queue.getJobCounts("waiting", "active", "delayed", "prioritized");
      // Another home that needs the class makes it known again within a second.
      if (Object.values(counts).every((count) => count === 0)) {
        await this.#connection.redis.hdel(keys.classes, classId);
      }
      await Promise.all([events.close(), queue.close()]);
    }
  }

  #places(): number {
    return this.#workers.reduce((sum, { places }) => sum + places, 0);
  }

  /** The queue of a class, which workers are told of. */
  #classOf(classId: string, requirement: Requirement): Promise<OpenClass> {
    let opened = this.#classes.get(classId);
    if (opened === undefined) {
      opened = this.#openClass(classId, requirement);
      this.#classes.set(classId, opened);
      opened.catch(() => this.#classes.delete(classId));
    }
    return opened;
  }

  async #openClass(classId: string, requirement: Requirement): Promise<OpenClass> {
    await this.#connection.redis.hset(keys.classes, classId, JSON.stringify(requirement));
    const queue = await openQueue(classId, this.#connection);
    const events = await openEvents(classId, this.#connection, (jobId) => this.#trials.get(jobId)?.task.look());
    return { requirement, queue, events };
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#polling = this.#poll().catch((error) => this.#say(`Cannot use the queue: ${(error as Error).message}`))
        .finally(() => {
          if (!this.#closed) this.#schedule();
        });
    }, POLL_MS);
  }

  /** Events make it quick; that nothing is missed is the business of this. */
  async #poll(): Promise<void> {
    if (!this.#connection.up) return;
    await this.#lookAtWorkers();
    const nowMs = performance.now();
    for (const [jobId, { task }] of this.#trials) {
      if (task.settledAtMs === null) task.look();
      else if (nowMs - task.settledAtMs > REMOVE_AFTER_MS) {
        this.#trials.delete(jobId);
        await task.remove();
      }
    }
    await this.#speakOfWaiting(nowMs);
  }

  async #lookAtWorkers(): Promise<void> {
    const before = this.#workers;
    this.#workers = await connectedWorkers(this.#connection);
    const names = (notes: readonly WorkerNote[]) => new Set(notes.map(({ name }) => name));
    const [had, has] = [names(before), names(this.#workers)];
    for (const { name, machine, places } of this.#workers) {
      if (had.has(name)) continue;
      this.#options.notify(
        `Worker ${name} is here: ${machine.name}, ${places} ${places === 1 ? "trial" : "trials"} at a time`,
      );
    }
    for (const { name } of before) if (!has.has(name)) this.#options.notify(`Worker ${name} is gone`);
  }

  /** Says which trials nobody can do, and tells workers again of the classes there are. */
  async #speakOfWaiting(nowMs: number): Promise<void> {
    const waiting = new Map<string, number>();
    for (const { task, classId, placedAtMs, started } of this.#trials.values()) {
      if (task.settledAtMs !== null) continue;
      if (!started && nowMs - placedAtMs > SPEAK_AFTER_MS) waiting.set(classId, (waiting.get(classId) ?? 0) + 1);
    }
    for (const [classId, opened] of this.#classes) {
      const { requirement } = await opened;
      await this.#connection.redis.hset(keys.classes, classId, JSON.stringify(requirement));
      const count = waiting.get(classId);
      if (count === undefined || this.#workers.some(({ serves }) => serves.includes(classId))) continue;
      this.#say(this.#nobody(count, classId, requirement));
    }
  }

  #nobody(count: number, classId: string, requirement: Requirement): string {
    const { label } = this.#connection;
    const trials = count === 1 ? "1 trial waits" : `${count} trials wait`;
    if (this.#workers.length === 0) {
      return `${trials}: no worker is connected to ${label}; start one on any machine: deno task worker --queue ${label}`;
    }
    const reasons = this.#workers.map(({ name, refuses }) => `${name} ${refuses[classId] ?? "has not looked yet"}`);
    return `${trials} for a worker with ${describeRequirement(requirement)}; none of those connected has it: ${
      reasons.join("; ")
    }`;
  }

  /** Each sentence once; the counts in it change, which is no news. */
  #say(sentence: string): void {
    const news = sentence.replace(/^\d+ trials? waits?/, "");
    if (this.#said.has(news)) return;
    this.#said.add(news);
    this.#options.notify(sentence);
  }
}
