// What every command shares: its problems are told in one sentence, Ctrl-C stops it cleanly, and its exit code says how it went.

import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";

/** A mistake of the user, or something missing that the message says how to get: shown without a stack. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** Exit code of a program that Ctrl-C stopped, by convention 128 + 2. */
export const INTERRUPTED_EXIT_CODE = 130;

type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * Options and names of a command line.
 *
 * @throws {CommandError} for an unknown option or a missing value, naming the known options
 */
export function parseCommand<const T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const known = Object.entries(options).map(([name, { short }]) => short ? `-${short}` : `--${name}`).join(", ");
    throw new CommandError(`${(error as Error).message.split(". ")[0]}; the options are ${known}`);
  }
}

/** Runs a command's `main` and ends the process with its exit code. */
export async function runCommand(main: (args: string[], signal: AbortSignal) => Promise<number>): Promise<never> {
  const controller = new AbortController();
  stopOnSignals(controller);
  let exitCode: number;
  try {
    exitCode = await main(process.argv.slice(2), controller.signal);
  } catch (error) {
    const expected = error instanceof CommandError || controller.signal.aborted;
    console.error(expected ? (error as Error).message : error);
    exitCode = controller.signal.aborted ? INTERRUPTED_EXIT_CODE : 1;
  }
  process.exit(exitCode);
}

function stopOnSignals(controller: AbortController): void {
  let firstMs = 0;
  const stop = (signal: string) => {
    // A terminal sends Ctrl-C to every process of the group and npm sends it on: the same keystroke arrives more than once.
    if (controller.signal.aborted && performance.now() - firstMs > 700) process.exit(INTERRUPTED_EXIT_CODE);
    if (controller.signal.aborted) return;
    firstMs = performance.now();
    controller.abort(new CommandError(`Stopped by ${signal === "SIGINT" ? "Ctrl-C" : signal}`));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(signal));
}
