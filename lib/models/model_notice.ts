// The notice that goes with whatever is derived from a fetched model: adapters, merged or quantized weights, exported graphs. Licences
// such as LFM Open License v1.0 ask for a copy of the licence, and that changed files say so.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../process/mod.ts";
import { readModelManifest } from "./fetched_models.ts";

/** Names of the licence and of the notice beside derived files. */
export const NOTICE_FILES = { licence: "LICENSE", notice: "NOTICE" } as const;

/** What must go with files derived from a model. */
export interface ModelNotice {
  /** `LiquidAI/LFM2-1.2B at revision 933c…`. */
  readonly model: string;
  readonly licence: { readonly name: string; readonly url: string };
  /** Text of the licence. */
  readonly licenceText: string;
  /** The model's own notices, which stay. Empty when it has none. */
  readonly noticeText: string;
}

/**
 * The notice of a model's folder; null when the folder has no licence to pass on (a model made here).
 *
 * @throws {RangeError} when the folder was fetched, and its licence is gone
 */
export function modelNotice(folder: string): ModelNotice | null {
  const manifest = readModelManifest(folder);
  const licence = readText(join(folder, NOTICE_FILES.licence));
  const noticeText = readText(join(folder, NOTICE_FILES.notice)) ?? "";
  if (licence === null) {
    if (manifest === null) return null;
    throw new RangeError(
      `Cannot derive from ${folder}: expected the licence of ${manifest.repository}, got no LICENSE`,
    );
  }
  if (manifest === null) {
    return { model: "a model", licence: { name: "its licence", url: "" }, licenceText: licence, noticeText };
  }
  const revision = manifest.revision === null ? "" : ` at revision ${manifest.revision}`;
  return { model: manifest.repository + revision, licence: manifest.licence, licenceText: licence, noticeText };
}

const readText = (path: string): string | null => (existsSync(path) ? readFileSync(path, "utf8") : null);

/**
 * Fields for the header of a derived file (safetensors, ONNX).
 *
 * @param change what was done: "quantized to int4 by Latent Lab"
 */
export function noticeMetadata({ model, licence }: ModelNotice, change: string): Record<string, string> {
  return { base_model: model, base_model_license: licence.name, base_model_license_url: licence.url, changes: change };
}

/**
 * Writes LICENSE and NOTICE into a folder of derived files.
 *
 * @param change what was done: "LoRA adapter merged by Latent Lab"
 *
 * @example
 * ```ts
 * import { modelNotice, writeModelNotice } from "lib/models/model_notice.ts";
 * import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
 * const folder = mkdtempSync("/tmp/example-");
 * writeFileSync(`${folder}/LICENSE`, "You may do this and that.\n");
 * await writeModelNotice(`${folder}/adapter`, modelNotice(folder)!, "LoRA adapter");
 * console.log(readFileSync(`${folder}/adapter/NOTICE`, "utf8").includes("LoRA adapter")); // true
 * rmSync(folder, { recursive: true });
 * ```
 */
export async function writeModelNotice(folder: string, notice: ModelNotice, change: string): Promise<void> {
  const { model, licence, licenceText, noticeText } = notice;
  const url = licence.url === "" ? "" : ` (${licence.url})`;
  const text = `These files were derived from ${model} and changed: ${change}.\n` +
    `They are under ${licence.name}${url}; its text is in the file LICENSE.\n${
      noticeText === "" ? "" : `\n${noticeText}`
    }`;
  await writeFileAtomic(join(folder, NOTICE_FILES.licence), licenceText);
  await writeFileAtomic(join(folder, NOTICE_FILES.notice), text);
}
