// deno task worker: a machine that does trials of sweeps which are run elsewhere with --queue.

import { resolve } from "node:path";
import { runWorker } from "../sweep/mod.ts";
import { CommandError, INTERRUPTED_EXIT_CODE, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** Options of a command line. */
export function workerOptions(args: string[]) {
  const { values, positionals } = parseCommand(args, {
    queue: { type: "string" },
    trials: { type: "string", default: "1" },
    threads: { type: "string" },
    memory: { type: "string" },
    shared: { type: "string" },
    name: { type: "string" },
    once: { type: "boolean", default: false },
  });
  if (positionals.length > 0) {
    throw new CommandError(`Cannot start a worker: expected options only, got "${positionals[0]}"`);
  }
  if (values.queue === undefined) {
    throw new CommandError("Cannot start a worker: expected --queue redis://HOST, the address that the sweep uses");
  }
  if (values.name !== undefined && !/^[\w.-]{1,64}$/.test(values.name)) {
    throw new CommandError(
      `Cannot start a worker: expected --name to be 1 to 64 letters, digits, . _ and -, got "${values.name}"`,
    );
  }
  return {
    url: values.queue,
    places: number("trials", values.trials, { least: 1, whole: true }),
    threads: values.threads === undefined ? undefined : number("threads", values.threads, { least: 0, whole: true }),
    memoryGib: values.memory === undefined ? undefined : number("memory", values.memory, { least: 0.1, whole: false }),
    sharedFolder: values.shared === undefined ? undefined : resolve(values.shared),
    name: values.name,
    once: values.once,
  };
}

function number(name: string, text: string, { least, whole }: { least: number; whole: boolean }): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && (whole ? Number.isSafeInteger(value) : Number.isFinite(value))) {
    return value;
  }
  const kind = whole ? "an integer" : "a number";
  throw new CommandError(`Cannot start a worker: expected --${name} to be ${kind} of at least ${least}, got "${text}"`);
}

/** Runs `deno task worker` until it is stopped, or, with --once, until nothing is left to do. */
export async function workerMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const options = workerOptions(args);
  const summary = await runWorker({ ...options, signal, notify: (sentence) => terminal.line(sentence) })
    .catch((error) => {
      if (/^Cannot (use the queue|run a worker)/.test((error as Error).message)) {
        throw new CommandError((error as Error).message);
      }
      throw error;
    });
  const { delivered, returned, lost } = summary;
  terminal.line(`${delivered} trials done, ${returned} given back, ${lost} taken over by other workers`);
  return signal?.aborted ? INTERRUPTED_EXIT_CODE : 0;
}

if (import.meta.main) await runCommand((args, signal) => workerMain(args, ownTerminal(), signal));
