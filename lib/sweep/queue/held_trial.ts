// A trial that a worker has taken from the queue: its lock is renewed while its process runs, its epochs are logged, requests to stop
// reach it, and its end goes home, unless the lock was lost: then somebody else has the trial, and this end is nobody's.

import type { MachineFacts } from "../../record/mod.ts";
import type { AttemptWatch, ExecutedEnd, StopReason, TrialTask } from "../executor.ts";
import { sendCheckpoint } from "./checkpoint_transfer.ts";
import { noteThreads, type StartFolder, startFolder } from "./trial_folder.ts";
import type { QueueConnection } from "./connection.ts";
import type { QueuedTrial } from "./engine.ts";
import { type JobLine, type JobResult, keys, LOCK_MS, type SentCheckpoint, tokenOf } from "./protocol.ts";

/** What a held trial needs. */
export interface HoldContext {
  connection: QueueConnection;
  /** Of BullMQ's lock. */
  lockToken: string;
  worker: string;
  machine: MachineFacts;
  /** Folders of trials are in here. */
  root: string;
  sharedFolder: string | null;
  mostQueuedBytes: number;
}

/** How a worker's hold on a trial ended. */
export type HoldEnd = "delivered" | "returned" | "lost";

const RENEW_MS = LOCK_MS / 2.5;
/** Between two looks for a request to stop, and two writings of epochs. */
const REPORT_MS = 400;

/** A trial that this worker has taken. */
export class HeldTrial {
  readonly token: number;
  readonly jobId: string;
  /** How the checkpoint of a delivered trial has gone home. */
  sent: SentCheckpoint | null = null;
  #checkpointDir = "";
  #job: QueuedTrial;
  #context: HoldContext;
  #task: TrialTask | null = null;
  #lines: JobLine[] = [];
  #lost = false;
  #leaving = false;
  #reporting: Promise<void> | null = null;
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(job: QueuedTrial, context: HoldContext) {
    this.token = tokenOf(job);
    this.jobId = job.id!;
    this.#job = job;
    this.#context = context;
    this.#timers.push(setInterval(() => void this.#renew(), RENEW_MS));
  }

  /** Starts the trial and sees it through. Does not reject. */
  async run(start: (watch: AttemptWatch, folder: StartFolder) => TrialTask): Promise<HoldEnd> {
    try {
      const folder = await startFolder(this.#context.root, this.jobId, this.token);
      this.#checkpointDir = folder.checkpointDir;
      this.#task = start(this.#watch(), folder);
      if (this.#lost || this.#leaving) this.#task.stop("interrupted");
      this.#timers.push(setInterval(() => this.#report(), REPORT_MS));
      const end = await this.#task.ended;
      clearInterval(this.#timers.pop());
      if (this.#lost) return "lost";
      if (this.#leaving && end.outcome === "interrupted") return await this.giveBack(0);
      await this.#reporting;
      await this.#writeLines();
      await this.#job.moveToCompleted(await this.#result(end), this.#context.lockToken, false);
      return "delivered";
    } catch (error) {
      if (isLockError(error)) return "lost";
      return await this.#fail(error as Error);
    } finally {
      this.release();
    }
  }

  /** Puts the trial back, for this or another worker. */
  async giveBack(delayMs: number): Promise<HoldEnd> {
    this.release();
    try {
      if (delayMs === 0) await this.#job.moveToWait(this.#context.lockToken);
      else await this.#job.moveToDelayed(Date.now() + delayMs, this.#context.lockToken);
      return "returned";
    } catch (error) {
      if (isLockError(error)) return "lost";
      throw error;
    }
  }

  /** Ends the trial with a checkpoint and gives it back: this worker leaves. */
  leave(): void {
    this.#leaving = true;
    this.#task?.stop("interrupted");
  }

  /** Renews the lock no longer. */
  release(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  #watch(): AttemptWatch {
    const { token } = this;
    return {
      onStart: ({ pid, threads }) => {
        const { worker, machine } = this.#context;
        this.#add({ type: "start", token, worker, machine, pid, threads });
        noteThreads(this.#checkpointDir, threads);
        this.#report();
      },
      onReady: (_, baselineRssBytes) => this.#add({ type: "ready", token, baselineRssBytes }),
      onEpoch: (_, summary) => this.#add({ type: "epoch", token, summary }),
    };
  }

  #add(line: JobLine): void {
    this.#lines.push(line);
  }

  async #renew(): Promise<void> {
    if (!this.#context.connection.up) return; // no more than one answer is waited for
    const renewed = await this.#job.extendLock(this.#context.lockToken, LOCK_MS).catch(() => null);
    if (renewed === 0) this.#loseLock();
  }

  #loseLock(): void {
    this.#lost = true;
    this.release();
    this.#task?.stop("interrupted");
  }

  #report(): void {
    if (this.#lost || !this.#context.connection.up) return;
    this.#reporting ??= this.#reportOnce().catch(() => {}) // tried again, and a lost lock is noticed by its renewal
      .finally(() => this.#reporting = null);
  }

  async #reportOnce(): Promise<void> {
    const wrote = await this.#writeLines();
    if (wrote) await this.#job.updateProgress({ token: this.token });
    const asked = await this.#context.connection.redis.get(keys.stop(this.jobId));
    if (asked !== null) this.#task?.stop(asked as StopReason);
  }

  async #writeLines(): Promise<boolean> {
    const lines = this.#lines.slice();
    for (const line of lines) {
      await this.#job.log(JSON.stringify(line));
      this.#lines.shift();
    }
    return lines.length > 0;
  }

  async #result({ token: _, ...end }: ExecutedEnd): Promise<JobResult> {
    const { worker, machine, sharedFolder, mostQueuedBytes, connection } = this.#context;
    const route = { redis: connection.redis, jobId: this.jobId, token: this.token, sharedFolder };
    const place =
      `on worker ${worker} (${machine.name}) in ${this.#checkpointDir}: too large for the queue, and there is no shared folder`;
    const checkpoint = end.outcome === "finished"
      ? await sendCheckpoint(this.#checkpointDir, { ...route, mostQueuedBytes, place })
      : null;
    this.sent = checkpoint;
    return { token: this.token, worker, end, checkpoint };
  }

  async #fail(error: Error): Promise<HoldEnd> {
    try {
      await this.#job.moveToFailed(new Error(error.message), this.#context.lockToken, false);
      return "returned";
    } catch {
      return "lost"; // others find it by its lock, which is no longer renewed
    }
  }
}

/** Whether BullMQ refused since the trial is no longer this worker's. */
function isLockError(error: unknown): boolean {
  return /Missing lock|Missing key|not in the active state|not owned by/i.test(String((error as Error)?.message));
}
