// Analogy questions over a vocabulary: a is to b as c is to d. Words become rows here, once, and what cannot be asked is
// refused or counted.

import { random } from "../statistics/mod.ts";

/** A word of the vocabulary, or its row. */
export type Word = string | number;

/** "a is to b as c is to d". */
export interface AnalogyCase {
  readonly category: string;
  readonly a: Word;
  readonly b: Word;
  readonly c: Word;
  /** The answer, or several right answers, the one that is meant first. */
  readonly d: Word | readonly Word[];
}

/** Rows of an {@link AnalogyCase}. */
export interface AnalogyQuestion {
  readonly category: string;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** The answer that is meant. */
  readonly d: number;
  /** All right answers, `d` first; never a, b or c. */
  readonly accepted: readonly number[];
}

/** Questions over one vocabulary. */
export interface AnalogySet {
  readonly vocabularySize: number;
  readonly questions: readonly AnalogyQuestion[];
  /**
   * For each question a number that it shares with those that ask for the same word in the same category. They are not independent:
   * resample these, not questions.
   */
  readonly askedPair: Uint32Array;
  /** Cases that were left out, with the word that the vocabulary lacks. */
  readonly leftOut: readonly { readonly index: number; readonly word: string }[];
}

/** Two words in a relation. */
export interface WordPair {
  readonly category: string;
  readonly source: string;
  readonly target: string;
  /**
   * Only pairs of the same group are put together; parts of speech, for WordNet. 3CosAvg averages over the whole category: what should not
   * be averaged belongs in categories of its own.
   */
  readonly group?: string;
}

/** How {@link analogiesFromPairs} puts pairs together. */
export interface PairOptions {
  /** Questions for each pair, as many different pairs before it; fewer where its group is small. Default 3. */
  readonly perPair?: number;
  /** Pairs with one target that are asked for, at most: 500 of WordNet's instances are cities. Default 10. */
  readonly pairsPerTarget?: number;
  /** Categories in which a pair holds in both directions: its source is a right answer to its target too. */
  readonly symmetric?: readonly string[];
  readonly seed: number;
}

/**
 * The rows of analogy cases in a vocabulary.
 *
 * @param options.missing what to do with a case that has a word outside the vocabulary: "refuse" (default) or "leaveOut", which counts it.
 *   A right answer besides the first is dropped when it is outside or is a, b or c.
 * @throws {RangeError} when a word or row is not in the vocabulary, two of a, b, c, d are the same, or no case is left
 *
 * @example
 * ```ts
 * import { analogySet } from "lib/evaluate/mod.ts";
 * const vocabulary = ["man", "king", "woman", "queen"];
 * const set = analogySet([{ category: "gender", a: "man", b: "king", c: "woman", d: "queen" }], vocabulary);
 * console.log(set.questions[0].d); // 3
 * ```
 */
export function analogySet(
  cases: readonly AnalogyCase[],
  vocabulary: readonly string[],
  { missing = "refuse" }: { missing?: "refuse" | "leaveOut" } = {},
): AnalogySet {
  const rows = new Map(vocabulary.map((word, row) => [word, row]));
  if (rows.size !== vocabulary.length) {
    throw new RangeError(
      `Cannot ask analogies: expected distinct words, got ${vocabulary.length - rows.size} words twice`,
    );
  }
  const rowOf = (word: Word) => typeof word === "string" ? rows.get(word) : word in vocabulary ? word : undefined;
  const questions: AnalogyQuestion[] = [];
  const leftOut: { index: number; word: string }[] = [];
  cases.forEach((item, index) => {
    const answers = answersOf(item);
    const absent = [item.a, item.b, item.c, answers[0]].find((word) => rowOf(word) === undefined);
    if (absent === undefined) questions.push(questionOf(item, answers, rowOf));
    else if (missing === "leaveOut") leftOut.push({ index, word: String(absent) });
    else {
      throw new RangeError(
        `Cannot ask ${describe(item)}: expected words of the vocabulary (${vocabulary.length}), got "${absent}"`,
      );
    }
  });
  if (questions.length === 0) {
    throw new RangeError(`Cannot ask analogies: expected at least one case, got none of ${cases.length}`);
  }
  return { vocabularySize: vocabulary.length, questions, askedPair: askedPairs(questions), leftOut };
}

/**
 * Puts pairs of one relation together into questions: each pair is asked for after `perPair` others of its category and group, drawn by
 * the seed without repetition. Four different words are needed, and the pair before must not give the answer away: its target is not a right answer to c.
 * Every target that a source has in its category is a right answer. The same pairs in the same order and the same seed give the same questions.
 *
 * @throws {RangeError} when perPair or pairsPerTarget is not an integer from 1
 *
 * @example
 * ```ts
 * import { analogiesFromPairs } from "lib/evaluate/mod.ts";
 * const pairs = [["paris", "france"], ["rome", "italy"]].map(([source, target]) => ({ category: "part", source, target }));
 * console.log(analogiesFromPairs(pairs, { seed: 1 }).map(({ a, b, c, d }) => `${a} ${b} ${c} ${d}`));
 * // [ "rome italy paris france", "paris france rome italy" ]
 * ```
 */
export function analogiesFromPairs(pairs: readonly WordPair[], options: PairOptions): AnalogyCase[] {
  const { perPair = 3, pairsPerTarget = 10, symmetric = [], seed } = options;
  for (const [name, value] of Object.entries({ perPair, pairsPerTarget })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`Cannot put pairs together: expected ${name} to be an integer from 1, got ${value}`);
    }
  }
  const answers = answersByWord(pairs, symmetric);
  const groups = groupBy(pairs, ({ category, group = "" }) => `${category}\n${group}`);
  return [...groups].flatMap(([name, group]) => {
    const stream = random(seed, "analogies from pairs", name);
    const usable = limitTargets(stream.shuffle([...group]), pairsPerTarget);
    return usable.flatMap((asked) => {
      const right = [...answers.get(`${asked.category}\n${asked.source}`)!];
      const accepted = [asked.target, ...right.filter((word) => word !== asked.target)];
      const given: WordPair[] = [];
      for (let i = 0, tries = stream.permutation(usable.length); i < tries.length && given.length < perPair; i++) {
        const pair = usable[tries[i]];
        const clash = [pair.source, pair.target].some((word) => word === asked.source || accepted.includes(word));
        if (!clash && pair.source !== pair.target) given.push(pair);
      }
      return given.map(({ source, target }) => (
        { category: asked.category, a: source, b: target, c: asked.source, d: accepted }
      ));
    });
  });
}

function answersByWord(pairs: readonly WordPair[], symmetric: readonly string[]): Map<string, Set<string>> {
  const answers = new Map<string, Set<string>>();
  const add = (category: string, word: string, answer: string) => {
    const key = `${category}\n${word}`;
    answers.set(key, (answers.get(key) ?? new Set()).add(answer));
  };
  for (const { category, source, target } of pairs) {
    add(category, source, target);
    if (symmetric.includes(category)) add(category, target, source);
  }
  return answers;
}

function limitTargets(pairs: readonly WordPair[], most: number): WordPair[] {
  const counts = new Map<string, number>();
  return pairs.filter(({ target }) => {
    const earlier = counts.get(target) ?? 0;
    counts.set(target, earlier + 1);
    return earlier < most;
  });
}

function answersOf({ d }: AnalogyCase): readonly Word[] {
  const answers = typeof d === "object" ? d : [d];
  if (answers.length === 0) throw new RangeError("Cannot ask an analogy: expected at least one right answer, got none");
  return answers;
}

function questionOf(
  item: AnalogyCase,
  answers: readonly Word[],
  rowOf: (word: Word) => number | undefined,
): AnalogyQuestion {
  const [a, b, c, d] = [item.a, item.b, item.c, answers[0]].map((word) => rowOf(word)!);
  if (new Set([a, b, c, d]).size < 4) {
    throw new RangeError(`Cannot ask ${describe(item)}: expected four different words`);
  }
  const others = answers.slice(1).map(rowOf).filter((row): row is number => row !== undefined);
  const accepted = [...new Set([d, ...others])].filter((row) => row !== a && row !== b && row !== c);
  return { category: item.category, a, b, c, d, accepted };
}

function describe(item: AnalogyCase): string {
  return `"${item.a} : ${item.b} :: ${item.c} : ${answersOf(item)[0]}"`;
}

function askedPairs(questions: readonly AnalogyQuestion[]): Uint32Array {
  const numbers = new Map<string, number>();
  return Uint32Array.from(questions, ({ category, c }) => {
    const key = `${category}\n${c}`;
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key)!;
  });
}

/** Items under their keys, both in order of first appearance. `Map.groupBy` is newer than the Node that notebooks may run in. */
export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
