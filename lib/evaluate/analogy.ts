// Vector arithmetic: a is to b as c is to ?, answered by 3CosAdd and 3CosMul in a stated vocabulary, always beside the controls that show
// how much of a score is neighbourhood rather than relation.
// Mikolov, Yih and Zweig 2013; Levy and Goldberg 2014; Linzen 2016; Rogers, Drozd and Li 2017.

import { rankEncodedQueries } from "./analogy_encoded.ts";
import { QuotientScores, RankTable, shuffledSecondWords, SimilarityScores, SumScores } from "./analogy_ranks.ts";
import type { AnalogyMethod, AnalogyScores, AnalogyVariant } from "./analogy_scores.ts";
import type { AnalogyQuestion, AnalogySet } from "./analogy_set.ts";
import { cosine } from "./analogy_vectors.ts";
import { type SimilarityBlock, similarityBlock } from "./similarity.ts";
import { checkFinite, normalizeRows, selectRows, sizeOf, type Vectors } from "./vectors.ts";

/** Vectors of a vocabulary, and where the arithmetic is done. */
export interface AnalogySpace {
  /** Row i belongs to word i, shape [vocabulary, width]; rows are scaled to norm 1. Answers are looked for here. */
  readonly vectors: Vectors;
  /** Without it the arithmetic is done on `vectors` themselves: the student's space. With it, elsewhere, and its result encoded: the teacher's space. */
  readonly arithmetic?: {
    /** The same words, shape [vocabulary, any width]; rows are scaled to norm 1. */
    readonly vectors: Vectors;
    /** The student: from sums of such vectors, scaled to norm 1 as its inputs are, to the space of the answers. */
    readonly encode: (queries: Vectors) => Vectors | Promise<Vectors>;
  };
}

/** How {@link scoreAnalogies} works. */
export interface AnalogyOptions {
  /** Of the shuffled pairs. */
  readonly seed: number;
  readonly product?: SimilarityBlock;
}

/** Distinct words of a product: bounds memory to this x vocabulary x 4 bytes. */
const WORDS_PER_PRODUCT = 1024;
const VARIANTS: readonly AnalogyVariant[] = ["full", "only-b", "ignore-a", "shuffled-pairs"];

/**
 * Scores analogy questions. With rows of norm 1, 3CosAdd takes the word x with the largest cos(x, b - a + c), and 3CosMul that with the largest
 * s(x, b) s(x, c) / (s(x, a) + 0.001), s = (1 + cos) / 2; each with the controls of `AnalogyVariant`, and with and without a, b, c among the candidates.
 * With `space.arithmetic` the vector b - a + c is made there, scaled to norm 1 and encoded; 3CosMul, which makes no vector, is then
 * left out, and only-b is the nearest to c among the answers. Ten thousand questions in 8,000 words of 384 values take seconds with
 * `engineProduct`.
 *
 * @param set of the vocabulary that the rows belong to
 * @throws {TypeError} when vectors are not one a word
 * @throws {RangeError} when a value is not finite
 *
 * @example
 * ```ts
 * import { analogyRates, analogySet, scoreAnalogies } from "lib/evaluate/mod.ts";
 * const vocabulary = ["man", "king", "woman", "queen", "apple"];
 * const set = analogySet([{ category: "gender", a: "man", b: "king", c: "woman", d: "queen" }], vocabulary);
 * const vectors = { shape: [5, 3], data: Float32Array.of(1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 1) };
 * const scores = await scoreAnalogies({ vectors }, set, { seed: 1 });
 * console.log(analogyRates(scores)[0]); // { category: "all", method: "3CosAdd", variant: "full", ..., top1: 1, ... }
 * ```
 */
export async function scoreAnalogies(
  space: AnalogySpace,
  set: AnalogySet,
  { seed, product = similarityBlock }: AnalogyOptions,
): Promise<AnalogyScores> {
  const gallery = checkedSpace(space.vectors, set);
  const { questions } = set;
  const shuffled = shuffledSecondWords(questions, seed);
  const similarities = {
    targetSimilarity: new Float64Array(questions.length),
    relationshipSimilarity: new Float64Array(questions.length),
  };
  questions.forEach((question, i) => {
    const { target, relationship } = similaritiesOf(gallery, question);
    similarities.targetSimilarity[i] = target;
    similarities.relationshipSimilarity[i] = relationship;
  });
  const methods: AnalogyMethod[] = space.arithmetic ? ["3CosAdd"] : ["3CosAdd", "3CosMul"];
  const table = new RankTable(
    questions.length,
    methods.flatMap((method) => VARIANTS.map((variant) => [method, variant] as const)),
  );
  if (space.arithmetic) {
    const arithmetic = { ...space.arithmetic, vectors: checkedSpace(space.arithmetic.vectors, set) };
    const tasks = { questions, shuffled, table, product, targetSimilarity: similarities.targetSimilarity };
    await rankEncodedQueries(gallery, arithmetic, tasks);
  } else await rankInSpace(gallery, { questions, shuffled, table, product });
  return {
    n: questions.length,
    leftOut: set.leftOut.length,
    vocabularySize: set.vocabularySize,
    categories: questions.map(({ category }) => category),
    askedPair: set.askedPair,
    outcomes: table.outcomes,
    ...similarities,
  };
}

/** Rows of norm 1, one a word. */
export function checkedSpace(vectors: Vectors, set: AnalogySet): Vectors {
  const { rows, width } = sizeOf(vectors, "score analogies");
  if (rows !== set.vocabularySize) {
    throw new TypeError(
      `Cannot score analogies: expected vectors of [${set.vocabularySize}, ${width}], one a word, got [${rows}, ${width}]`,
    );
  }
  checkFinite(vectors, "score analogies");
  return normalizeRows(vectors);
}

function similaritiesOf({ data, shape: [, width] }: Vectors, { a, b, c, d }: AnalogyQuestion) {
  const row = (word: number) => data.subarray(word * width, (word + 1) * width);
  const [va, vb, vc, vd] = [a, b, c, d].map(row);
  const computed = Float64Array.from(va, (_, k) => vb[k] - va[k] + vc[k]);
  const [offset, other] = [vb.map((value, k) => value - va[k]), vd.map((value, k) => value - vc[k])];
  return { target: cosine(computed, vd), relationship: cosine(offset, other) };
}

/**
 * Ranks without making the vectors b - a + c: their products with all candidates are sums of the words' own similarities, so that
 * every word is multiplied with the vocabulary once, however many questions and controls it is in.
 */
async function rankInSpace(
  gallery: Vectors,
  { questions, shuffled, table, product }: {
    questions: readonly AnalogyQuestion[];
    shuffled: Uint32Array;
    table: RankTable;
    product: SimilarityBlock;
  },
): Promise<void> {
  const n = gallery.shape[0];
  for (const { first, end, words } of chunks(questions, shuffled)) {
    const products = await product(selectRows(gallery, Uint32Array.from(words.keys())), gallery);
    if (products.length !== words.size * n) {
      throw new TypeError(`Cannot score analogies: expected products of [${words.size}, ${n}], got ${products.length}`);
    }
    const similar = (word: number) => products.subarray(words.get(word)! * n, (words.get(word)! + 1) * n);
    for (let i = first; i < end; i++) {
      const { a, b, c, accepted } = questions[i];
      const [toA, toB, toC, toShuffled] = [a, b, c, shuffled[i]].map(similar);
      const seconds = { "full": toB, "only-b": null, "ignore-a": toB, "shuffled-pairs": toShuffled };
      for (const variant of VARIANTS) {
        const second = seconds[variant];
        // Only what the control was given is an input that may be left out; a shuffled b is.
        const inputs = variant === "shuffled-pairs" ? [a, shuffled[i], c] : [a, b, c];
        const minus = variant === "ignore-a" ? null : toA;
        const answers = { accepted, inputs };
        const nearest = new SimilarityScores(toC);
        table.add(["3CosAdd", variant], i, second ? new SumScores(second, minus, toC) : nearest, answers);
        table.add(["3CosMul", variant], i, second ? new QuotientScores(second, minus, toC) : nearest, answers);
      }
    }
  }
}

/** Runs of questions that have few enough different words between them, with each word's place in the product. */
function* chunks(questions: readonly AnalogyQuestion[], shuffled: Uint32Array) {
  let words = new Map<number, number>();
  let first = 0;
  for (let i = 0; i < questions.length; i++) {
    if (words.size + 4 > WORDS_PER_PRODUCT) {
      yield { first, end: i, words };
      [words, first] = [new Map(), i];
    }
    const { a, b, c } = questions[i];
    for (const word of [a, b, c, shuffled[i]]) if (!words.has(word)) words.set(word, words.size);
  }
  yield { first, end: questions.length, words };
}
