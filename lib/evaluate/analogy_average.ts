// 3CosAvg: the offset of a relation as the average over its other pairs, which takes out what is peculiar to a single pair.
// Drozd, Gladkova and Matsuoka 2016, leave-one-out as in their BATS.

import { type AnalogyOptions, type AnalogySpace, checkedSpace } from "./analogy.ts";
import { encodeQueries } from "./analogy_encoded.ts";
import { RankTable, SimilarityScores } from "./analogy_ranks.ts";
import type { AnalogyScores, AnalogyVariant } from "./analogy_scores.ts";
import { type AnalogyQuestion, type AnalogySet, groupBy } from "./analogy_set.ts";
import { combineRows, cosine } from "./analogy_vectors.ts";
import { similarityBlock } from "./similarity.ts";
import { normalizeRows, selectRows, type Vectors } from "./vectors.ts";

const TILE = 256;
const VARIANTS: readonly AnalogyVariant[] = ["full", "only-b", "ignore-a"];

interface Pair {
  readonly source: number;
  readonly target: number;
}

/** One item of 3CosAvg: a word with its right answers, and the pairs whose mean offset is added to it. */
interface Item {
  readonly question: AnalogyQuestion;
  /** All pairs of the category. */
  readonly pairs: readonly Pair[];
  /** Those of them that share a word with the question: the fewer, so that sums are made once a category and these taken off. */
  readonly left: readonly Pair[];
}

/**
 * Scores 3CosAvg: for each pair c, d that the set asks for, the word with the largest cosine with c + mean(targets) - mean(sources) over all
 * other pairs of the category. Pairs that share a word with c or its right answers stay out of the mean. Here an item is a pair, asked once, so n is the number
 * of pairs, and the only input that is excluded is c. `ignore-a` leaves the sources out: c + mean(targets). There is no shuffled control: shuffling the
 * pairs of a category does not change the means. Both similarities compare with the averaged offset.
 *
 * @throws {TypeError} when vectors are not one a word
 * @throws {RangeError} when a value is not finite, or no category has another pair to average
 *
 * @example
 * ```ts
 * import { analogySet, scoreAveragedAnalogies } from "lib/evaluate/mod.ts";
 * const vocabulary = ["man", "king", "woman", "queen", "apple"];
 * const set = analogySet([{ category: "gender", a: "man", b: "king", c: "woman", d: "queen" }], vocabulary);
 * const vectors = { shape: [5, 3], data: Float32Array.of(1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 1) };
 * const scores = await scoreAveragedAnalogies({ vectors }, set);
 * console.log(scores.n, scores.outcomes[0].ranks); // 1 Uint32Array [1]
 * ```
 */
export async function scoreAveragedAnalogies(
  space: AnalogySpace,
  set: AnalogySet,
  { product = similarityBlock }: Omit<AnalogyOptions, "seed"> = {},
): Promise<AnalogyScores> {
  const gallery = checkedSpace(space.vectors, set);
  const [n, width] = gallery.shape;
  const source = space.arithmetic ? checkedSpace(space.arithmetic.vectors, set) : gallery;
  const items = itemsOf(set.questions);
  if (items.length === 0) {
    throw new RangeError("Cannot average offsets: expected a category with another pair to average, got none");
  }
  const table = new RankTable(items.length, VARIANTS.map((variant) => ["3CosAvg", variant] as const));
  const [targetSimilarity, relationshipSimilarity] = [new Float64Array(items.length), new Float64Array(items.length)];
  for (let first = 0; first < items.length; first += TILE) {
    const tile = items.slice(first, first + TILE);
    for (const variant of VARIANTS) {
      const queries = variant === "only-b"
        ? selectRows(gallery, Uint32Array.from(tile, ({ question: { c } }) => c))
        : await queriesOf(source, tile, { space, variant, width });
      const products = await product(queries, gallery);
      tile.forEach(({ question: { c, d, accepted } }, i) => {
        const ranked = new SimilarityScores(products.subarray(i * n, (i + 1) * n));
        table.add(["3CosAvg", variant], first + i, ranked, { accepted, inputs: [c] });
        if (variant === "full") {
          const answer = gallery.data.subarray(d * width, (d + 1) * width);
          targetSimilarity[first + i] = cosine(queries.data.subarray(i * width, (i + 1) * width), answer);
        }
      });
    }
    relationshipSimilarity.set(relationshipsOf(gallery, tile), first);
  }
  return {
    n: items.length,
    leftOut: set.leftOut.length,
    vocabularySize: set.vocabularySize,
    categories: items.map(({ question }) => question.category),
    askedPair: Uint32Array.from(items, (_, i) => i),
    outcomes: table.outcomes,
    targetSimilarity,
    relationshipSimilarity,
  };
}

/** Each pair that is asked for, once; those of a category with nothing else to average are not asked. */
function itemsOf(questions: readonly AnalogyQuestion[]): Item[] {
  const items: Item[] = [];
  for (const group of groupBy(questions, ({ category }) => category).values()) {
    const pairs = new Map<string, Pair>();
    const asked = new Map<number, AnalogyQuestion>();
    for (const question of group) {
      const { a, b, c, d } = question;
      pairs.set(`${a} ${b}`, { source: a, target: b });
      pairs.set(`${c} ${d}`, { source: c, target: d });
      const earlier = asked.get(c);
      // Which of a word's answers may be given depends on a and b, which 3CosAvg does not have: all that any question accepts.
      const accepted = [...new Set([...earlier?.accepted ?? [], ...question.accepted])];
      asked.set(c, { ...(earlier ?? question), accepted });
    }
    const list = [...pairs.values()];
    const byWord = new Map<number, Pair[]>();
    for (const pair of list) {
      for (const word of [pair.source, pair.target]) byWord.set(word, [...byWord.get(word) ?? [], pair]);
    }
    for (const question of asked.values()) {
      const own = [question.c, ...question.accepted];
      const left = [...new Set(own.flatMap((word) => byWord.get(word) ?? []))];
      if (left.length < list.length) items.push({ question, pairs: list, left });
    }
  }
  return items;
}

/** Mean offsets of items, [items, width]; without the sources it is the mean of the targets. */
function meanOffsets(vectors: Vectors, items: readonly Item[], variant: AnalogyVariant): Vectors {
  const width = vectors.shape[1];
  const data = new Float32Array(items.length * width);
  let [summed, sum]: [readonly Pair[] | null, Float64Array] = [null, new Float64Array(width)];
  items.forEach(({ pairs, left }, i) => {
    if (summed !== pairs) [summed, sum] = [pairs, addOffsets(vectors, pairs, { variant, sign: 1 })];
    const rest = addOffsets(vectors, left, { variant, sign: -1, from: sum });
    const count = pairs.length - left.length;
    data.set(rest.map((value) => value / count), i * width);
  });
  return { shape: [items.length, width], data };
}

function addOffsets(
  { data, shape: [, width] }: Vectors,
  pairs: readonly Pair[],
  { variant, sign, from }: { variant: AnalogyVariant; sign: number; from?: Float64Array },
): Float64Array {
  const sum = from ? from.slice() : new Float64Array(width);
  for (const { source, target } of pairs) {
    for (let k = 0; k < width; k++) {
      sum[k] += sign * (data[target * width + k] - (variant === "full" ? data[source * width + k] : 0));
    }
  }
  return sum;
}

/** c plus its mean offset, in the space where the arithmetic is done; then encoded where that is another. */
function queriesOf(source: Vectors, tile: readonly Item[], { space, variant, width }: {
  space: AnalogySpace;
  variant: AnalogyVariant;
  width: number;
}): Vectors | Promise<Vectors> {
  const words = selectRows(source, Uint32Array.from(tile, ({ question: { c } }) => c));
  const offsets = meanOffsets(source, tile, variant);
  const queries = { shape: words.shape, data: words.data.map((value, k) => value + offsets.data[k]) };
  return space.arithmetic ? encodeQueries(queries, space.arithmetic.encode, width) : normalizeRows(queries);
}

/** Cosine of each item's mean offset with its own. */
function relationshipsOf(gallery: Vectors, items: readonly Item[]): number[] {
  const width = gallery.shape[1];
  const averaged = meanOffsets(gallery, items, "full");
  const own = combineRows(gallery, items.map(({ question: { c, d } }) => [[d, 1], [c, -1]]));
  const row = ({ data }: Vectors, i: number) => data.subarray(i * width, (i + 1) * width);
  return items.map((_, i) => cosine(row(averaged, i), row(own, i)));
}
