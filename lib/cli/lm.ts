// deno task lm: language models at the command line. Each subcommand is a module; this one finds it.

import process from "node:process";
import { adapterAddition } from "../language/mod.ts";
import { openLfm2 } from "../models/lfm2/open.ts";
import { CommandError, runCommand } from "./command.ts";
import { LM_EXPORT_USAGE, lmExportMain } from "./lm_export.ts";
import { FUSE_USAGE, fuseMain } from "./lm_fuse.ts";
import { generateMain, type LmContext } from "./lm_generate.ts";
import { GENERATE_USAGE } from "./lm_options.ts";
import { trainMain } from "./lm_train.ts";
import { TRAIN_USAGE } from "./lm_train_options.ts";
import { terminalOn } from "./terminal.ts";

/** A subcommand: what runs it, and how to call it. */
interface Subcommand {
  readonly main: (args: string[], context: LmContext) => Promise<number>;
  readonly usage: string;
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  generate: { main: generateMain, usage: GENERATE_USAGE },
  train: { main: trainMain, usage: TRAIN_USAGE },
  fuse: { main: fuseMain, usage: FUSE_USAGE },
  export: { main: lmExportMain, usage: LM_EXPORT_USAGE },
};

/** Runs `deno task lm`. */
export async function lmMain(args: string[], context: LmContext): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--help" || name === "-h") {
    for (const { usage } of Object.values(SUBCOMMANDS)) await context.write(`${usage}\n`);
    return 0;
  }
  if (name !== undefined && Object.hasOwn(SUBCOMMANDS, name)) return await SUBCOMMANDS[name].main(rest, context);
  const usages = Object.values(SUBCOMMANDS).map(({ usage }) => usage).join("\n");
  const got = name === undefined ? "none" : `"${name}"`;
  throw new CommandError(
    `Cannot run lm: expected a subcommand of ${Object.keys(SUBCOMMANDS).join(", ")}, got ${got}\n${usages}`,
  );
}

async function standardInput(): Promise<string | null> {
  if (process.stdin.isTTY) return null;
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += chunk;
  return text;
}

/** The process's own streams and LFM2 models. */
function ownContext(signal: AbortSignal): LmContext {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0); // the reader has enough: `... | head`
  });
  const columns = () => (process.stderr.isTTY ? process.stderr.columns || 80 : null);
  return {
    terminal: terminalOn((text) => void process.stderr.write(text), { columns }),
    write: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
    isTerminal: Boolean(process.stdout.isTTY),
    readInput: standardInput,
    signal,
    openModel: (folder, { adapter, ...options }) =>
      openLfm2(folder, { ...options, addition: adapter && adapterAddition(adapter) }),
  };
}

if (import.meta.main) {
  process.chdir(process.env.INIT_CWD ?? process.cwd());
  await runCommand((args, signal) => lmMain(args, ownContext(signal)));
}
