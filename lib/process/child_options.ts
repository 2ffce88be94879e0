// What a child is started with, and what is known when it has ended. Checked before anything is started.

import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { denoExecutable } from "./deno_executable.ts";
import { projectPath } from "./paths.ts";

/** Options of `startChild`: a `module` or a `command`, and limits. */
export interface ChildOptions {
  /** Path or file: URL of a TypeScript module, run by the pinned Deno with all permissions; it may call `connectParent()`. */
  module?: string;
  /** A program to run instead; its standard input is `input`, and it has no messages. */
  command?: string;
  args?: readonly string[];
  /** Added to this process's environment; `undefined` removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Working folder; this process's own by default. */
  cwd?: string;
  /** Text on a command's standard input, which is then closed; empty by default. */
  input?: string;
  /** Further flags of `deno run` for a module, for example `--v8-flags=--expose-gc`. */
  denoFlags?: readonly string[];
  /** Wall-clock time after which the tree is ended; none by default. At most 2^31 - 1 (24.8 days). */
  deadlineMs?: number;
  /** Resident memory of the whole tree together beyond which it is killed; none by default. Sampled, so a burst can pass it. */
  memoryLimitBytes?: number;
  /** Called with the resident memory of the whole tree after each sample. */
  onMemory?: (rssBytes: number) => void;
  /** Between two samples of the tree's memory: 200 ms with a memory limit, else 1000 ms. */
  memoryPollMs?: number;
  /** Plain output (both streams together, frames excluded) beyond which the tree is killed; 16 MiB by default. */
  outputLimitBytes?: number;
  /** Time between the request to end (SIGTERM) and SIGKILL after a deadline, an abort or `kill()`; 500 ms by default. */
  graceMs?: number;
  /** Ends the child when aborted. */
  signal?: AbortSignal;
  /** Called with each message of the child, in order with `onOutput` of "stdout". What it throws ends the child and rejects `result`. */
  onMessage?: (message: unknown) => void;
  /** Called with plain output as it arrives, whole characters at a time. */
  onOutput?: (text: string, stream: "stdout" | "stderr") => void;
}

/** Why a child ended: by itself, by a signal from elsewhere (the system's memory killer, a crash), or by a limit of `ChildOptions`. */
export type ChildEnd = "exit" | "signal" | "deadline" | "memory" | "output" | "aborted" | "killed" | "protocol";

/** How a child ended. */
export interface ChildResult {
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: string | null;
  /** "exit" whatever the exit code; "protocol" when a frame of the child could not be read. */
  reason: ChildEnd;
  /** Plain standard output, without frames, up to the output limit. */
  stdout: string;
  /** The last 16 KiB of standard error. */
  stderrTail: string;
  /** The highest resident memory of the tree that was seen; null when a short command ended before the first sample. */
  peakRssBytes: number | null;
  durationMs: number;
}

/** The program, arguments and limits that `options` stand for. */
export interface ChildPlan {
  file: string;
  args: string[];
  isModule: boolean;
  deadlineMs: number;
  memoryLimitBytes: number;
  memoryPollMs: number;
  outputLimitBytes: number;
  graceMs: number;
}

const DEFAULT_OUTPUT_LIMIT_BYTES = 16 * 2 ** 20;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Checks `options` and fills in defaults.
 *
 * @throws {TypeError} when neither or both of module and command are given
 * @throws {RangeError} when a limit is out of range
 * @throws {Error} when the module does not exist
 */
export function planChild(options: ChildOptions): ChildPlan {
  const { memoryLimitBytes = Infinity } = options;
  return {
    ...program(options),
    deadlineMs: options.deadlineMs === undefined ? Infinity : limit("deadlineMs", options.deadlineMs, LONGEST_TIMER_MS),
    memoryLimitBytes: limit("memoryLimitBytes", memoryLimitBytes),
    memoryPollMs: limit("memoryPollMs", options.memoryPollMs ?? (memoryLimitBytes < Infinity ? 200 : 1000), 60_000),
    outputLimitBytes: limit("outputLimitBytes", options.outputLimitBytes ?? DEFAULT_OUTPUT_LIMIT_BYTES),
    graceMs: limit("graceMs", options.graceMs ?? 500, 600_000),
  };
}

/** The environment of the child: this process's own, changed by `changes`. */
export function childEnvironment(changes: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const merged = { ...process.env, ...changes };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function program({ module, command, args = [], denoFlags = [] }: ChildOptions) {
  if ((module === undefined) === (command === undefined)) {
    throw new TypeError("Cannot start a child: expected either module or command");
  }
  if (command !== undefined) return { file: command, args: [...args], isModule: false };
  const path = (module as string).startsWith("file:") ? fileURLToPath(module as string) : module as string;
  if (!existsSync(path)) throw new Error(`Cannot start a child: expected a module at ${path}, which does not exist`);
  const flags = ["run", "--quiet", "--no-prompt", "--allow-all", "--config", projectPath("deno.json"), ...denoFlags];
  return { file: denoExecutable(), args: [...flags, path, ...args], isModule: true };
}

function limit(name: string, value: number, most = Infinity): number {
  if (!(value > 0 && value <= most)) {
    const range = most === Infinity ? "a positive number" : `a positive number up to ${most}`;
    throw new RangeError(`Cannot start a child: expected ${name} to be ${range}, got ${value}`);
  }
  return value;
}
