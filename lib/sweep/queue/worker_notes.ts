// What workers say of themselves in Redis, by whose clock it is seen who is still there.

import type { QueueConnection } from "./connection.ts";
import { keys, WORKER_GONE_MS, type WorkerNote } from "./protocol.ts";

/** Says that a worker is here, and what it does. */
export async function noteWorker({ redis, nowMs }: QueueConnection, note: Omit<WorkerNote, "atMs">): Promise<void> {
  const complete: WorkerNote = { ...note, atMs: await nowMs() };
  await redis.hset(keys.workers, note.name, JSON.stringify(complete));
}

/** Takes back what a worker said of itself. */
export async function forgetWorker({ redis }: QueueConnection, name: string): Promise<void> {
  await redis.hdel(keys.workers, name);
}

/** The workers that have said something lately, by name; what others left is removed. */
export async function connectedWorkers({ redis, nowMs }: QueueConnection): Promise<WorkerNote[]> {
  const [texts, now] = [await redis.hvals(keys.workers), await nowMs()];
  const notes = texts.map((text) => JSON.parse(text) as WorkerNote);
  const gone = notes.filter(({ atMs }) => now - atMs > WORKER_GONE_MS);
  if (gone.length > 0) await redis.hdel(keys.workers, ...gone.map(({ name }) => name));
  return notes.filter((note) => !gone.includes(note)).sort((a, b) => a.name < b.name ? -1 : 1);
}
