// What every command shares: its problems are told in one sentence, Ctrl-C stops it cleanly, and its exit code says how it went.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { projectPath } from "../process/mod.ts";

/** A mistake of the user, or something missing that the message says how to get: shown without a stack. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** Asked for by `--help`: the options of the command. */
class HelpWanted extends Error {}

/** Exit code of a program that Ctrl-C stopped, by convention 128 + 2. */
export const INTERRUPTED_EXIT_CODE = 130;

type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * Options and names of a command line.
 *
 * @throws {CommandError} for an unknown option or a missing value, naming the known options
 */
export function parseCommand<const T extends Options>(args: string[], options: T) {
  const asked = !("help" in options) && (args.includes("--help") || args.includes("-h"));
  if (asked) throw new HelpWanted(listed(options));
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.\s/);
    const ambiguous = /^Option '(--[\w-]+)[^']*' argument is ambiguous$/.exec(sentence);
    const told = ambiguous
      ? `Expected a value of ${ambiguous[1]}: write ${ambiguous[1]}=-1 for one with a dash`
      : sentence;
    throw new CommandError(`${told}; the options are ${listed(options)}`);
  }
}

function listed(options: Options): string {
  return Object.entries(options).map(([name, { short }]) => short ? `-${short}` : `--${name}`).join(", ");
}

/** What deno.json says of the task that runs a module. */
function taskHelp(module: string): string {
  const { tasks } = JSON.parse(readFileSync(projectPath("deno.json"), "utf8")) as {
    tasks: Record<string, { description: string; command: string }>;
  };
  const [name, task] = Object.entries(tasks).find(([, { command }]) => command.endsWith(`/${module}`)) ?? [];
  return task === undefined ? module : `deno task ${name}: ${task.description}`;
}

/** Runs a command's `main` and ends the process with its exit code. */
export async function runCommand(main: (args: string[], signal: AbortSignal) => Promise<number>): Promise<never> {
  const controller = new AbortController();
  stopOnSignals(controller);
  let exitCode: number;
  try {
    exitCode = await main(process.argv.slice(2), controller.signal);
  } catch (error) {
    if (error instanceof HelpWanted) {
      console.log(`${taskHelp(basename(process.argv[1]))}\nOptions: ${error.message}`);
      process.exit(0);
    }
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
