// Language models that `deno task model` fetches: where each comes from, at which revision, and under which licence.
// Neither weights nor tokenizers nor licence texts are in this repository.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { projectPath } from "../process/mod.ts";

/** Where a model comes from. */
export interface ModelSource {
  /** Name of its folder and of the command's argument. */
  readonly name: string;
  /** Repository on the Hugging Face hub. */
  readonly repository: string;
  /** Commit of the repository: 40 hexadecimal digits. */
  readonly revision: string;
  readonly licence: { readonly name: string; readonly url: string };
  /** SHA-256 of files that is known beforehand, by name. What is not here is checked against the hub's own listing of the revision. */
  readonly sha256: Readonly<Record<string, string>>;
}

/**
 * LFM2-1.2B by Liquid AI. The hub could not be reached where this was written: the revision and the SHA-256 of the weights are those that
 * several public projects quote for this model, and were not downloaded. The hashes of the small files are not pinned here; they are
 * checked against what the hub lists for the revision, and kept from the first fetch on.
 */
export const LFM2_1_2B_SOURCE: ModelSource = {
  name: "lfm2-1.2b",
  repository: "LiquidAI/LFM2-1.2B",
  revision: "933cee00d754fb3bfe06c644c0cb95453f2d8bb2",
  licence: { name: "LFM Open License v1.0", url: "https://www.liquid.ai/lfm-open-license-v1.0" },
  sha256: { "model.safetensors": "60fef6ef4481c533ce7427793bed50200b55b3c68d0d00c52bc56f207a9acecd" },
};

/** Models that can be fetched. */
export const MODEL_SOURCES: readonly ModelSource[] = [LFM2_1_2B_SOURCE];

/** Name of the file that says what a fetched folder holds. */
export const MODEL_MANIFEST = "model.json";

/** A file of a fetched model. */
export interface FetchedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** What `model.json` says of its folder. */
export interface ModelManifest {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly repository: string;
  /** Null when the files came from a folder that does not say. */
  readonly revision: string | null;
  readonly licence: { readonly name: string; readonly url: string };
  readonly files: Readonly<Record<string, FetchedFile>>;
}

/** Where `deno task model` puts a model: below LATENT_LAB_MODELS, or data/models. An absolute path is itself. */
export function modelFolder(name: string): string {
  return resolve(process.env.LATENT_LAB_MODELS || projectPath("data", "models"), name);
}

/**
 * What a fetched folder holds; null when it was not fetched.
 *
 * @throws {TypeError} when its `model.json` is not one
 */
export function readModelManifest(folder: string): ModelManifest | null {
  const path = join(folder, MODEL_MANIFEST);
  if (!existsSync(path)) return null;
  let manifest: ModelManifest;
  try {
    manifest = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new TypeError(`Cannot read ${path}: expected JSON, got ${(error as Error).message}`);
  }
  if (manifest?.schemaVersion === 1 && typeof manifest.files === "object" && manifest.files !== null) return manifest;
  throw new TypeError(`Cannot read ${path}: expected a manifest of version 1, got version ${manifest?.schemaVersion}`);
}
