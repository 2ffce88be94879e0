// Datasets: named float32 columns over the same rows, split into train, validation and test, loaded only when every file has the
// hash its manifest gives.

import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { projectPath, projectRoot, sha256Hex } from "../process/mod.ts";
import { datasetHash, type DatasetManifest, parseManifest, splitIndices, type SplitName } from "./manifest.ts";
import { isRandomDatasetName, randomDatasetByName, randomDatasetHash } from "./random_dataset.ts";
import { decodeSafetensors, toFloat32 } from "./safetensors.ts";
import { isOfKind } from "./checked_manifest.ts";
import { isWindowsSource, windowsBySource, windowsHash } from "./series/windows.ts";
import { parseTextTable } from "./texts/text_table.ts";

/** A numeric column: `shape[0]` rows, row-major. */
export interface Column {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A dataset in memory. */
export interface Dataset {
  readonly name: string;
  /** SHA-256 over the name, the files' hashes, columns and splits: the identity that results refer to. */
  readonly hash: string;
  readonly columns: Readonly<Record<string, Column>>;
  /** Text columns (`synset`, `split`, `text` in wordnet-20k), one string a row. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
  /** Row indices of each split, ascending. */
  readonly splits: Readonly<Record<SplitName, Uint32Array>>;
  readonly manifest: DatasetManifest;
  /** What {@link loadDataset} takes to load it again: a name under `data/`, or a folder. */
  readonly source: string;
}

/**
 * Loads a dataset and checks it: the manifest against its schema, each file against its SHA-256, tensors against the manifest's
 * shapes, and all values for being finite. Half-precision columns are converted to float32.
 *
 * @param nameOrFolder the name of a folder under `data/`, the name of a random dataset, the source of windows over a series, or the path of a
 *   folder elsewhere
 * @throws {TypeError} when the manifest is wrong or lacks provenance
 * @throws {RangeError} when a file's hash differs, or its contents do not fit the manifest
 *
 * @example
 * ```ts
 * import { loadDataset } from "lib/data/mod.ts";
 * const dataset = await loadDataset("wordnet-20k");
 * console.log(dataset.columns.embedding.shape, dataset.splits.validation.length); // [20000, 384] 2000
 * console.log(dataset.texts.text[0]); // a component that is added to something to improve it
 * ```
 */
export async function loadDataset(nameOrFolder: string): Promise<Dataset> {
  if (isRandomDatasetName(nameOrFolder)) return randomDatasetByName(nameOrFolder);
  if (isWindowsSource(nameOrFolder)) return (await windowsBySource(nameOrFolder)).dataset;
  const isName = /^[a-z0-9][a-z0-9-]*$/.test(nameOrFolder);
  const folder = isName ? projectPath("data", nameOrFolder) : resolve(nameOrFolder);
  const label = displayPath(join(folder, "manifest.json"));
  const json = await readJson(join(folder, "manifest.json"), nameOrFolder);
  if (isOfKind(json, "series")) {
    throw new RangeError(
      `Cannot load dataset: ${label} is a series, which loadSeries reads and windowsOf makes a dataset of`,
    );
  }
  if (isOfKind(json, "texts")) {
    throw new RangeError(`Cannot load dataset: ${label} is of texts without vectors, which loadTexts reads`);
  }
  const manifest = parseManifest(json, label);
  if (isName && manifest.name !== nameOrFolder) {
    throw new RangeError(`Cannot read ${label}: name: expected ${nameOrFolder}, got ${manifest.name}`);
  }
  const files = new Map<string, Uint8Array>();
  for (const name of Object.keys(manifest.files)) files.set(name, await readChecked(folder, name, manifest));
  return {
    name: manifest.name,
    hash: datasetHash(manifest),
    columns: readColumns(manifest, files, folder),
    texts: readTexts(manifest, files, folder),
    splits: splitIndices(manifest),
    manifest,
    source: isName ? nameOrFolder : folder,
  };
}

/**
 * The hash of a dataset that is on this machine, from its manifest alone; its files are checked when it is loaded. Null when it is
 * not here, or its manifest cannot be read.
 *
 * @param nameOrFolder as for `loadDataset`
 *
 * @example
 * ```ts
 * import { datasetHashHere, randomDataset } from "lib/data/mod.ts";
 * const { source, hash } = randomDataset({ rows: 50, width: 8, seed: 1 });
 * console.log(await datasetHashHere(source) === hash, await datasetHashHere("no-such-dataset")); // true null
 * ```
 */
export async function datasetHashHere(nameOrFolder: string): Promise<string | null> {
  if (isRandomDatasetName(nameOrFolder)) return randomDatasetHash(nameOrFolder);
  if (isWindowsSource(nameOrFolder)) return await windowsHash(nameOrFolder).catch(() => null);
  const isName = /^[a-z0-9][a-z0-9-]*$/.test(nameOrFolder);
  const path = join(isName ? projectPath("data", nameOrFolder) : resolve(nameOrFolder), "manifest.json");
  try {
    return datasetHash(parseManifest(JSON.parse(await readFile(path, "utf8")), path));
  } catch {
    return null;
  }
}

/**
 * A column of a dataset.
 *
 * @throws {RangeError} naming the columns there are
 */
export function columnOf(dataset: Dataset, name: string): Column {
  if (Object.hasOwn(dataset.columns, name)) return dataset.columns[name];
  const known = Object.keys(dataset.columns).join(", ");
  throw new RangeError(`Cannot find column in ${dataset.name}: expected one of ${known}, got "${name}"`);
}

/** Inside the project paths are shown from its root: messages must not depend on where it was cloned. */
function displayPath(path: string): string {
  const inside = relative(projectRoot(), path);
  return inside.startsWith("..") ? path : inside;
}

async function readJson(path: string, asked: string): Promise<unknown> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
    throw new RangeError(
      `Cannot load dataset: expected ${await knownDatasets()} or a folder with a manifest.json, got "${asked}"`,
    );
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new TypeError(`Cannot read ${displayPath(path)}: ${(error as Error).message}`);
  }
}

async function knownDatasets(): Promise<string> {
  const names: string[] = [];
  for (const entry of await readdir(projectPath("data"), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const manifest = await readFile(projectPath("data", entry.name, "manifest.json"), "utf8").catch(() => null);
    const json = manifest === null ? null : JSON.parse(manifest);
    if (json !== null && !isOfKind(json, "series") && !isOfKind(json, "texts")) names.push(`"${entry.name}"`);
  }
  return names.sort().join(" or ");
}

async function readChecked(folder: string, name: string, manifest: DatasetManifest): Promise<Uint8Array> {
  const path = displayPath(join(folder, name));
  const rebuild = `rebuild it with: ${manifest.build.command}`;
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, name));
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
    throw new RangeError(`Cannot read ${path}: expected a file, got none; ${rebuild}`);
  }
  const got = sha256Hex(bytes);
  const expected = manifest.files[name];
  if (got !== expected.sha256) {
    const sizes = bytes.byteLength === expected.bytes
      ? ""
      : ` (${bytes.byteLength} bytes in place of ${expected.bytes})`;
    throw new RangeError(`Cannot read ${path}: expected SHA-256 ${expected.sha256}, got ${got}${sizes}; ${rebuild}`);
  }
  return bytes;
}

function readColumns(
  manifest: DatasetManifest,
  files: Map<string, Uint8Array>,
  folder: string,
): Record<string, Column> {
  return Object.fromEntries(
    Object.entries(manifest.columns).map(([name, { file, tensor, shape }]) => {
      const path = displayPath(join(folder, file));
      const stored = decodeSafetensors(files.get(file) ?? new Uint8Array(), path).tensors[tensor];
      if (!stored) throw new RangeError(`Cannot read ${path}: expected a tensor "${tensor}", got none`);
      if (stored.shape.join() !== shape.join()) {
        throw new RangeError(`Cannot read ${path}: expected "${tensor}" of [${shape}], got [${stored.shape}]`);
      }
      const data = toFloat32(stored);
      const wrong = data.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) {
        const row = Math.floor(wrong / (data.length / shape[0]));
        throw new RangeError(
          `Cannot read ${path}: expected finite values, got ${data[wrong]} in row ${row} of "${tensor}"`,
        );
      }
      return [name, { dtype: "float32", shape, data }];
    }),
  );
}

function readTexts(
  manifest: DatasetManifest,
  files: Map<string, Uint8Array>,
  folder: string,
): Record<string, string[]> {
  if (!manifest.texts) return {};
  const { file, columns } = manifest.texts;
  const path = displayPath(join(folder, file));
  return parseTextTable(files.get(file) ?? new Uint8Array(), { columns, rows: manifest.count, path });
}
