// Starting a child process and ending it with everything that it started. The child leads its own process group; inside it a
// one-line shell watches a pipe that only this process holds: when this process ends in any way, even by SIGKILL,
// the pipe closes and the shell ends the group. So no child outlives its parent, also one that is busy in native code.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Writable } from "node:stream";
import {
  type ChildEnd,
  childEnvironment,
  type ChildOptions,
  type ChildPlan,
  type ChildResult,
  planChild,
} from "./child_options.ts";
import { ChildOutput } from "./child_output.ts";
import { encodeMessage } from "./message_codec.ts";
import { CHANNEL_VARIABLE } from "./parent.ts";
import { TreeWatch } from "./tree_watch.ts";

/** A running child. */
export interface Child {
  pid: number;
  /** Sends a message to a module; false when it has ended. Throws {TypeError} for what is neither JSON nor a typed array. */
  send(message: unknown): boolean;
  /** Ends the child's `messages` after those already sent. */
  endMessages(): void;
  /** Ends the child and everything that it started; `graceMs` in place of that of the options. */
  kill(options?: { graceMs?: number }): void;
  /** Settles when the child and its tree have ended. Rejected when the program could not be started or a callback threw. */
  result: Promise<ChildResult>;
}

// `$$` is the leader's id, also in the subshell and after exec. The watcher ignores SIGTERM, so that it is there to send SIGKILL.
// Every argument comes with a "=" in front: Deno's node:child_process takes an argument that is its own path for a Node
// program and rewrites those after it.
const GUARD = [
  '(trap "" TERM INT HUP; read _ <&3; kill -TERM -$$; sleep 2; kill -KILL -$$) </dev/null >/dev/null 2>&1 &',
  'for argument do set -- "$@" "${argument#=}"; shift; done',
  'exec "$@" 3<&-',
].join("\n");
const CLOSE_WAIT_MS = 1000;

/**
 * Starts a TypeScript module (by the pinned Deno, whatever runs this process) or a command as a child process.
 *
 * @throws {TypeError | RangeError} when the options are wrong
 * @throws {Error} when the module does not exist, or there is no Deno
 *
 * @example
 * ```ts
 * import { startChild } from "lib/process/mod.ts";
 * const child = startChild({ command: "echo", args: ["hello"], deadlineMs: 10_000 });
 * const { exitCode, reason, stdout } = await child.result;
 * console.log(exitCode, reason, stdout.trim()); // 0 exit hello
 * ```
 */
export function startChild(options: ChildOptions): Child {
  const plan = planChild(options);
  if (options.signal?.aborted) return abortedChild();
  return new RunningChild(plan, options);
}

class RunningChild implements Child {
  readonly pid: number;
  readonly result: Promise<ChildResult>;
  #process: ChildProcess;
  #plan: ChildPlan;
  #output: ChildOutput;
  #watch: TreeWatch | null = null;
  #ended = false;
  #reason: ChildEnd | null = null;
  #callbackError: unknown = undefined;
  #timers: ReturnType<typeof setTimeout>[] = [];
  #startMs = performance.now();

  constructor(plan: ChildPlan, options: ChildOptions) {
    this.#plan = plan;
    const nonce = plan.isModule ? randomBytes(12).toString("hex") : undefined;
    this.#process = spawn("/bin/sh", [
      "-c",
      GUARD,
      "sh",
      ...[plan.file, ...plan.args].map((argument) => `=${argument}`),
    ], {
      cwd: options.cwd,
      env: childEnvironment({ NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...options.env, [CHANNEL_VARIABLE]: nonce }),
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      detached: true,
    });
    this.pid = this.#process.pid ?? -1;
    this.#output = new ChildOutput(this.#process, nonce, {
      limitBytes: plan.outputLimitBytes,
      onMessage: (message) => this.#guard(() => options.onMessage?.(message)),
      onOutput: (text, stream) => this.#guard(() => options.onOutput?.(text, stream)),
      onPeak: (bytes) => this.#watch?.notePeak(bytes),
      onLimit: () => this.#end("output", 0),
      onBadFrame: () => this.#end("protocol", 0),
    });
    this.#openInput(options.input);
    this.result = this.#supervise(options);
  }

  send(message: unknown): boolean {
    if (!this.#plan.isModule) throw new TypeError("Cannot send: expected a child that is a module, got a command");
    const line = `${encodeMessage(message)}\n`;
    const input = this.#process.stdin;
    if (this.#ended || input === null || !input.writable) return false;
    input.write(line);
    return true;
  }

  endMessages(): void {
    this.#process.stdin?.end();
  }

  kill({ graceMs = this.#plan.graceMs }: { graceMs?: number } = {}): void {
    this.#end("killed", graceMs);
  }

  #openInput(input = ""): void {
    // EPIPE: the child ended, or closed its input, before it had read everything.
    this.#process.stdin?.on("error", () => {});
    this.#lifeline()?.on("error", () => {});
    if (!this.#plan.isModule) this.#process.stdin?.end(input);
  }

  #lifeline(): Writable | null {
    return (this.#process.stdio[3] ?? null) as Writable | null;
  }

  async #supervise({ signal, onMemory }: ChildOptions): Promise<ChildResult> {
    const exited = exitOf(this.#process, this.#plan.file);
    if (this.pid < 0) return await exited as never;
    const abort = () => this.#end("aborted", this.#plan.graceMs);
    signal?.addEventListener("abort", abort, { once: true });
    if (this.#plan.deadlineMs < Infinity) {
      this.#later(() => this.#end("deadline", this.#plan.graceMs), this.#plan.deadlineMs);
    }
    this.#watch = new TreeWatch(this.pid, {
      pollMs: this.#plan.memoryPollMs,
      onSample: (rssBytes) => {
        if (rssBytes > this.#plan.memoryLimitBytes) this.#end("memory", 0);
        this.#guard(() => onMemory?.(rssBytes));
      },
    });
    const { exitCode, signal: endSignal } = await exited;
    this.#ended = true;
    const durationMs = performance.now() - this.#startMs;
    signal?.removeEventListener("abort", abort);
    await this.#cleanUp(this.#watch);
    if (this.#callbackError !== undefined) throw this.#callbackError;
    const reason = this.#reason ?? (endSignal === null ? "exit" : "signal");
    const { peakRssBytes } = this.#watch;
    return { exitCode, signal: endSignal, reason, ...this.#output.texts(), peakRssBytes, durationMs };
  }

  /** After the leader has ended: everything else of the tree goes too, then the last output is read. */
  async #cleanUp(watch: TreeWatch): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    watch.stop();
    await watch.signal("SIGKILL");
    this.#lifeline()?.destroy();
    // A process that left the tree unseen may hold the output open for ever: it is not waited for.
    await this.#output.ended(CLOSE_WAIT_MS);
    this.#process.stdin?.destroy();
  }

  /** Asks the tree to end, and kills it after `graceMs`. The first reason counts. */
  #end(reason: ChildEnd, graceMs: number): void {
    if (this.#ended || this.#reason !== null) return;
    this.#reason = reason;
    if (graceMs === 0) {
      void this.#watch?.signal("SIGKILL");
      return;
    }
    void this.#watch?.signal("SIGTERM");
    this.#later(() => void this.#watch?.signal("SIGKILL"), graceMs);
  }

  #later(action: () => void, delayMs: number): void {
    this.#timers.push(setTimeout(action, delayMs));
  }

  #guard(callback: () => void): void {
    if (this.#callbackError !== undefined) return;
    try {
      callback();
    } catch (error) {
      this.#callbackError = error ?? new Error("a callback of startChild threw nothing");
      this.#end("killed", 0);
    }
  }
}

function exitOf(child: ChildProcess, file: string): Promise<{ exitCode: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
    child.once("error", (error) => reject(new Error(`Cannot start ${file}: ${error.message}`)));
  });
}

function abortedChild(): Child {
  const result: ChildResult = {
    exitCode: null,
    signal: null,
    reason: "aborted",
    stdout: "",
    stderrTail: "",
    peakRssBytes: null,
    durationMs: 0,
  };
  return { pid: -1, send: () => false, endMessages: () => {}, kill: () => {}, result: Promise.resolve(result) };
}
