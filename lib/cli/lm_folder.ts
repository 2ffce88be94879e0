// Which model is meant at the command line, and what of its problems a user can mend.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { LFM2_1_2B_SOURCE, modelFolder } from "../models/fetched_models.ts";
import { CommandError } from "./command.ts";

/**
 * The folder that is meant: a path, or the name of a fetched model; by default that which `deno task model` fetches.
 *
 * @throws {CommandError} when there is none
 */
export function lmFolder(model: string | null): string {
  const name = model ?? LFM2_1_2B_SOURCE.name;
  const isName = /^[\w.-]+$/.test(name) && !existsSync(join(resolve(name), "config.json"));
  const folder = isName ? modelFolder(name) : resolve(name);
  if (existsSync(join(folder, "config.json"))) return folder;
  const advice = name === LFM2_1_2B_SOURCE.name ? `; deno task model ${name} fetches it` : "";
  throw new CommandError(`Cannot open a model: expected a folder with config.json, got none at ${folder}${advice}`);
}

/**
 * What the model's files, texts or the options lack is the user's to mend, and the library says it as `Cannot …: expected …`; all else
 * keeps its stack.
 */
export function forUser(error: unknown): unknown {
  const isTold = error instanceof Error && /^(Cannot|Training diverged)[^\n:]*: /.test(error.message);
  return isTold && !(error instanceof CommandError) ? new CommandError(error.message) : error;
}
