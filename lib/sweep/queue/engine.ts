// BullMQ, loaded when a queue is used: most who use this room never do. Queues and workers of it share one kept connection.

import type { Job, Queue, QueueEvents, Worker } from "bullmq";
import type { QueueConnection } from "./connection.ts";
import { type JobResult, LOCK_MS, PREFIX, queueName, STALLED_CHECK_MS, type TrialJob } from "./protocol.ts";

export type TrialQueue = Queue<TrialJob, JobResult, string>;
export type QueuedTrial = Job<TrialJob, JobResult, string>;
export type TrialFetcher = Worker<TrialJob, JobResult, string>;

/** What the connection tells is told by it alone; everything of BullMQ's comes up in the calls that fail. */
const ignored = () => {};

/** The queue of a class, for who puts trials in. */
export async function openQueue(classId: string, { redis }: QueueConnection): Promise<TrialQueue> {
  const { Queue } = await import("bullmq");
  const queue = new Queue<TrialJob, JobResult, string>(queueName(classId), { connection: redis, prefix: PREFIX });
  queue.on("error", ignored);
  return queue as TrialQueue;
}

/** What happens in the queue of a class, with the job's id. */
export async function openEvents(
  classId: string,
  { redis }: QueueConnection,
  onEvent: (jobId: string) => void,
): Promise<QueueEvents> {
  const { QueueEvents } = await import("bullmq");
  const events = new QueueEvents(queueName(classId), { connection: redis, prefix: PREFIX });
  events.on("error", ignored);
  for (const name of ["active", "progress", "completed", "failed", "waiting"] as const) {
    events.on(name, ({ jobId }: { jobId: string }) => onEvent(jobId));
  }
  return events;
}

/** Takes trials of a class, and hands on those of lost workers, as often as `mostLost` for each. */
export async function openFetcher(
  classId: string,
  { redis }: QueueConnection,
  { mostLost }: { mostLost: number },
): Promise<TrialFetcher> {
  const { Worker } = await import("bullmq");
  const fetcher = new Worker<TrialJob, JobResult, string>(queueName(classId), null, {
    connection: redis,
    prefix: PREFIX,
    autorun: false,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: mostLost,
  });
  fetcher.on("error", ignored);
  await fetcher.startStalledCheckTimer();
  return fetcher as TrialFetcher;
}
