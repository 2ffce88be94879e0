// A model trained with one or several seeds: its score as the mean over them, that of drawn items and seeds, and what the interval of a
// difference of two such scores shows.

import { drawIndices, fewGroupsFactor, plainMean, type Statistic } from "./bootstrap.ts";
import type { Random } from "./random.ts";

/** What a comparison of a with b shows. */
export type Verdict = "higher" | "lower" | "no difference shown";

/** The score of one model. */
export interface SeedScores {
  /** Mean over seeds. */
  readonly value: number;
  /** The same of drawn items and seeds, both by index; the seeds' own distances are widened as few of them need. */
  drawn(items: Uint32Array, seeds: Uint32Array): number;
}

/** Scores of a model by a statistic of each seed's items, shape [seeds, items]. */
export function seedScores(
  seeds: readonly Float64Array[],
  { statistic, confidence }: { statistic: Statistic; confidence: number },
): SeedScores {
  const own = Float64Array.from(seeds, (items) => statistic(items.slice()));
  const value = plainMean(own);
  const widening = seeds.length > 1 ? fewGroupsFactor(seeds.length, confidence) - 1 : 0;
  const buffer = new Float64Array(seeds[0].length);
  const scores = new Float64Array(seeds.length);
  const drawn = (order: Uint32Array, drawnSeeds: Uint32Array) => {
    seeds.forEach((items, s) => {
      if (!drawnSeeds.includes(s)) return;
      for (let i = 0; i < order.length; i++) buffer[i] = items[order[i]];
      scores[s] = statistic(buffer);
    });
    let sum = 0;
    for (const s of drawnSeeds) sum += scores[s] + widening * (own[s] - value);
    return sum / drawnSeeds.length;
  };
  return { value, drawn };
}

const ONLY_SEED = Uint32Array.of(0);

/** Indices of seeds, with replacement; a single one is not drawn. */
export function drawSeeds(stream: Random, count: number): Uint32Array {
  return count === 1 ? ONLY_SEED : drawIndices(stream, count);
}

/** What the interval of a - b shows. Averaging seeds leaves differences of a last bit where there is none. */
export function verdictOf({ low, high }: { low: number; high: number }, a: SeedScores, b: SeedScores): Verdict {
  const rounding = 1e-12 * Math.max(Math.abs(a.value), Math.abs(b.value));
  return low > rounding ? "higher" : high < -rounding ? "lower" : "no difference shown";
}
