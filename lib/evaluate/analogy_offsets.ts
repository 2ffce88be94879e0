// Regularity of a relation without asking analogies: whether the offsets of its pairs point the same way, and whether they do so
// because of how the words are paired.
// Fournier, Dupoux and Dunbar 2020, "Analogies minus analogy test: measuring regularities in word embeddings" (CoNLL).

import { mean, type Random, random } from "../statistics/mod.ts";
import { combineRows } from "./analogy_vectors.ts";
import { type SimilarityBlock, similarityBlock } from "./similarity.ts";
import { checkFinite, normalizeRows, sizeOf, type Vectors } from "./vectors.ts";

/** How the offsets of one relation lie. */
export interface OffsetScores {
  /** Pairs behind the scores. */
  readonly n: number;
  /** Mean cosine over all pairs of offsets (target - source), in [-1, 1]. Also high when two classes of words merely lie apart. */
  readonly offsetConcentration: number;
  /**
   * How often two true offsets are more alike than two offsets of shuffled pairs (area under the ROC curve, mean over the shuffles), in [0, 1]:
   * 0.5 when the pairing tells nothing.
   */
  readonly pairingConsistency: number;
  /** The area of each shuffle, length `shuffles`. */
  readonly pairingConsistencies: Float64Array;
  /** Mean cosine of the shuffled offsets: the part of the concentration that the classes alone explain. */
  readonly shuffledConcentration: number;
}

/** How {@link offsetConcentration} works. */
export interface OffsetOptions {
  readonly seed: number;
  /** Default 50, as in the paper. Each costs a product of [n, n]. */
  readonly shuffles?: number;
  readonly product?: SimilarityBlock;
}

/**
 * Offset concentration score and pairing consistency score of one relation, on rows scaled to norm 1. A shuffle gives every source the target of
 * another pair, never a target equal to its own.
 *
 * @param vectors shape [vocabulary, width]
 * @param pairs rows of the vocabulary, at least 3; no target in more than half of them
 * @throws {TypeError | RangeError} when vectors or pairs are not like that
 *
 * @example
 * ```ts
 * import { offsetConcentration } from "lib/evaluate/mod.ts";
 * const vectors = { shape: [6, 2], data: Float32Array.of(1, 0, 0, 1, 0.8, 0.6, -0.6, 0.8, 0.6, -0.8, 0.8, 0.6) };
 * const pairs = [[0, 1], [2, 3], [4, 5]].map(([source, target]) => ({ source, target })); // quarter turns
 * console.log((await offsetConcentration(vectors, pairs, { seed: 1 })).offsetConcentration.toFixed(2)); // 0.47
 * ```
 */
export async function offsetConcentration(
  vectors: Vectors,
  pairs: readonly { readonly source: number; readonly target: number }[],
  { seed, shuffles = 50, product = similarityBlock }: OffsetOptions,
): Promise<OffsetScores> {
  checkPairs(vectors, pairs, shuffles);
  const normalized = normalizeRows(vectors);
  const sources = pairs.map(({ source }) => source);
  const targets = pairs.map(({ target }) => target);
  const paired = await pairwiseCosines(normalized, { sources, targets, product });
  const stream = random(seed, "pairing consistency");
  const areas = new Float64Array(shuffles);
  const shuffled = new Float64Array(shuffles);
  for (let s = 0; s < shuffles; s++) {
    const cosines = await pairwiseCosines(normalized, { sources, targets: otherTargets(targets, stream), product });
    areas[s] = areaUnderCurve(paired, cosines);
    shuffled[s] = mean(cosines);
  }
  return {
    n: pairs.length,
    offsetConcentration: mean(paired),
    pairingConsistency: mean(areas),
    pairingConsistencies: areas,
    shuffledConcentration: mean(shuffled),
  };
}

/** Cosines of all n (n - 1) / 2 pairs of offsets, sorted upwards. */
async function pairwiseCosines(
  vectors: Vectors,
  { sources, targets, product }: { sources: number[]; targets: number[]; product: SimilarityBlock },
): Promise<Float32Array> {
  const offsets = normalizeRows(combineRows(vectors, sources.map((source, i) => [[targets[i], 1], [source, -1]])));
  const products = await product(offsets, offsets);
  const n = sources.length;
  const cosines = new Float32Array(n * (n - 1) / 2);
  for (let i = 0, at = 0; i < n; i++) {
    cosines.set(products.subarray(i * n + i + 1, (i + 1) * n), at);
    at += n - 1 - i;
  }
  return cosines.sort();
}

/** Targets in another order, none at its own place: a permutation, repaired by swaps. */
function otherTargets(targets: readonly number[], stream: Random): number[] {
  const shuffled = stream.shuffle([...targets]);
  const n = targets.length;
  for (let i = 0; i < n; i++) {
    if (shuffled[i] !== targets[i]) continue;
    const start = stream.integer(n);
    // There is such a j: at most half of the pairs have this target, and as many places hold it.
    for (let step = 0; step < n; step++) {
      const j = (start + step) % n;
      if (shuffled[j] === targets[i] || targets[j] === targets[i]) continue;
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
      break;
    }
  }
  return shuffled;
}

/** The share of (higher, lower) combinations in which the first is larger, ties counting half; both sorted upwards. */
export function areaUnderCurve(higher: Float32Array, lower: Float32Array): number {
  let [below, notAbove, sum] = [0, 0, 0];
  for (const value of higher) {
    while (below < lower.length && lower[below] < value) below++;
    while (notAbove < lower.length && lower[notAbove] <= value) notAbove++;
    sum += (below + notAbove) / 2;
  }
  return sum / (higher.length * lower.length);
}

function checkPairs(
  vectors: Vectors,
  pairs: readonly { readonly source: number; readonly target: number }[],
  shuffles: number,
): void {
  const task = "compare offsets";
  const { rows } = sizeOf(vectors, task);
  checkFinite(vectors, task);
  if (!Number.isInteger(shuffles) || shuffles < 1) {
    throw new RangeError(`Cannot ${task}: expected shuffles to be an integer from 1, got ${shuffles}`);
  }
  if (pairs.length < 3) throw new RangeError(`Cannot ${task}: expected at least 3 pairs, got ${pairs.length}`);
  const counts = new Map<number, number>();
  for (const { source, target } of pairs) {
    const wrong = [source, target].find((row) => !(Number.isInteger(row) && row >= 0 && row < rows));
    if (wrong !== undefined) throw new RangeError(`Cannot ${task}: expected rows below ${rows}, got ${wrong}`);
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  if (2 * most > pairs.length) {
    throw new RangeError(`Cannot ${task}: expected no target in more than half of ${pairs.length} pairs, got ${most}`);
  }
}
