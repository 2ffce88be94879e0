// Texts with provenance and splits, for language models: those of a dataset of vectors without its vectors, and folders of texts alone.

import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { projectPath, projectRoot, sha256Hex } from "../../process/mod.ts";
import { datasetHash, type DatasetManifest, parseManifest, type SplitName } from "../manifest.ts";
import { isOfKind } from "../checked_manifest.ts";
import type { Provenance } from "../series/provenance.ts";
import { parseTextTable } from "./text_table.ts";
import { parseTextsManifest, textsHash, type TextsManifest } from "./texts_manifest.ts";

/** Texts in memory, in the order of their file. */
export interface TextCorpus {
  readonly name: string;
  readonly title: string;
  /** The identity that results refer to: that of the dataset, where they are part of one. */
  readonly hash: string;
  readonly provenance: Provenance;
  /** One a row. */
  readonly texts: readonly string[];
  /** What each row is called: a synset, a verse. */
  readonly keys: readonly string[];
  /** Row indices of each split, ascending. */
  readonly splits: Readonly<Record<SplitName, Uint32Array>>;
}

/**
 * Loads the texts of a folder under `data/` and checks them: hash, columns, number of rows, splits.
 *
 * @param name of a dataset that has texts ("wordnet-20k"), or of texts alone ("kjv-1mb")
 * @throws {TypeError} when the manifest is wrong or lacks provenance
 * @throws {RangeError} when there is no such folder, it has no texts, or a file is not what the manifest says
 *
 * @example
 * ```ts
 * import { loadTexts } from "lib/data/mod.ts";
 * const { texts, keys, splits } = await loadTexts("wordnet-20k");
 * console.log(keys[0], texts[0], splits.test.length); // 02682269-n a component that is added ... 2000
 * ```
 */
export async function loadTexts(name: string): Promise<TextCorpus> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    throw new RangeError(`Cannot load texts: expected the name of a folder under data/, got "${name}"`);
  }
  return await loadTextsOf(projectPath("data", name), name);
}

/** Those of any folder, whose manifest has this name. */
export async function loadTextsOf(folder: string, name: string): Promise<TextCorpus> {
  const label = shown(join(folder, "manifest.json"));
  const facts = await factsOf(folder, name, label);
  const path = shown(join(folder, facts.file));
  const bytes = await readFile(join(folder, facts.file)).catch((error) => {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
    throw new RangeError(`Cannot read ${path}: expected a file, got none; rebuild it with: ${facts.command}`);
  });
  const got = sha256Hex(bytes);
  if (got !== facts.sha256) {
    throw new RangeError(
      `Cannot read ${path}: expected SHA-256 ${facts.sha256}, got ${got}; rebuild it with: ${facts.command}`,
    );
  }
  const { columns, rows } = facts;
  const table = parseTextTable(bytes, { columns, rows, path });
  const splits = splitsOf(table.split, path);
  for (const [split, count] of Object.entries(facts.splits)) {
    const { length } = splits[split as SplitName];
    if (length !== count) {
      throw new RangeError(`Cannot read ${path}: expected ${count} rows of ${split}, got ${length}`);
    }
  }
  const { title, hash, provenance } = facts;
  return { name, title, hash, provenance, texts: table.text, keys: table[columns[0]], splits };
}

interface TextFacts {
  title: string;
  hash: string;
  provenance: Provenance;
  file: string;
  sha256: string;
  columns: readonly string[];
  rows: number;
  splits: Record<SplitName, number>;
  command: string;
}

async function factsOf(folder: string, name: string, label: string): Promise<TextFacts> {
  const content = await readFile(join(folder, "manifest.json"), "utf8").catch(() => null);
  if (content === null) {
    throw new RangeError(`Cannot load texts: expected a folder data/${name} with a manifest.json, got none`);
  }
  const json: unknown = JSON.parse(content);
  if (isOfKind(json, "series")) {
    throw new RangeError(`Cannot load texts: data/${name} is a series, which loadSeries reads`);
  }
  const facts = isOfKind(json, "texts")
    ? ofTexts(parseTextsManifest(json, label))
    : ofDataset(parseManifest(json, label));
  if (facts.name === name) return facts;
  throw new RangeError(`Cannot read ${label}: name: expected ${name}, got ${facts.name}`);
}

function ofTexts(manifest: TextsManifest): TextFacts & { name: string } {
  const { name, title, file, columns, rows, splits, files, build } = manifest;
  return {
    ...{ name, title, file, columns, rows, splits },
    hash: textsHash(manifest),
    provenance: provenanceOf(manifest),
    sha256: files[file].sha256,
    command: build.command,
  };
}

function ofDataset(manifest: DatasetManifest): TextFacts & { name: string } {
  const { name, title, texts, count, splits, files, build } = manifest;
  if (texts === null) throw new RangeError(`Cannot load texts: the dataset ${name} has none`);
  const lengthOf = ({ start, end }: { start: number; end: number }) => end - start;
  return {
    ...{ name, title, file: texts.file, columns: texts.columns, rows: count },
    hash: datasetHash(manifest),
    provenance: provenanceOf(manifest),
    sha256: files[texts.file].sha256,
    splits: {
      train: lengthOf(splits.train),
      validation: lengthOf(splits.validation),
      test: lengthOf(splits.test),
    },
    command: build.command,
  };
}

function provenanceOf({ origin, licence }: Pick<TextsManifest | DatasetManifest, "origin" | "licence">): Provenance {
  return {
    origin: origin.map(({ name, version, obtainedFrom }) => `${name} ${version}, ${obtainedFrom}`).join("; "),
    terms: licence.notice === undefined ? licence.name : `${licence.name}: ${licence.notice}`,
  };
}

function splitsOf(names: readonly string[], path: string): Record<SplitName, Uint32Array> {
  const rows: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  names.forEach((name, i) => {
    if (!Object.hasOwn(rows, name)) {
      throw new RangeError(`Cannot read ${path}: expected train, validation or test in row ${i}, got "${name}"`);
    }
    rows[name as SplitName].push(i);
  });
  return {
    train: Uint32Array.from(rows.train),
    validation: Uint32Array.from(rows.validation),
    test: Uint32Array.from(rows.test),
  };
}

function shown(path: string): string {
  const inside = relative(projectRoot(), path);
  return inside.startsWith("..") ? path : inside;
}
