// What is said of samples: centre and spread, percentiles that their number supports, outliers (counted, never removed), drift.

import { type Block } from "../interleave.ts";
import { driftOf } from "../verdict.ts";
import {
  bootstrapInterval,
  type ConfidenceInterval,
  median,
  quantile,
  summarize,
  type Summary,
} from "../../statistics/mod.ts";

/** Samples beyond Tukey's fences: 1.5 and 3 interquartile ranges from the quartiles (Tukey 1977). */
export interface Outliers {
  /** Beyond the inner fences, but not the outer ones. */
  mild: number;
  severe: number;
}

/** What the samples of all processes say together; times in ms a call. */
export interface Measure extends Summary {
  /** Of the median: blocks of consecutive samples are drawn again; null where there are fewer than two blocks. */
  interval: ConfidenceInterval | null;
  outliers: Outliers;
  /** Relative change of the median from the first third of a process's samples to the last: the largest of all processes. */
  drift: number;
}

/** Blocks of a process. */
const BLOCKS = 9;
const RESAMPLES = 2000;

/** Runs of consecutive samples of nearly equal length, nine at most. */
export function blocksOf(samples: ArrayLike<number>): Block[] {
  const length = Math.ceil(samples.length / BLOCKS);
  const all = Array.from(samples);
  return Array.from({ length: Math.ceil(all.length / length) }, (_, i) => all.slice(i * length, (i + 1) * length));
}

/** Samples beyond Tukey's fences. */
export function tukeyOutliers(samples: ArrayLike<number>): Outliers {
  const [p25, p75] = [quantile(samples, 0.25), quantile(samples, 0.75)];
  const iqr = p75 - p25;
  const beyond = (fences: number) =>
    Array.from(samples).filter((ms) => ms < p25 - fences * iqr || ms > p75 + fences * iqr).length;
  const severe = beyond(3);
  return { mild: beyond(1.5) - severe, severe };
}

/**
 * Summarizes samples.
 *
 * @param runs samples of each process, in order
 * @param perCall whether each is of one call; of means over several calls there are no percentiles of calls
 */
export function measureOf(runs: readonly ArrayLike<number>[], { perCall = true }: { perCall?: boolean } = {}): Measure {
  const all = runs.flatMap((samples) => Array.from(samples));
  const blocks = runs.flatMap((samples) => blocksOf(samples).map((block) => median(block)));
  const drifts = runs.map((samples) => driftOf(blocksOf(samples)));
  const summary = summarize(all);
  return {
    ...summary,
    ...(!perCall && { p90: null, p95: null, p99: null }),
    interval: blocks.length < 2 ? null : {
      ...bootstrapInterval(blocks, { statistic: median, seed: "bench", resamples: RESAMPLES }).interval,
      method: `bootstrap percentile over ${blocks.length} blocks of consecutive calls, ${RESAMPLES} resamples`,
    },
    outliers: tukeyOutliers(all),
    drift: drifts.reduce((most, drift) => (Math.abs(drift) > Math.abs(most) ? drift : most), 0),
  };
}
