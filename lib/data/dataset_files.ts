// Writing a dataset's folder: vectors, texts and licence, and last the manifest with their hashes, so that a folder that was not
// finished has none and does not load.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex, writeFileAtomic } from "../process/mod.ts";
import { type DatasetManifest, parseManifest, type SplitName } from "./manifest.ts";
import { encodeSafetensors } from "./safetensors.ts";

/** Vectors of a dataset: float16 as bit patterns, or wider. */
export type VectorsToWrite =
  | { readonly dtype: "F16" | "BF16"; readonly width: number; readonly data: Uint16Array }
  | { readonly dtype: "F32"; readonly width: number; readonly data: Float32Array }
  | { readonly dtype: "F64"; readonly width: number; readonly data: Float64Array };

/** What a manifest says that does not follow from the files. */
export type ManifestFacts = Pick<DatasetManifest, "name" | "title" | "origin" | "licence" | "model" | "build">;

/** Contents of a dataset. */
export interface DatasetToWrite {
  readonly facts: ManifestFacts;
  /** Row-major, in the order of the splits. */
  readonly vectors: VectorsToWrite;
  /** Rows of each split; they stand in the order train, validation, test. */
  readonly counts: Readonly<Record<SplitName, number>>;
  /** Fields of each row, without tabs and line feeds; null where there are no texts. */
  readonly texts: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] } | null;
  /** Text of LICENSE, named by `facts.licence.file`. */
  readonly licenceText?: string;
}

/** A table of texts as the bytes of a `texts.tsv`. */
export function textTable(columns: readonly string[], rows: readonly (readonly string[])[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode([columns, ...rows].map((row) => `${row.join("\t")}\n`).join(""));
}

/**
 * Writes a dataset into a folder; `loadDataset` then reads it.
 *
 * @returns the manifest
 * @throws {TypeError} when the manifest would be refused
 * @throws {RangeError} when vectors and texts are not as many as the splits have rows
 */
export async function writeDataset(folder: string, dataset: DatasetToWrite): Promise<DatasetManifest> {
  const { facts, vectors, counts, texts, licenceText } = dataset;
  const rows = counts.train + counts.validation + counts.test;
  const got = vectors.data.length / vectors.width;
  if (got !== rows || (texts && texts.rows.length !== rows)) {
    throw new RangeError(
      `Cannot write ${facts.name}: expected ${rows} rows, got ${got} vectors, ${texts?.rows.length ?? "no"} texts`,
    );
  }
  const { dtype, data, width } = vectors;
  const files: Record<string, Uint8Array> = {
    ...(licenceText !== undefined && { "LICENSE": new TextEncoder().encode(licenceText) }),
    "embeddings.safetensors": encodeSafetensors({ embedding: { dtype, shape: [rows, width], data } }),
    ...(texts && { "texts.tsv": textTable(texts.columns, texts.rows) }),
  };
  const manifest = parseManifest({
    schemaVersion: 1,
    name: facts.name,
    title: facts.title,
    synthetic: false,
    origin: facts.origin,
    licence: facts.licence,
    model: facts.model,
    count: rows,
    width,
    dtype,
    columns: { embedding: { file: "embeddings.safetensors", tensor: "embedding", shape: [rows, width] } },
    texts: texts && { file: "texts.tsv", columns: texts.columns },
    splits: {
      train: { start: 0, end: counts.train },
      validation: { start: counts.train, end: counts.train + counts.validation },
      test: { start: counts.train + counts.validation, end: rows },
    },
    files: Object.fromEntries(
      Object.entries(files).map(([name, bytes]) => [name, { bytes: bytes.byteLength, sha256: sha256Hex(bytes) }]),
    ),
    build: facts.build,
  }, join(folder, "manifest.json"));
  await rm(join(folder, "manifest.json"), { force: true });
  for (const [name, bytes] of Object.entries(files)) await writeFileAtomic(join(folder, name), bytes);
  await writeFileAtomic(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}
