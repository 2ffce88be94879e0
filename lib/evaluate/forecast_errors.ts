// How far forecasts are off, with intervals. Windows that overlap and days that follow each other have errors that depend on each other, so
// intervals are drawn in blocks of time.

import type { SeriesWindows } from "../data/mod.ts";
import { targetValues } from "../data/mod.ts";
import {
  type BlockBootstrapOptions,
  blockBootstrapOverSeeds,
  type BlockDifference,
  type BlockEstimate,
  dieboldMariano,
  type DieboldMarianoResult,
  pairedBlockDifference,
  type Statistic,
} from "../statistics/mod.ts";

/** Forecasts of the same windows by one or several seeds of a model. */
export interface Forecasts {
  readonly windows: SeriesWindows;
  /** Rows of the windows' dataset in the order of time, shape [n]. */
  readonly rows: Uint32Array;
  /** One a seed, shape [n, horizon], in the unit of the series (`inUnits` brings a model's output there). */
  readonly seeds: readonly ArrayLike<number>[];
}

/** Quantities of {@link forecastErrors}. */
export type ForecastMetric = "mae" | "rmse" | "mase";

/** Errors of forecasts, over windows and steps of the horizon. Each estimate's n is the number of windows. */
export interface ForecastErrors {
  /** Mean absolute error, in the unit of the series. */
  readonly mae: BlockEstimate;
  /** Root mean squared error, in the unit of the series. */
  readonly rmse: BlockEstimate;
  /**
   * Mean absolute scaled error (Hyndman and Koehler, Another look at measures of forecast accuracy, 2006): the mean absolute error over that of the
   * last value, one step ahead, on the training part. Below 1 is better than that; a longer horizon makes it larger for everybody. The
   * interval takes that divisor as known.
   */
  readonly mase: BlockEstimate;
  /** Mean absolute error of each step of the horizon, over windows and seeds, length horizon. */
  readonly maeByStep: Float64Array;
}

/** The difference of the errors of two forecasts. */
export interface ForecastComparison extends BlockDifference {
  /**
   * The test of Diebold and Mariano on absolute errors (squared ones for "rmse") averaged over seeds; it knows nothing of how seeds differ. Null where
   * its variance is not positive.
   */
  readonly dieboldMariano: DieboldMarianoResult | null;
}

/** Options of forecast errors and comparisons. */
export type ForecastErrorOptions = Omit<BlockBootstrapOptions, "leastBlockLength">;

const rootOfMean: Statistic = (squares) => Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / squares.length);

/**
 * Errors with block bootstrap intervals over windows, and over seeds where there are several. Blocks are at least as long as targets overlap.
 *
 * @throws {TypeError} when forecasts have another shape or are not finite
 * @throws {RangeError} when rows are not in the order of time, there is no seed, or there are too few windows
 *
 * @example
 * ```ts
 * import { loadSeries, windowsOf } from "lib/data/mod.ts";
 * import { forecastErrors, lastValueForecast } from "lib/evaluate/mod.ts";
 * const windows = windowsOf(await loadSeries("wti"), { context: 8, horizon: 1 });
 * const rows = windows.dataset.splits.validation;
 * const { mae, rmse } = forecastErrors({ windows, rows, seeds: [lastValueForecast(windows, rows)] }, { seed: 1, resamples: 200 });
 * console.log(mae.value < rmse.value, mae.interval.low < mae.value); // true true
 * ```
 */
export function forecastErrors(forecasts: Forecasts, options: ForecastErrorOptions): ForecastErrors {
  const { absolute, squared, overlap, windows } = lossesOf(forecasts);
  const blocks = { ...options, leastBlockLength: overlap };
  const mae = blockBootstrapOverSeeds(absolute, blocks);
  const scale = naiveScale(windows);
  return {
    mae,
    rmse: blockBootstrapOverSeeds(squared, { ...blocks, statistic: rootOfMean }),
    mase: scaledBy(mae, scale),
    maeByStep: maeByStep(forecasts),
  };
}

/**
 * The difference of the errors of two forecasts of the same windows, a - b: below zero where a is better.
 *
 * @param metric default "mae"
 * @throws {TypeError | RangeError} as `forecastErrors`, or when the rows differ
 */
export function compareForecasts(
  a: Forecasts,
  b: Forecasts,
  { metric = "mae", ...options }: ForecastErrorOptions & { metric?: ForecastMetric },
): ForecastComparison {
  const [left, right] = [lossesOf(a), lossesOf(b)];
  const isSame = a.rows.length === b.rows.length && a.rows.every((row, i) => row === b.rows[i]) &&
    a.windows.dataset.hash === b.windows.dataset.hash;
  if (!isSame) throw new TypeError("Cannot compare forecasts: expected forecasts of the same windows, got others");
  const blocks = { ...options, leastBlockLength: left.overlap };
  if (metric === "rmse") {
    const difference = pairedBlockDifference(left.squared, right.squared, { ...blocks, statistic: rootOfMean });
    return { ...difference, dieboldMariano: tested(left.squared, right.squared, left.overlap) };
  }
  const difference = {
    ...pairedBlockDifference(left.absolute, right.absolute, blocks),
    dieboldMariano: tested(left.absolute, right.absolute, left.overlap),
  };
  return metric === "mae" ? difference : scaledBy(difference, naiveScale(a.windows));
}

/** The test on means over seeds; null where it has no positive variance. */
function tested(a: Float64Array[], b: Float64Array[], horizon: number): DieboldMarianoResult | null {
  const mean = (seeds: Float64Array[]) =>
    seeds[0].map((_, i) => seeds.reduce((sum, losses) => sum + losses[i], 0) / seeds.length);
  try {
    return dieboldMariano(mean(a), mean(b), { horizon });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The mean absolute change from one step to the next in the training part: what MASE divides by. */
export function naiveScale({ series, segments: { train } }: SeriesWindows): number {
  const [values] = series.columns.values();
  let sum = 0;
  for (let i = train.start + 1; i < train.end; i++) sum += Math.abs(values[i] - values[i - 1]);
  return sum / (train.end - train.start - 1);
}

/** Losses of each seed, one a window: means over the horizon; and how many windows in a row have targets in common. */
function lossesOf({ windows, rows, seeds }: Forecasts) {
  const { options: { horizon, stride } } = windows;
  if (!(seeds.length >= 1)) {
    throw new RangeError("Cannot compute forecast errors: expected at least one seed, got none");
  }
  const disorder = rows.findIndex((row, i) => i > 0 && row <= rows[i - 1]);
  if (disorder >= 0) {
    throw new RangeError(
      `Cannot compute forecast errors: expected rows in the order of time, got ${rows[disorder]} after ${
        rows[disorder - 1]
      }`,
    );
  }
  const targets = targetValues(windows, rows);
  const losses = (of: (error: number) => number) =>
    seeds.map((forecast) => {
      checkForecast(forecast, targets.length, `[${rows.length}, ${horizon}]`);
      const perWindow = new Float64Array(rows.length);
      for (let i = 0; i < targets.length; i++) {
        perWindow[Math.floor(i / horizon)] += of(forecast[i] - targets[i]) / horizon;
      }
      return perWindow;
    });
  const overlap = Math.min(rows.length - 1, Math.ceil(horizon / stride));
  return { absolute: losses(Math.abs), squared: losses((error) => error * error), overlap, windows };
}

function maeByStep({ windows, rows, seeds }: Forecasts): Float64Array {
  const { options: { horizon } } = windows;
  const targets = targetValues(windows, rows);
  const means = new Float64Array(horizon);
  for (const forecast of seeds) {
    for (let i = 0; i < targets.length; i++) {
      means[i % horizon] += Math.abs(forecast[i] - targets[i]) / (rows.length * seeds.length);
    }
  }
  return means;
}

function checkForecast(forecast: ArrayLike<number>, length: number, shape: string): void {
  if (forecast.length !== length) {
    throw new TypeError(
      `Cannot compute forecast errors: expected forecasts of ${shape}, got ${forecast.length} values`,
    );
  }
  for (let i = 0; i < length; i++) {
    if (Number.isFinite(forecast[i])) continue;
    throw new TypeError(`Cannot compute forecast errors: expected finite forecasts, got ${forecast[i]} at index ${i}`);
  }
}

/** An estimate divided by a constant. */
function scaledBy<T extends BlockEstimate>(estimate: T, scale: number): T {
  const { interval: { low, high, ...how } } = estimate;
  return { ...estimate, value: estimate.value / scale, interval: { low: low / scale, high: high / scale, ...how } };
}
