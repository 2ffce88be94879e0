// deno task lm fuse: an adapter merged into the weights of its model, as a folder that generates without it.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readLfm2Folder } from "../models/lfm2/base_weights.ts";
import { lfm2Graph } from "../models/lfm2/model.ts";
import { mergeIntoFolder, planAdapter, readAdapter } from "../train/mod.ts";
import { CommandError, parseCommand } from "./command.ts";
import { forUser, lmFolder } from "./lm_folder.ts";
import type { TrainContext } from "./lm_train.ts";

/** How to call it. */
export const FUSE_USAGE = "deno task lm fuse --model FOLDER|NAME --adapter FOLDER --out FOLDER";

/** Runs `deno task lm fuse`. */
export async function fuseMain(args: string[], { terminal, signal }: TrainContext): Promise<number> {
  const { values: { model, adapter, out }, positionals } = parseCommand(args, {
    model: { type: "string" },
    adapter: { type: "string" },
    out: { type: "string" },
  });
  if (positionals.length > 0 || adapter === undefined || out === undefined || model === undefined) {
    throw new CommandError(`Cannot fuse: expected --model, --adapter and --out: ${FUSE_USAGE}`);
  }
  const [folder, target] = [lmFolder(model), resolve(out)];
  if (existsSync(target) && target === folder) {
    throw new CommandError(`Cannot fuse: expected --out to be another folder than the model's, got ${target}`);
  }
  try {
    const read = await readAdapter(resolve(adapter));
    planAdapter(lfm2Graph(await readLfm2Folder(folder)), read); // before anything large is read
    await mergeIntoFolder(folder, read, target, {
      signal,
      onProgress: (done: number, total: number) => terminal.live(`Merging: ${Math.floor(done / total * 100)}%`, false),
    });
  } catch (error) {
    throw forUser(error);
  }
  terminal.line(`Merged into ${target}`);
  return 0;
}
