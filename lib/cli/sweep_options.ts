// The command line of `deno task sweep`.

import { CommandError, parseCommand } from "./command.ts";

/** What `deno task sweep` is asked to do. */
export interface SweepCommand {
  /** Name of a stored study, or MODULE.ts[#EXPORT]; null lists the studies. */
  target: string | null;
  trials: number | "auto" | undefined;
  threads: number | undefined;
  /** Time that one attempt may take, on whatever machine. */
  trialDeadlineMs: number | undefined;
  /** Memory that all trials on this machine together may take. */
  memoryBudgetBytes: number | undefined;
  retry: "recoverable" | "all" | "none" | undefined;
  /** Beginnings of the keys of trials to run again. */
  retryKeys: string[];
  /** Start an adaptive study anew when its definition changed. */
  restart: boolean;
  exportFile: string | null;
  queue: string | null;
  sharedFolder: string | null;
  help: boolean;
}

export const SWEEP_USAGE = `deno task sweep [NAME | MODULE.ts[#EXPORT]] [options]

  without a name           list the studies
  NAME                     go on with a stored study; its notebook is not needed, unless its sampler is adaptive
  MODULE.ts[#EXPORT]       run a study that a module exports
  --trials N               how many at once on this machine (auto, the default, is what was measured best)
  --threads N              threads of a trial; 0: one a physical core
  --deadline SECONDS       time that one attempt at a trial may take, on whatever machine
  --memory GIB             memory that all trials on this machine together may take
  --retry WHICH            failed trials to run again: recoverable (the default), all, none, or the beginning of a trial's key
                           (failed, pruned or cancelled); may be repeated
  --restart                start an adaptive study anew when its definition changed
  --export FILE            write the rows to FILE.csv or FILE.json at the end
  --queue URL              let workers do the trials (redis://HOST; deno task worker)
  --shared FOLDER          with --queue: a folder that workers see too, for large checkpoints`;

const WHICH = ["recoverable", "all", "none"];

/**
 * Reads the arguments of `deno task sweep`.
 *
 * @throws {CommandError} saying what was expected
 */
export function parseSweepCommand(args: string[]): SweepCommand {
  const { values, positionals } = parseCommand(args, {
    trials: { type: "string" },
    threads: { type: "string" },
    deadline: { type: "string" },
    memory: { type: "string" },
    retry: { type: "string", multiple: true, default: [] },
    restart: { type: "boolean", default: false },
    export: { type: "string" },
    queue: { type: "string" },
    shared: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  });
  if (positionals.length > 1) throw new CommandError(`Give one study at a time, got ${positionals.join(" ")}`);
  const exportFile = values.export ?? null;
  if (exportFile !== null && !/\.(csv|json)$/.test(exportFile)) {
    throw new CommandError(`--export expects a file that ends in .csv or .json, got "${exportFile}"`);
  }
  if (values.shared !== undefined && values.queue === undefined) throw new CommandError("--shared goes with --queue");
  const own = (["trials", "memory"] as const).find((name) => values[name] !== undefined);
  if (values.queue !== undefined && own !== undefined) {
    throw new CommandError(`--${own} is of this machine; beside --queue each worker has its own`);
  }
  const which = values.retry.filter((value) => WHICH.includes(value));
  if (which.length > 1) {
    throw new CommandError(`--retry expects one of ${WHICH.join(", ")}, got ${which.join(" and ")}`);
  }
  const retryKeys = values.retry.filter((value) => !WHICH.includes(value));
  const unknown = retryKeys.find((key) => !/^[0-9a-f]{4,64}$/.test(key));
  if (unknown !== undefined) {
    throw new CommandError(
      `--retry expects ${WHICH.join(", ")} or the beginning of a trial's key (4 characters or more), got "${unknown}"`,
    );
  }
  return {
    target: positionals[0] ?? null,
    trials: values.trials === "auto" ? "auto" : count("trials", values.trials, 1),
    threads: count("threads", values.threads, 0),
    trialDeadlineMs: scaled("deadline", values.deadline, { unit: "seconds", factor: 1000, most: 2 ** 31 / 1000 }),
    memoryBudgetBytes: scaled("memory", values.memory, { unit: "GiB", factor: 2 ** 30, most: 2 ** 20 }),
    retry: which[0] as SweepCommand["retry"],
    retryKeys,
    restart: values.restart,
    exportFile,
    queue: values.queue ?? null,
    sharedFolder: values.shared ?? null,
    help: values.help,
  };
}

function scaled(
  name: string,
  text: string | undefined,
  { unit, factor, most }: { unit: string; factor: number; most: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value < most) return value * factor;
  throw new CommandError(`--${name} expects a number of ${unit} above 0, got "${text}"`);
}

function count(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= 256) return value;
  throw new CommandError(`--${name} expects an integer from ${least} to 256, got "${text}"`);
}
