// Reading data/wordnet-lemmas: the dataset of vectors with its tables of relations, glosses and cases.

import { readFile } from "node:fs/promises";
import { projectPath, sha256Hex } from "../../process/mod.ts";
import { type Dataset, loadDataset } from "../dataset.ts";
import { type AnalogyCases, parseAnalogyCases } from "./analogy_cases.ts";
import { TABLES } from "./lemma_files.ts";
import type { GlossLemmas } from "./lemma_vocabulary.ts";
import type { RelationPair, WordNetRelation } from "./relations.ts";

/** A vocabulary with vectors, and what can be asked in it. */
export interface WordNetLemmas {
  readonly dataset: Dataset;
  /** Row i of the dataset's column `embedding` belongs to lemma i. */
  readonly lemmas: readonly string[];
  readonly pairs: readonly RelationPair[];
  readonly glosses: readonly GlossLemmas[];
  readonly cases: AnalogyCases;
}

/**
 * Loads `wordnet-lemmas` with its tables, each checked against the manifest's hash.
 *
 * @throws {RangeError} when a file is missing or has another hash
 *
 * @example
 * ```ts
 * import { loadWordNetLemmas } from "lib/data/mod.ts";
 * const { lemmas, pairs, cases } = await loadWordNetLemmas();
 * console.log(lemmas.length, pairs.length > 2000, cases.cases.length); // 7998 true 15
 * ```
 */
export async function loadWordNetLemmas(): Promise<WordNetLemmas> {
  const dataset = await loadDataset("wordnet-lemmas");
  const relations = parseTable(await readText(dataset, "relations.tsv"), "relations.tsv");
  const glosses = parseTable(await readText(dataset, "glosses.tsv"), "glosses.tsv");
  return {
    dataset,
    lemmas: dataset.texts.lemma,
    pairs: relations.map(([relation, partsOfSpeech, source, target, sourceSynset, targetSynset]) => ({
      relation: relation as WordNetRelation,
      partsOfSpeech,
      source,
      target,
      sourceSynset,
      targetSynset,
    })),
    glosses: glosses.map(([synset, split, lemmas]) => ({ synset, split, lemmas: lemmas.split("|") })),
    cases: parseAnalogyCases(JSON.parse(await readText(dataset, "cases.json")), "data/wordnet-lemmas/cases.json"),
  };
}

async function readText({ manifest }: Dataset, name: string): Promise<string> {
  const bytes = await readFile(projectPath("data", "wordnet-lemmas", name));
  const expected = manifest.files[name]?.sha256;
  if (sha256Hex(bytes) === expected) return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  throw new RangeError(
    `Cannot read data/wordnet-lemmas/${name}: expected SHA-256 ${expected}, got ${sha256Hex(bytes)}`,
  );
}

/** Rows of a table whose first line names the columns. */
export function parseTable(text: string, name: keyof typeof TABLES): string[][] {
  const [header, ...rows] = text.replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
  const columns = TABLES[name];
  if (header.join() !== columns.join()) {
    throw new TypeError(`Cannot read ${name}: expected the columns ${columns.join(", ")}, got ${header.join(", ")}`);
  }
  const wrong = rows.findIndex(({ length }) => length !== columns.length);
  if (wrong < 0) return rows;
  throw new TypeError(
    `Cannot read ${name}: expected ${columns.length} fields in row ${wrong}, got ${rows[wrong].length}`,
  );
}
