// The loader's threads: requests go out in turns, replies come back by ticket, and a thread that dies takes its requests with it, with the reason.

import process from "node:process";
import { Worker } from "node:worker_threads";
import { projectPath } from "../../process/mod.ts";
import type { BatchReply, BatchRequest } from "./messages.ts";
import type { WindowReading, WindowValues } from "./window_reader.ts";

interface Waiting {
  readonly thread: Thread;
  readonly resolve: (values: WindowValues) => void;
  readonly reject: (reason: Error) => void;
}

interface Thread {
  readonly number: number;
  readonly worker: Worker;
  /** Requests that it has not answered. */
  open: number;
  /** Why it no longer answers. */
  failure: Error | null;
}

/** Threads that read windows. */
export class ThreadPool {
  readonly #threads: Thread[];
  readonly #waiting = new Map<number, Waiting>();
  #tickets = 0;
  #closed = false;

  /** @param module of the thread; tests give others */
  constructor(reading: WindowReading, count: number, module = threadModule()) {
    if (!("deno" in process.versions)) {
      throw new Error(
        "Cannot start the loader's threads: expected Deno, which runs TypeScript in threads, got Node.js; workers: 0 reads in the calling thread",
      );
    }
    this.#threads = Array.from({ length: count }, (_, number) => this.#start(reading, number, module));
  }

  /** Asks for the windows of `rows`: the `turn`-th request goes to thread `turn` modulo their number. */
  read(rows: Uint32Array, turn: number): Promise<WindowValues> {
    if (this.#closed) return Promise.reject(new Error("Cannot load a batch: the loader was closed"));
    const thread = this.#threads[turn % this.#threads.length];
    if (thread.failure) return Promise.reject(thread.failure);
    const ticket = this.#tickets++;
    const reply = new Promise<WindowValues>((resolve, reject) =>
      this.#waiting.set(ticket, { thread, resolve, reject })
    );
    // A thread that has nothing to do does not keep the process alive; one that is waited for must.
    if (thread.open++ === 0) thread.worker.ref();
    // A copy: of a view the whole array behind it would be sent.
    thread.worker.postMessage({ ticket, rows: rows.slice() } satisfies BatchRequest);
    return reply;
  }

  /** Ends the threads; what is still waited for is refused. A thread closes its file first, and is stopped when it does not. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#refuse(() => true, new Error("Cannot load a batch: the loader was closed"));
    await Promise.all(this.#threads.filter(({ failure }) => !failure).map(ended));
  }

  #start(reading: WindowReading, number: number, module: string): Thread {
    const worker = new Worker(module, { workerData: reading });
    const thread: Thread = { number, worker, open: 0, failure: null };
    worker.on("message", (reply: BatchReply) => this.#receive(thread, reply));
    worker.on("error", (error: Error) => this.#fail(thread, error.message, error));
    worker.on("exit", (code: number) => this.#fail(thread, `it ended with code ${code}`));
    worker.unref();
    return thread;
  }

  #receive(thread: Thread, reply: BatchReply): void {
    const waiting = this.#waiting.get(reply.ticket);
    if (--thread.open === 0 && !this.#closed) thread.worker.unref();
    if (!waiting) return;
    this.#waiting.delete(reply.ticket);
    if ("values" in reply) return waiting.resolve(reply.values);
    const { name, message, stack } = reply.problem;
    const cause = Object.assign(new Error(message), { name, stack });
    waiting.reject(new Error(`Cannot load a batch: thread ${thread.number}: ${message}`, { cause }));
  }

  #fail(thread: Thread, message: string, cause?: Error): void {
    if (this.#closed || thread.failure) return;
    thread.failure = new Error(`Cannot load a batch: thread ${thread.number} of the loader is gone: ${message}`, {
      cause,
    });
    this.#refuse((waiting) => waiting.thread === thread, thread.failure);
  }

  #refuse(which: (waiting: Waiting) => boolean, reason: Error): void {
    for (const [ticket, waiting] of [...this.#waiting]) {
      if (!which(waiting)) continue;
      this.#waiting.delete(ticket);
      waiting.reject(reason);
    }
  }
}

function threadModule(): string {
  return projectPath("lib", "data", "loader", "window_thread_process.ts");
}

/** A thread that does not end by itself within this time is stopped. */
const END_MS = 2000;

async function ended({ worker }: Thread): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const exit = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const late = new Promise<"late">((resolve) => (timer = setTimeout(() => resolve("late"), END_MS)));
  worker.ref();
  worker.postMessage("end");
  if (await Promise.race([exit, late]) === "late") await worker.terminate();
  clearTimeout(timer);
}
