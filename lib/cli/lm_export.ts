// deno task lm export: a language model's folder as one .onnx file, with an adapter merged into it where one is named.

import { resolve } from "node:path";
import { lfm2Weights, readLfm2Folder } from "../models/lfm2/base_weights.ts";
import { lfm2Graph } from "../models/lfm2/model.ts";
import { modelNotice, noticeMetadata } from "../models/model_notice.ts";
import { writeFileAtomic } from "../process/mod.ts";
import { exportModel, mergeAdapter, planAdapter, readAdapter } from "../train/mod.ts";
import { CommandError, parseCommand } from "./command.ts";
import { exportDtype, exportedLines } from "./export.ts";
import { forUser, lmFolder } from "./lm_folder.ts";
import type { TrainContext } from "./lm_train.ts";

/** How to call it. */
export const LM_EXPORT_USAGE =
  "deno task lm export --model FOLDER|NAME [--adapter FOLDER] [--dtype fp32|fp16|int8|int4] --out FILE.onnx";

/** Runs `deno task lm export`. */
export async function lmExportMain(args: string[], { terminal, signal }: TrainContext): Promise<number> {
  const { values: { model, adapter, dtype, out }, positionals } = parseCommand(args, {
    model: { type: "string" },
    adapter: { type: "string" },
    dtype: { type: "string", default: "fp32" },
    out: { type: "string" },
  });
  if (positionals.length > 0 || model === undefined || out === undefined) {
    throw new CommandError(`Cannot export: expected --model and --out: ${LM_EXPORT_USAGE}`);
  }
  const exportedAs = exportDtype(dtype);
  const folder = lmFolder(model);
  try {
    // Every call reads whole texts: no caches go in or out.
    const forward = lfm2Graph(await readLfm2Folder(folder), { cached: false, logits: "all" });
    const read = adapter === undefined ? null : await readAdapter(resolve(adapter));
    if (read) planAdapter(forward, read); // before anything large is read
    const { weights } = await lfm2Weights(folder, {
      signal,
      onProgress: (done, total) => terminal.live(`Loading the weights: ${Math.floor(done / total * 100)}%`, false),
    });
    const notice = modelNotice(folder);
    const change = `${read ? "LoRA adapter merged, " : ""}exported to ONNX by Latent Lab`;
    const exported = await exportModel({
      forward,
      weights: read ? mergeAdapter(weights, read) : weights,
      ...(notice && { origin: noticeMetadata(notice, change) }),
    }, { dtype: exportedAs });
    await writeFileAtomic(resolve(out), exported.bytes);
    for (const line of exportedLines(out, exported)) terminal.line(line);
  } catch (error) {
    throw forUser(error);
  }
  return 0;
}
