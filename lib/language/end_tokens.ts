// Which tokens end a text: models name them in generation_config.json, some of them more than in config.json.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * The end tokens of `generation_config.json` in a model's folder, which transformers' generate goes by; null when it names none, and
 * the model's own `eosTokenIds` hold.
 *
 * @throws {TypeError} when the file is no JSON, or names something else than ids
 */
export async function readEndTokens(folder: string): Promise<number[] | null> {
  const path = join(folder, "generation_config.json");
  if (!existsSync(path)) return null;
  let fields: { eos_token_id?: unknown } | null;
  try {
    fields = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new TypeError(`Cannot read ${path}: expected JSON, got ${(error as Error).message}`);
  }
  const value = fields?.eos_token_id ?? null;
  if (value === null) return null;
  const ids: unknown[] = Array.isArray(value) ? value : [value];
  if (ids.every((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0)) return ids;
  throw new TypeError(`Cannot read ${path}: expected eos_token_id to be token ids, got ${JSON.stringify(value)}`);
}
