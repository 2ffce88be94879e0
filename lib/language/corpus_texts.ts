// Texts of a corpus under data/ as training takes them.

import type { SplitName, TextCorpus } from "../data/mod.ts";
import type { TrainingText, TrainingTexts } from "./fine_tuning/training_texts.ts";

/**
 * Training and validation texts of a corpus, in its order. The test split is left out: reports open it.
 *
 * @param limits only so many of a split, from all over it; default all
 * @throws {RangeError} when a split has fewer texts than asked for, or none is asked for
 *
 * @example
 * ```ts
 * import { loadTexts } from "lib/data/mod.ts";
 * import { corpusTexts } from "lib/language/mod.ts";
 * const { train, validation, test } = corpusTexts(await loadTexts("kjv-1mb"), { train: 100, validation: 10 });
 * console.log(train.length, validation.length, test.length, train[0].place); // 100 10 0 kjv-1mb, Ge2:1
 * ```
 */
export function corpusTexts(
  corpus: TextCorpus,
  limits: Partial<Record<Exclude<SplitName, "test">, number>> = {},
): TrainingTexts {
  const part = (split: "train" | "validation"): TrainingText[] => {
    const rows = corpus.splits[split];
    const count = limits[split] ?? rows.length;
    if (!Number.isInteger(count) || count < 1 || count > rows.length) {
      throw new RangeError(
        `Cannot take texts of ${corpus.name}: expected 1 to ${rows.length} for ${split}, got ${count}`,
      );
    }
    return takeEvenly(rows, count).map(
      (row) => ({ messages: null, text: corpus.texts[row], place: `${corpus.name}, ${corpus.keys[row]}` }),
    );
  };
  return { form: "text", train: part("train"), validation: part("validation"), test: [], isHeldOut: false };
}

/**
 * So many items from all over a list, in its order; all where there are not more.
 *
 * @param count an integer from 0
 */
export function takeEvenly<Item>(items: ArrayLike<Item>, count: number): Item[] {
  if (count >= items.length) return Array.from(items);
  return Array.from({ length: count }, (_, i) => items[Math.floor(i * items.length / count)]);
}
