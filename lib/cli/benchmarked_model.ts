// Which model the benchmarks of language models measure: the one that is named, or one of LFM2-1.2B's shapes with random weights, written
// once for all of them.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { writeRandomLfm2 } from "../models/lfm2/random_model.ts";
import { projectPath } from "../process/mod.ts";
import { CommandError } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** The folder that `--model` names, from where the command was called; null: the random model's. */
export async function benchmarkedModel(
  model: string | null,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<string> {
  if (model === null) return await randomLanguageModel(terminal, signal);
  const folder = resolve(process.env.INIT_CWD ?? process.cwd(), model);
  if (existsSync(join(folder, "config.json"))) return folder;
  throw new CommandError(`Cannot benchmark: expected a model's folder with config.json, got none at ${folder}`);
}

async function randomLanguageModel(terminal: Terminal, signal?: AbortSignal): Promise<string> {
  const folder = projectPath(".cache", "lfm2-1.2b-random");
  // config.json is written last: with it, the weights are whole.
  if (existsSync(join(folder, "config.json"))) return folder;
  terminal.line(`Writing a model of LFM2-1.2B's shapes with random weights, 2.3 GB, to ${folder}`);
  await writeRandomLfm2(folder, { signal });
  return folder;
}
