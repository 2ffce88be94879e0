// Bootstrap intervals of series whose values depend on their neighbours: errors of forecasts that overlap, or of days that follow each
// other. Drawing single values would take n dependent values for n independent ones and give intervals that are too narrow.

import {
  type BootstrapOptions,
  checkOptions,
  distributionOf,
  type Estimate,
  percentileBounds,
  plainMean,
  type Statistic,
} from "./bootstrap.ts";
import { blockDrawer, type Blocks, type BlockScheme } from "./block_indices.ts";
import { optimalBlockLength } from "./block_length.ts";
import { drawSeeds, seedScores, type Verdict, verdictOf } from "./over_seeds.ts";
import { checkSamples, type Samples } from "./samples.ts";

/** Options of all block bootstrap functions. */
export interface BlockBootstrapOptions extends BootstrapOptions {
  /** Default "stationary". */
  scheme?: BlockScheme;
  /** Mean length of stationary blocks, length of the others; default "automatic", see {@link optimalBlockLength}. */
  blockLength?: number | "automatic";
  /** Of an automatic length; for errors of overlapping forecasts their horizon. Default 1. */
  leastBlockLength?: number;
}

/** An estimate with the length of blocks that its interval was made with. */
export interface BlockEstimate extends Estimate {
  readonly blockLength: number;
}

/** What `pairedBlockDifference` gives: a - b. */
export interface BlockDifference extends BlockEstimate {
  /** Of a beside b; a difference is shown when the interval is clear of zero. */
  readonly verdict: Verdict;
}

/**
 * A statistic of a series with its block bootstrap interval (percentiles).
 *
 * @param samples shape [n] in the order of time, n at least 10 with an automatic block length, else at least 2
 * @throws {RangeError | TypeError} when there are too few samples, one is not finite, or an option is out of range
 *
 * @example
 * ```ts
 * import { blockBootstrap } from "lib/statistics/mod.ts";
 * const errors = Float64Array.from({ length: 100 }, (_, i) => 1 + Math.sin(i / 5));
 * const { value, interval, blockLength } = blockBootstrap(errors, { seed: 1, resamples: 500 });
 * console.log(interval.low < value && value < interval.high, blockLength > 1); // true true
 * ```
 */
export function blockBootstrap(
  samples: Samples,
  options: BlockBootstrapOptions & { statistic?: Statistic },
): BlockEstimate {
  return blockBootstrapOverSeeds([samples], options);
}

/**
 * The mean over seeds of a statistic of their series, with an interval that holds what other times and another seed could change: blocks of
 * time are drawn once for all seeds, and seeds are drawn too, corrected for their small number as in `twoLevelBootstrap`.
 *
 * @param seeds shape [seeds, n]: the same times in the same order for each seed
 * @returns with n the number of times. One seed says nothing about others: its interval is of times only
 * @throws {RangeError | TypeError} as `blockBootstrap`, or when numbers of times differ
 */
export function blockBootstrapOverSeeds(
  seeds: readonly Samples[],
  options: BlockBootstrapOptions & { statistic?: Statistic },
): BlockEstimate {
  const task = "bootstrap a series";
  const groups = checkSeeds(seeds, task);
  const { statistic = plainMean } = options;
  const { confidence, resamples, stream } = checkOptions(options, task);
  const n = groups[0].length;
  const blocks = chooseBlocks(groups, options, task);
  const draw = blockDrawer(n, blocks, stream);
  const score = seedScores(groups, { statistic, confidence });
  const distribution = distributionOf(resamples, () => score.drawn(draw(), drawSeeds(stream, groups.length)));
  const bounds = percentileBounds(distribution, confidence);
  const method = methodOf(blocks, groups.length === 1 ? "" : `${groups.length} seeds, `, resamples);
  return { value: score.value, n, interval: { ...bounds, confidence, method }, blockLength: blocks.blockLength };
}

/**
 * The difference a - b of a statistic of two series over the same times, such as the losses of two forecasts: both are resampled by the same
 * blocks, so that what made a time hard for both does not widen the interval.
 *
 * @param a shape [n], or [seeds, n] of one or several seeds; `b` likewise over the same times, of any number of seeds
 * @returns the difference of the means over seeds, its interval, and a verdict
 * @throws {RangeError | TypeError} as `blockBootstrap`, or when numbers of times differ
 *
 * @example
 * ```ts
 * import { pairedBlockDifference } from "lib/statistics/mod.ts";
 * const naive = Float64Array.from({ length: 200 }, (_, i) => 2 + Math.sin(i / 5));
 * const better = naive.map((loss, i) => loss - 0.5 + 0.1 * Math.cos(i));
 * const { value, verdict } = pairedBlockDifference(better, naive, { seed: 1, resamples: 500 });
 * console.log(value.toFixed(1), verdict); // -0.5 lower
 * ```
 */
export function pairedBlockDifference(
  a: Samples | readonly Samples[],
  b: Samples | readonly Samples[],
  options: BlockBootstrapOptions & { statistic?: Statistic },
): BlockDifference {
  const task = "compare series";
  const [left, right] = [a, b].map((side) => checkSeeds(seedsOf(side), task));
  const n = left[0].length;
  if (right[0].length !== n) {
    throw new TypeError(`Cannot ${task}: expected as many times on both sides, got ${n} and ${right[0].length}`);
  }
  const { statistic = plainMean } = options;
  const { confidence, resamples, stream } = checkOptions(options, task);
  // The blocks must be long enough for what is compared: the differences.
  const differences = meanOverSeeds(left).map((value, i) => value - meanOverSeedsAt(right, i));
  const blocks = chooseBlocks([differences], options, task);
  const draw = blockDrawer(n, blocks, stream);
  const [scoreA, scoreB] = [left, right].map((groups) => seedScores(groups, { statistic, confidence }));
  const distribution = distributionOf(resamples, () => {
    const order = draw();
    return scoreA.drawn(order, drawSeeds(stream, left.length)) - scoreB.drawn(order, drawSeeds(stream, right.length));
  });
  const bounds = percentileBounds(distribution, confidence);
  const method = methodOf(blocks, `paired, ${left.length} and ${right.length} seeds, `, resamples);
  return {
    value: scoreA.value - scoreB.value,
    n,
    interval: { ...bounds, confidence, method },
    blockLength: blocks.blockLength,
    verdict: verdictOf(bounds, scoreA, scoreB),
  };
}

function methodOf({ scheme, blockLength }: Blocks, details: string, resamples: number): string {
  const length = Number(blockLength.toPrecision(4));
  return `${scheme} block bootstrap percentile (${details}block length ${length}), ${resamples} resamples`;
}

function seedsOf(side: Samples | readonly Samples[]): readonly Samples[] {
  return typeof side[0] === "number" || side.length === 0 ? [side as Samples] : side as readonly Samples[];
}

function meanOverSeedsAt(groups: readonly Float64Array[], i: number): number {
  return groups.reduce((sum, items) => sum + items[i], 0) / groups.length;
}

function meanOverSeeds(groups: readonly Float64Array[]): Float64Array {
  return groups[0].map((_, i) => meanOverSeedsAt(groups, i));
}

function checkSeeds(seeds: readonly Samples[], task: string): Float64Array[] {
  if (!(seeds?.length >= 1)) throw new RangeError(`Cannot ${task}: expected at least one seed, got none`);
  const groups = seeds.map((items, g) => checkSamples(items, seeds.length === 1 ? task : `${task} (seed ${g})`, 2));
  const other = groups.find((items) => items.length !== groups[0].length);
  if (!other) return groups;
  throw new TypeError(`Cannot ${task}: expected [seeds, ${groups[0].length}], got a seed of ${other.length} times`);
}

function chooseBlocks(groups: readonly Float64Array[], options: BlockBootstrapOptions, task: string): Blocks {
  const { scheme = "stationary", blockLength = "automatic", leastBlockLength = 1 } = options;
  const n = groups[0].length;
  const isWhole = scheme !== "stationary";
  const isLength = (value: number) => value >= 1 && value <= n && (!isWhole || Number.isInteger(value));
  const wanted = `${isWhole ? "an integer" : "a number"} from 1 to ${n}`;
  if (!isLength(leastBlockLength)) {
    throw new RangeError(`Cannot ${task}: expected leastBlockLength to be ${wanted}, got ${leastBlockLength}`);
  }
  if (blockLength !== "automatic") {
    if (isLength(blockLength)) return { scheme, blockLength };
    throw new RangeError(`Cannot ${task}: expected blockLength to be ${wanted} or "automatic", got ${blockLength}`);
  }
  // The longest that any seed asks for; what does not vary has no dependence to keep.
  const lengths = groups.filter((items) => items.some((value) => value !== items[0])).map((items) => {
    const { stationary, circular } = optimalBlockLength(items);
    return isWhole ? Math.ceil(circular) : stationary;
  });
  return { scheme, blockLength: Math.min(n, Math.max(1, leastBlockLength, ...lengths)) };
}
