// Which classes of trials a worker serves: those that homes have made known and its machine can do. Trials are taken from one after
// the other.

import type { Notify, QueueConnection } from "./connection.ts";
import { openFetcher, type QueuedTrial, type TrialFetcher } from "./engine.ts";
import { keys, queueName } from "./protocol.ts";
import { type Abilities, describeRequirement, type Requirement, whyNot } from "./requirement.ts";

/** What is needed to serve classes. */
export interface ClassServerOptions {
  connection: QueueConnection;
  abilities: Abilities;
  mostLost: number;
  notify: Notify;
}

/** A class that cannot be done is looked at again: its data may have come. */
const LOOK_AGAIN_MS = 30_000;

/** The classes that a worker serves. */
export class ClassServer {
  #options: ClassServerOptions;
  #fetchers = new Map<string, TrialFetcher>();
  #refused = new Map<string, { why: string; atMs: number }>();
  /** Trials under way, by queue: theirs stays open. */
  #used = new Map<string, number>();
  #turn = 0;
  #refreshing: Promise<void> | null = null;

  constructor(options: ClassServerOptions) {
    this.#options = options;
  }

  get serves(): string[] {
    return [...this.#fetchers.keys()].filter((classId) => !this.#refused.has(classId));
  }

  get refuses(): Record<string, string> {
    return Object.fromEntries([...this.#refused].map(([classId, { why }]) => [classId, why]));
  }

  /** Looks which classes there are; while it still looks, another call waits for the same. */
  refresh(): Promise<void> {
    return this.#refreshing ??= this.#refresh().finally(() => this.#refreshing = null);
  }

  async #refresh(): Promise<void> {
    const { connection, abilities, mostLost, notify } = this.#options;
    const known = await connection.redis.hgetall(keys.classes);
    this.#forget((classId) => !(classId in known));
    for (const [classId, text] of Object.entries(known)) {
      const refused = this.#refused.get(classId);
      if (this.#fetchers.has(classId) || (refused && performance.now() - refused.atMs < LOOK_AGAIN_MS)) continue;
      const requirement = JSON.parse(text) as Requirement;
      const why = await whyNot(requirement, abilities);
      if (why === null) {
        this.#refused.delete(classId);
        this.#fetchers.set(classId, await openFetcher(classId, connection, { mostLost }));
      } else {
        if (refused?.why !== why) {
          notify(`Trials with ${describeRequirement(requirement)} are for others: this worker ${why}`);
        }
        this.#refused.set(classId, { why, atMs: performance.now() });
      }
    }
  }

  /** Keeps a queue open for a trial, until the returned function is called. */
  use(queue: string): () => void {
    const change = (by: number) => this.#used.set(queue, (this.#used.get(queue) ?? 0) + by);
    change(1);
    return () => change(-1);
  }

  /** Closes classes that no home needs any more. */
  #forget(isGone: (classId: string) => boolean): void {
    for (const classId of [...this.#refused.keys()].filter(isGone)) this.#refused.delete(classId);
    for (const [classId, fetcher] of this.#fetchers) {
      if (!isGone(classId) || (this.#used.get(queueName(classId)) ?? 0) > 0) continue;
      this.#fetchers.delete(classId);
      void fetcher.close(true).catch(() => {});
    }
  }

  /** Serves a class no longer: what looked possible is not. */
  refuse(queue: string, sentence: string): void {
    const found = [...this.#fetchers].find(([classId]) => queueName(classId) === queue);
    if (found === undefined) return;
    const [classId, fetcher] = found;
    this.#refused.set(classId, { why: `cannot run it: it ${sentence}`, atMs: Infinity });
    this.#options.notify(`Trials of a kind are for others: this worker cannot run them, since one ${sentence}`);
    if ((this.#used.get(queue) ?? 0) > 0) return; // taken no more, closed with the worker
    this.#fetchers.delete(classId);
    void fetcher.close(true).catch(() => {});
  }

  /** The next trial, from the classes in turn; undefined when none waits. */
  async next(lockToken: string): Promise<QueuedTrial | undefined> {
    const fetchers = [...this.#fetchers].flatMap(([classId, fetcher]) => this.#refused.has(classId) ? [] : [fetcher]);
    for (let i = 0; i < fetchers.length; i++) {
      const fetcher = fetchers[this.#turn++ % fetchers.length];
      const job = await fetcher.getNextJob(lockToken, { block: false });
      if (job !== undefined) return job as QueuedTrial;
    }
    return undefined;
  }

  /** Whether nothing waits and nothing runs anywhere, in the classes that are served. */
  async isEmpty(): Promise<boolean> {
    const { redis } = this.#options.connection;
    for (const fetcher of this.#fetchers.values()) {
      const key = (name: string) => fetcher.toKey(name);
      const counts = [
        await redis.llen(key("wait")),
        await redis.llen(key("active")),
        await redis.zcard(key("delayed")),
      ];
      if (counts.some((count) => count > 0)) return false;
    }
    return true;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#fetchers.values()].map((fetcher) => fetcher.close(true)));
  }
}
