// The vocabulary in which analogies and the reverse dictionary are asked: about 8,000 of WordNet's lemmas, chosen by a rule that
// any program can repeat.

import { sha256Hex } from "../../process/mod.ts";
import type { Synset, WordNet } from "./database.ts";
import { pairKey, type RelationPair, relationPairs, type WordNetRelation } from "./relations.ts";

/** Why a lemma is in the vocabulary. */
export type LemmaSource = "cases" | "glosses" | "relations";

/** A row of lemmas.tsv. */
export interface Lemma {
  /** In lower case, words separated by spaces. */
  readonly lemma: string;
  /** How often its senses were tagged in WordNet's concordance. */
  readonly tagCount: number;
  readonly sources: readonly LemmaSource[];
}

/** A row of glosses.tsv: a synset of wordnet-20k and those of its lemmas that are in the vocabulary, at least one. */
export interface GlossLemmas {
  readonly synset: string;
  readonly split: string;
  readonly lemmas: readonly string[];
}

/** A vocabulary with the tables over it. */
export interface LemmaVocabulary {
  /** Ordered by SHA-256 of `<seed>:<lemma>`. */
  readonly lemmas: readonly Lemma[];
  /** Every pair of {@link relationPairs} with both words in the vocabulary, by relation, then source, then target. */
  readonly pairs: readonly RelationPair[];
  /** In the order of the dataset's rows. */
  readonly glosses: readonly GlossLemmas[];
  /** Pairs of each relation that the vocabulary was chosen for; more may have come in with other words. */
  readonly pairsPerRelation: number;
}

/** What {@link chooseLemmas} takes besides WordNet. */
export interface LemmaChoice {
  /** Words that must be there. */
  readonly caseWords: readonly string[];
  /** Synsets of a dataset of glosses with their split; all lemmas of `test` must be there. */
  readonly glosses: readonly { readonly synset: string; readonly split: string }[];
  /** Most lemmas. */
  readonly size: number;
  readonly seed: number;
}

/** One whole cannot bring in all its parts: of 3,500 instances, 500 are cities. */
const PAIRS_PER_TARGET = 15;

/**
 * Chooses the vocabulary: the cases' words, all lemmas of the test split's synsets, and the words of the first q pairs of each
 * relation, where q is the largest number, the same for all relations, that stays within `size`. The pairs of a relation are ordered by the smaller tag
 * count of their two words, then the larger, then SHA-256 of `<seed>:<relation>:<source>:<target>`; after 15 pairs with
 * the same target the others are passed over.
 *
 * @throws {RangeError} when `size` is too small for the cases and glosses, or a gloss names an unknown synset
 */
export function chooseLemmas(wordnet: WordNet, { caseWords, glosses, size, seed }: LemmaChoice): LemmaVocabulary {
  const byId = new Map<string, Synset>([...wordnet.synsets.values()].map((synset) => [synset.id, synset]));
  const glossLemmas = glosses.map(({ synset, split }) => {
    const found = byId.get(synset);
    if (!found) throw new RangeError(`Cannot choose lemmas: expected a synset of WordNet, got ${synset}`);
    return { synset, split, lemmas: [...new Set(found.words.map((word) => word.toLowerCase()))] };
  });
  const sources = new Map<string, Set<LemmaSource>>();
  const add = (lemma: string, source: LemmaSource) => {
    const known = sources.get(lemma);
    if (known) known.add(source);
    else sources.set(lemma, new Set([source]));
  };
  for (const word of caseWords) add(word, "cases");
  for (const { split, lemmas } of glossLemmas) if (split === "test") lemmas.forEach((lemma) => add(lemma, "glosses"));
  if (sources.size > size) {
    throw new RangeError(`Cannot choose lemmas: expected a size of at least ${sources.size}, got ${size}`);
  }
  const all = relationPairs(wordnet);
  const { chosen, pairsPerRelation } = choosePairs(
    orderedByRelation(all, wordnet, seed),
    new Set(sources.keys()),
    size,
  );
  for (const { source, target } of chosen) [source, target].forEach((word) => add(word, "relations"));
  const within = (word: string) => sources.has(word);
  return {
    lemmas: [...sources].map(([lemma, why]) => ({
      lemma,
      tagCount: wordnet.tagCounts.get(lemma) ?? 0,
      sources: [...why].sort(),
    })).sort((a, b) => compareHashes(`${seed}:${a.lemma}`, `${seed}:${b.lemma}`)),
    pairs: all.filter(({ source, target }) => within(source) && within(target)).sort(comparePairs),
    glosses: glossLemmas.map((gloss) => ({ ...gloss, lemmas: gloss.lemmas.filter(within) }))
      .filter(({ lemmas }) => lemmas.length > 0),
    pairsPerRelation,
  };
}

function orderedByRelation(pairs: readonly RelationPair[], wordnet: WordNet, seed: number): RelationPair[][] {
  const count = (word: string) => wordnet.tagCounts.get(word) ?? 0;
  const byRelation = new Map<WordNetRelation, { pair: RelationPair; low: number; high: number; hash: string }[]>();
  for (const pair of pairs) {
    const [low, high] = [count(pair.source), count(pair.target)].sort((a, b) => a - b);
    const item = { pair, low, high, hash: sha256Hex(`${seed}:${pairKey(pair)}`) };
    byRelation.set(pair.relation, [...byRelation.get(pair.relation) ?? [], item]);
  }
  return [...byRelation.values()].map((items) => {
    const targets = new Map<string, number>();
    return items.sort((a, b) => b.low - a.low || b.high - a.high || (a.hash < b.hash ? -1 : 1))
      .map(({ pair }) => pair)
      .filter(({ target }) => {
        const earlier = targets.get(target) ?? 0;
        targets.set(target, earlier + 1);
        return earlier < PAIRS_PER_TARGET;
      });
  });
}

/** Takes the next pair of every relation in turn while the words fit; the round that does not fit is left out whole. */
function choosePairs(relations: readonly RelationPair[][], words: Set<string>, size: number) {
  const chosen: RelationPair[] = [];
  const rounds = Math.max(0, ...relations.map(({ length }) => length));
  for (let round = 0; round < rounds; round++) {
    const next = relations.flatMap((pairs) => pairs.slice(round, round + 1));
    for (const { source, target } of next) words.add(source).add(target);
    if (words.size > size) return { chosen, pairsPerRelation: round };
    chosen.push(...next);
  }
  return { chosen, pairsPerRelation: rounds };
}

function comparePairs(a: RelationPair, b: RelationPair): number {
  const [left, right] = [[a.relation, a.source, a.target], [b.relation, b.source, b.target]];
  const i = left.findIndex((value, index) => value !== right[index]);
  return i < 0 ? 0 : left[i] < right[i] ? -1 : 1;
}

function compareHashes(a: string, b: string): number {
  return sha256Hex(a) < sha256Hex(b) ? -1 : 1;
}
