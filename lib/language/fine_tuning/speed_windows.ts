// Speed and memory over windows of iterations, each with its spread: does training slow down or grow?

import {
  blockBootstrap,
  bootstrapInterval,
  type Estimate,
  median,
  standardDeviation,
  type Statistic,
} from "../../statistics/mod.ts";

/** What is measured of an iteration. */
export interface MeasuredIteration {
  /** Counted from 1. */
  readonly iteration: number;
  readonly seconds: number;
  /** Tokens that it learned. */
  readonly tokens: number;
  /** Resident memory after it, in bytes. */
  readonly rssBytes: number;
  /** The highest resident memory of the process so far, in bytes. */
  readonly peakRssBytes: number;
}

/** Speed over a window of iterations. */
export interface SpeedWindow {
  /** Iterations after this one, */
  readonly from: number;
  /** up to and with this one. */
  readonly to: number;
  /** Iterations that were measured, at least 2. */
  readonly count: number;
  /** Median over iterations of 1 / seconds; neighbours share what slows a machine down, so blocks of them are drawn again. */
  readonly iterationsPerSecond: Estimate;
  readonly iterationsPerSecondDeviation: number;
  /** Median over iterations. */
  readonly tokensPerSecond: Estimate;
  readonly tokensPerSecondDeviation: number;
  readonly peakRssBytes: number;
}

/** Those of the report that began this: 1 to 100, 100 to 300, 300 to 500. */
export const SPEED_WINDOWS: readonly (readonly [from: number, to: number])[] = [[0, 100], [100, 300], [300, 500]];

/** Fewer values than this have no automatic length of blocks. */
const LEAST_FOR_BLOCKS = 10;
const RESAMPLES = 2000;

/**
 * Speed over windows.
 *
 * @param bounds iterations after the first number, up to and with the second; default 1 to 100, 101 to 300, 301 to 500
 * @returns the windows of which at least two iterations were measured
 *
 * @example
 * ```ts
 * import { speedWindows } from "lib/language/mod.ts";
 * const iterations = Array.from({ length: 150 }, (_, i) => ({
 *   iteration: i + 1,
 *   seconds: i < 100 ? 0.5 : 0.25,
 *   tokens: 70,
 *   rssBytes: 1e9,
 *   peakRssBytes: 1e9,
 * }));
 * const [first, second] = speedWindows(iterations);
 * if (first.iterationsPerSecond.value !== 2 || second.tokensPerSecond.value !== 280) throw new Error("twice as fast");
 * ```
 */
export function speedWindows(
  iterations: readonly MeasuredIteration[],
  bounds: readonly (readonly [from: number, to: number])[] = SPEED_WINDOWS,
): SpeedWindow[] {
  return bounds.flatMap(([from, to]) => {
    const inside = iterations.filter(({ iteration }) => iteration > from && iteration <= to);
    return inside.length < 2 ? [] : [windowOf(inside, from, to)];
  });
}

function windowOf(inside: readonly MeasuredIteration[], from: number, to: number): SpeedWindow {
  const iterations = inside.map(({ seconds }) => 1 / seconds);
  const tokens = inside.map(({ seconds, tokens }) => tokens / seconds);
  return {
    from,
    to,
    count: inside.length,
    iterationsPerSecond: medianOf(iterations),
    iterationsPerSecondDeviation: standardDeviation(iterations),
    tokensPerSecond: medianOf(tokens),
    tokensPerSecondDeviation: standardDeviation(tokens),
    peakRssBytes: Math.max(...inside.map(({ peakRssBytes }) => peakRssBytes)),
  };
}

function medianOf(values: readonly number[]): Estimate {
  const options = { statistic: median as Statistic, seed: "speed windows", resamples: RESAMPLES };
  return values.length < LEAST_FOR_BLOCKS ? bootstrapInterval(values, options) : blockBootstrap(values, options);
}
