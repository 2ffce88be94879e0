// A model that was trained here as a folder like the hub's: what `openLfm2`, transformers and mlx-lm open.

import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeSafetensors } from "../../data/mod.ts";
import { type ArrayValue, formatShape } from "../../graph/mod.ts";
import { writeFileAtomic } from "../../process/mod.ts";
import { modelNotice, noticeMetadata, writeModelNotice } from "../model_notice.ts";
import { readLfm2Config } from "./config.ts";
import { lfm2Graph } from "./model.ts";

/** What belongs to a model's folder beside its weights. */
const COMPANIONS = [
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
];

/** A model to be written. */
export interface WrittenLfm2 {
  /** Content of `config.json`. */
  config: unknown;
  /** Values in float32 by transformers' names. */
  weights: Readonly<Record<string, ArrayValue>>;
  /** A folder whose tokenizer files are copied, and whose licence holds for what was trained from it. */
  origin?: string;
  /** What was done to the origin's model, for its notice. */
  change?: string;
}

/**
 * Writes `config.json`, `model.safetensors` in float32, and the origin's tokenizer.
 *
 * @throws {RangeError | TypeError} as `readLfm2Config`; naming a parameter that is missing or has another shape
 */
export async function writeLfm2Folder(
  folder: string,
  { config, weights, origin, change = "trained by Latent Lab" }: WrittenLfm2,
): Promise<void> {
  const { parameters } = lfm2Graph(readLfm2Config(config));
  const tensors = parameters.map(({ source: { name }, shape }) => {
    const value = weights[name];
    if (!value || formatShape(value.shape) !== formatShape(shape)) {
      const got = value ? formatShape(value.shape) : "none";
      throw new RangeError(`Cannot write ${folder}: expected ${name} ${formatShape(shape)}, got ${got}`);
    }
    return [name, { shape: value.shape, data: value.data as Float32Array }] as const;
  });
  await mkdir(folder, { recursive: true });
  const notice = origin === undefined ? null : modelNotice(origin);
  const metadata = { format: "pt", ...(notice && noticeMetadata(notice, change)) };
  await writeSafetensors(join(folder, "model.safetensors"), Object.fromEntries(tensors), metadata);
  await writeFileAtomic(join(folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  if (origin === undefined) return;
  for (const name of COMPANIONS) {
    if (existsSync(join(origin, name))) await copyFile(join(origin, name), join(folder, name));
  }
  if (notice) await writeModelNotice(folder, notice, change);
}
