// A trial in the queue, as home sees it: put in or found there, followed through the log of its job, stopped, and its result taken.
// Everything is read from Redis, where it stays until it was taken: home may end at any moment, and its next start finds it again.

import type { AttemptWatch, ExecutedEnd, ExecutorOrder, StopReason, TrialTask } from "../executor.ts";
import type { AttemptEnd } from "../store.ts";
import { programHash } from "../trial.ts";
import { dropSent, receiveCheckpoint, TransferError, type TransferRoute } from "./checkpoint_transfer.ts";
import type { Notify, QueueConnection } from "./connection.ts";
import type { QueuedTrial, TrialQueue } from "./engine.ts";
import { type JobLine, type JobResult, KEEP_SECONDS, keys, PREFIX, tokenOf, type TrialJob } from "./protocol.ts";

/** What a trial in the queue needs. */
export interface RemoteContext {
  connection: QueueConnection;
  /** The queue of the trial's class. */
  queue: () => Promise<TrialQueue>;
  study: string;
  jobId: string;
  sharedFolder: string | null;
  notify: Notify;
}

/** A stop is not waited for longer when nobody holds the trial any more. */
const STOP_WAIT_MS = 10_000;
const INTERRUPT_WAIT_MS = 2000;
const DEFAULT_TRIES = 3;
const RETRY_DELAY_MS = 1000;

/** A trial in the queue. */
export class RemoteTrial implements TrialTask {
  readonly ended: Promise<ExecutedEnd>;
  /** When it has ended here; its job may be removed a while later. */
  settledAtMs: number | null = null;
  #order: ExecutorOrder;
  #watch: AttemptWatch;
  #context: RemoteContext;
  #resolve!: (end: ExecutedEnd) => void;
  #reject!: (error: unknown) => void;
  #placed = false;
  #linesRead = 0;
  #token = 0;
  #tokenBase: number;
  /** What is added to tokens that are told: a start that an earlier run of the study has seen is a new attempt for this one. */
  #tokenShift = 0;
  #startMs = performance.now();
  #stop: { reason: StopReason; atMs: number; told: boolean } | null = null;
  #sent: JobResult | null = null;
  #looking: Promise<void> | null = null;
  #again = false;
  #told = "";

  constructor(order: ExecutorOrder, watch: AttemptWatch, context: RemoteContext) {
    this.#order = order;
    this.#watch = watch;
    this.#context = context;
    this.#tokenBase = order.attemptsBefore;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ended.catch(() => {}); // who waits for it is told all the same
    this.look();
  }

  stop(reason: StopReason): void {
    this.#stop ??= { reason, atMs: performance.now(), told: false };
    this.look();
    // A run that ends does not wait for a Redis that is away.
    if (reason === "interrupted") setTimeout(() => this.#settleStopped(), INTERRUPT_WAIT_MS);
  }

  /** Looks what has become of the trial; once more when it is asked meanwhile. */
  look(): void {
    if (this.settledAtMs !== null) return;
    this.#again = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => this.#looking = null);
  }

  /** After a look that is under way. */
  async idle(): Promise<void> {
    await this.#looking;
  }

  /** Removes what is left of it in the queue, when its result has been taken. */
  async remove(): Promise<void> {
    const { jobId, connection: { redis } } = this.#context;
    const queue = await this.#context.queue();
    const job = await queue.getJob(jobId);
    // Not one that another attempt has put there since, nor one that goes on.
    if (job?.finishedOn && tokenOf(job) === this.#token) await job.remove();
    await redis.del(keys.stop(jobId));
    if (this.#sent?.checkpoint) await dropSent(this.#sent.checkpoint, this.#route(this.#sent.token));
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#again && this.settledAtMs === null) {
      this.#again = false;
      try {
        await this.#look();
      } catch (error) {
        this.#tell(`Cannot use the queue for a trial: ${(error as Error).message}; trying again`);
      }
    }
  }

  async #look(): Promise<void> {
    const { jobId } = this.#context;
    const queue = await this.#context.queue();
    if (!this.#placed) await this.#place();
    const job = await queue.getJob(jobId);
    if (job === undefined) {
      if (this.#stop !== null) return this.#settleStopped();
      this.#tell("A trial is no longer in the queue (its data was lost); it is put there again");
      this.#placed = false;
      this.#again = true;
      return;
    }
    this.#tokenBase = Math.max(this.#tokenBase, tokenOf(job));
    await this.#readLog();
    if (this.settledAtMs !== null) return;
    if (job.finishedOn) await this.#finish(job);
    else if (this.#stop !== null) await this.#stopJob(job, this.#stop);
  }

  /** Puts the trial into the queue, unless an earlier run of the study has left it there. */
  async #place(): Promise<void> {
    const { jobId, connection: { redis } } = this.#context;
    const queue = await this.#context.queue();
    const left = await queue.getJob(jobId);
    await redis.del(keys.stop(jobId));
    this.#linesRead = 0;
    if (left !== undefined) {
      this.#tokenBase = Math.max(this.#tokenBase, tokenOf(left));
      if (!left.finishedOn || left.returnvalue?.end.outcome === "finished") {
        this.#placed = true;
        return;
      }
      await left.remove();
    }
    await this.#sendProgram();
    await queue.add("trial", this.#jobData(), {
      jobId,
      attempts: DEFAULT_TRIES,
      backoff: { type: "fixed", delay: RETRY_DELAY_MS },
      removeOnComplete: { age: KEEP_SECONDS },
      removeOnFail: { age: KEEP_SECONDS },
    });
    this.#placed = true;
  }

  #jobData(): TrialJob {
    const { trial: { key, parameters, parameterCount, definition }, threads, attemptsBefore, alone, deadlineMs } =
      this.#order;
    const { program, settings, data } = definition;
    const tokenBase = this.#tokenBase;
    const { study } = this.#context;
    const identity = { study, key, parameters, parameterCount, program: programHash(program), settings, data };
    return { ...identity, threads, attemptsBefore, alone, deadlineMs, tokenBase };
  }

  async #sendProgram(): Promise<void> {
    const { program } = this.#order.trial.definition;
    const key = keys.program(programHash(program));
    const { redis } = this.#context.connection;
    if (await redis.expire(key, KEEP_SECONDS) === 0) await redis.set(key, JSON.stringify(program), "EX", KEEP_SECONDS);
  }

  /** Takes what is new in the job's log; lines of a start that was followed by another are passed over. */
  async #readLog(): Promise<void> {
    const { jobId } = this.#context;
    const { logs } = await (await this.#context.queue()).getJobLogs(jobId, this.#linesRead);
    this.#linesRead += logs.length;
    const lines = logs.map((text) => JSON.parse(text) as JobLine);
    const newest = lines.reduce((most, { token }) => Math.max(most, token), this.#token);
    for (const line of lines) {
      if (line.token < newest || this.settledAtMs !== null) continue;
      try {
        this.#tellWatch(line);
      } catch (error) {
        this.settledAtMs = performance.now();
        await this.#context.connection.redis.set(keys.stop(jobId), "interrupted", "EX", KEEP_SECONDS);
        this.#reject(error);
      }
    }
  }

  #tellWatch(line: JobLine): void {
    const { token } = line;
    if (line.type === "start") {
      if (token <= this.#token) return; // repeated after a broken connection
      if (this.#token === 0) this.#tokenShift = Math.max(0, this.#order.attemptsBefore + 1 - token);
      this.#token = token;
      this.#startMs = performance.now();
      const { worker, machine, pid, threads } = line;
      this.#watch.onStart({ token: token + this.#tokenShift, worker, machine, pid, threads });
    } else if (token !== this.#token) return;
    else if (line.type === "ready") this.#watch.onReady(token + this.#tokenShift, line.baselineRssBytes);
    else this.#watch.onEpoch(token + this.#tokenShift, line.summary);
  }

  async #finish(job: QueuedTrial): Promise<void> {
    const result = job.returnvalue as JobResult | null;
    if (!result) {
      const message = /stalled/.test(job.failedReason ?? "")
        ? lostMessage(job.attemptsStarted - 1)
        : `the workers that had it failed: ${job.failedReason}`;
      return this.#settle(this.#endWithoutResult("lost", message));
    }
    const asked = this.#stop?.reason;
    const unasked = ["pruned", "cancelled", "interrupted"].includes(result.end.outcome) && result.end.outcome !== asked;
    if (result.token !== tokenOf(job) || result.token < this.#token || unasked) {
      await job.remove(); // of a start that is not the last, or of an earlier run's wish
      this.#placed = false;
      this.#again = true;
      return;
    }
    this.#sent = result;
    this.#token = result.token;
    this.#settle(await this.#withCheckpoint(result));
  }

  async #withCheckpoint({ token, end, checkpoint }: JobResult): Promise<AttemptEnd> {
    if (checkpoint === null || end.outcome !== "finished") return end;
    try {
      const elsewhere = await receiveCheckpoint(checkpoint, this.#order.checkpointDir, this.#route(token));
      return { ...end, message: elsewhere };
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      const message = `its checkpoint did not come home: ${error.message}`;
      return { ...end, outcome: "protocol", message, result: null };
    }
  }

  async #stopJob(job: QueuedTrial, stop: { reason: StopReason; atMs: number; told: boolean }): Promise<void> {
    const { jobId, connection: { redis } } = this.#context;
    const state = await job.getState();
    if (state !== "active") {
      const removed = await job.remove().then(() => true, () => false); // false: a worker has just taken it
      if (removed) this.#settleStopped();
      else this.#again = true;
      return;
    }
    if (stop.reason === "interrupted") return this.#settleStopped(); // it goes on; the next start takes its result
    if (!stop.told) await redis.set(keys.stop(jobId), stop.reason, "EX", KEEP_SECONDS);
    stop.told = true;
    const held = await redis.exists(`${PREFIX}:${job.queueName}:${jobId}:lock`);
    if (held === 0 && performance.now() - stop.atMs > STOP_WAIT_MS) this.#settleStopped();
  }

  #settleStopped(): void {
    const reason = this.#stop?.reason ?? "interrupted";
    const messages: Record<StopReason, string> = {
      interrupted: "the run was stopped",
      cancelled: "was cancelled",
      pruned: "was pruned",
    };
    this.#settle(this.#endWithoutResult(reason, messages[reason]));
  }

  #endWithoutResult(outcome: AttemptEnd["outcome"], message: string): AttemptEnd {
    const seconds = this.#token === 0 ? 0 : (performance.now() - this.#startMs) / 1000;
    return { outcome, message, stderrTail: "", seconds, peakRssBytes: null, result: null };
  }

  #settle(end: AttemptEnd): void {
    if (this.settledAtMs !== null) return;
    this.settledAtMs = performance.now();
    this.#resolve({ ...end, token: this.#token === 0 ? 0 : this.#token + this.#tokenShift });
  }

  #route(token: number): TransferRoute {
    const { connection: { redis }, jobId, sharedFolder } = this.#context;
    return { redis, jobId, token, sharedFolder };
  }

  #tell(sentence: string): void {
    if (sentence === this.#told) return;
    this.#told = sentence;
    this.#context.notify(sentence);
  }
}

/** The last start of a lost trial is the one that only gave it up. */
function lostMessage(times: number): string {
  return times <= 1 ? "the worker that had it was lost" : `the workers that had it were lost, ${times} times`;
}
