// deno task data: builds the datasets of this project from WordNet and the teacher, or makes one of one's own vectors.

import { resolve } from "node:path";
import process from "node:process";
import { importDataset } from "../data/mod.ts";
import { projectPath } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { buildKjv } from "./data/kjv.ts";
import { buildCorpus, buildLemmas, type BuildOptions } from "./data/wordnet.ts";
import { buildWti } from "./data/wti.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const USAGE = `deno task data wordnet-20k | wordnet-lemmas | wordnet-220k [--check] [--threads N] [--batch N]
deno task data wti --wheel FILE [--check]
deno task data kjv-1mb --deb FILE [--check]
deno task data import FILE [--texts FILE] [--name NAME] [--tensor NAME] [--origin TEXT] [--licence TEXT] [--seed N] [--force]`;

type Context = { terminal: Terminal; signal: AbortSignal };

/** Runs `deno task data`. */
export async function dataMain(args: string[], context: Context): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case "wordnet-20k":
    case "wordnet-220k":
      await buildCorpus(command, projectPath("data", command), buildOptions(rest, context));
      return 0;
    case "wordnet-lemmas":
      await buildLemmas(projectPath("data", command), buildOptions(rest, context));
      return 0;
    case "wti":
      await wtiMain(rest, context.terminal);
      return 0;
    case "kjv-1mb":
      await kjvMain(rest, context.terminal);
      return 0;
    case "import":
      return await importMain(rest, context.terminal);
    case "--help":
    case "-h":
      context.terminal.line(USAGE);
      return 0;
    default:
      throw new CommandError(`Cannot build data: expected a dataset or import, got ${command ?? "nothing"}:\n${USAGE}`);
  }
}

async function wtiMain(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = parseCommand(args, {
    wheel: { type: "string" },
    check: { type: "boolean", default: false },
  });
  if (values.wheel === undefined || positionals.length > 0) {
    throw new CommandError("Cannot build wti: expected --wheel FILE; pip download --no-deps arch fetches one");
  }
  await buildWti(projectPath("data", "wti"), { wheel: resolve(values.wheel), check: values.check, terminal });
}

async function kjvMain(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = parseCommand(args, {
    deb: { type: "string" },
    check: { type: "boolean", default: false },
  });
  if (values.deb === undefined || positionals.length > 0) {
    throw new CommandError(
      "Cannot build kjv-1mb: expected --deb FILE; apt-get download bible-kjv-text fetches one",
    );
  }
  await buildKjv(projectPath("data", "kjv-1mb"), { deb: resolve(values.deb), check: values.check, terminal });
}

/** Options of `deno task data wordnet-...`. */
export function buildOptions(args: string[], context: Context): BuildOptions {
  const { values, positionals } = parseCommand(args, {
    check: { type: "boolean", default: false },
    threads: { type: "string", default: "0" },
    batch: { type: "string", default: "64" },
  });
  if (positionals.length > 0) throw new CommandError(`Cannot build data: expected options only, got ${positionals[0]}`);
  return {
    check: values.check,
    threads: count("threads", values.threads, 0),
    batchSize: count("batch", values.batch, 1),
    ...context,
  };
}

function count(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new CommandError(`Cannot build data: expected --${name} to be an integer from ${least}, got "${text}"`);
}

/** Runs `deno task data import`; `parent` is the folder of datasets. */
export async function importMain(args: string[], terminal: Terminal, parent = projectPath("data")): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    texts: { type: "string" },
    name: { type: "string" },
    tensor: { type: "string" },
    origin: { type: "string" },
    licence: { type: "string" },
    seed: { type: "string", default: "1" },
    force: { type: "boolean", default: false },
  });
  if (positionals.length !== 1) throw new CommandError(`Cannot import: expected one file: ${USAGE.split("\n").at(-1)}`);
  const { texts, seed, ...options } = values;
  const [file] = positionals;
  const { folder, manifest, duplicates } = await importDataset(resolve(file), {
    ...options,
    texts: texts === undefined ? null : resolve(texts),
    seed: count("seed", seed, 0),
    parent,
  }).catch((error) => {
    const isMissing = (error as { code?: string }).code === "ENOENT";
    if (isMissing) throw new CommandError(`Cannot import: there is no file ${error.path ?? file}`);
    if (error instanceof RangeError || error instanceof TypeError) throw new CommandError(error.message);
    throw error;
  });
  const { train, validation, test } = manifest.splits;
  if (duplicates > 0) {
    terminal.line(`${duplicates} rows repeat an earlier one and were left out: they could stand in two splits`);
  }
  terminal.line(
    `${folder}: ${manifest.count} rows of ${manifest.width} ${manifest.dtype}, ` +
      `train ${train.end - train.start}, validation ${validation.end - validation.start}, test ${
        test.end - test.start
      }`,
  );
  terminal.line(`loadDataset("${manifest.name}") reads it; git ignores it`);
  return 0;
}

if (import.meta.main) {
  process.chdir(process.env.INIT_CWD ?? process.cwd());
  await runCommand((args, signal) => dataMain(args, { terminal: ownTerminal(), signal }));
}
