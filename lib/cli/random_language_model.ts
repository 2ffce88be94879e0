// The model of LFM2-1.2B's shapes with random weights that benchmarks measure where there is no other: written once, for all of them.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeRandomLfm2 } from "../models/lfm2/random_model.ts";
import { projectPath } from "../process/mod.ts";
import type { Terminal } from "./terminal.ts";

/** Its folder; written the first time. */
export async function randomLanguageModel(terminal: Terminal, signal?: AbortSignal): Promise<string> {
  const folder = projectPath(".cache", "lfm2-1.2b-random");
  // config.json is written last: with it, the weights are whole.
  if (existsSync(join(folder, "config.json"))) return folder;
  terminal.line(`Writing a model of LFM2-1.2B's shapes with random weights, 2.3 GB, to ${folder}`);
  await writeRandomLfm2(folder, { signal });
  return folder;
}
