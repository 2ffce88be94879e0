// Forecasts that need no training to speak of: what any forecaster must beat. The last known value, which for prices is hard to beat (a random
// walk's best forecast), and a linear function of the window, by ridge regression on the training windows.

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { gatherRows, inUnits, type SeriesWindows } from "../data/mod.ts";
import { multiplyTransposed } from "./similarity.ts";

/**
 * The last known value at every step of the horizon (the naive forecast; Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 5.2).
 *
 * @param rows of the windows' dataset, shape [n]
 * @returns in the unit of the series, shape [n, horizon]
 *
 * @example
 * ```ts
 * import { loadSeries, windowsOf } from "lib/data/mod.ts";
 * import { lastValueForecast } from "lib/evaluate/mod.ts";
 * const windows = windowsOf(await loadSeries("wti"), { context: 8, horizon: 2 });
 * const [first, second] = lastValueForecast(windows, windows.dataset.splits.validation);
 * console.log(first === second); // true
 * ```
 */
export function lastValueForecast(windows: SeriesWindows, rows: Uint32Array): Float64Array {
  const { starts, options: { context, horizon }, series } = windows;
  const [values] = series.columns.values();
  const forecast = new Float64Array(rows.length * horizon);
  rows.forEach((row, i) => forecast.fill(values[starts[row] + context - 1], i * horizon, (i + 1) * horizon));
  return forecast;
}

/** A linear forecaster of normalised windows: `target = intercept + context weights`. */
export interface LinearForecaster {
  /** Shape [context x columns, horizon]. */
  readonly weights: Float64Array;
  /** Shape [horizon]. */
  readonly intercept: Float64Array;
  readonly ridge: number;
}

/** How a linear forecaster is fitted. */
export interface LinearOptions {
  /**
   * Weight of the squared coefficients beside the sum of squared errors; 0 is least squares. "validation" (default) takes of
   * {@link RIDGE_CANDIDATES} the one with the lowest squared error on the validation windows.
   */
  readonly ridge?: number | "validation";
}

/** What "validation" chooses from. */
export const RIDGE_CANDIDATES: readonly number[] = [0, 0.01, 0.1, 1, 10, 100, 1000];

/** Directions with less than this share of the largest variance are noise of rounding; least squares leaves them out. */
const RANK_TOLERANCE = 1e-12;

/**
 * Fits a linear forecaster on the training windows (ridge regression, Hoerl and Kennard 1970, with an intercept that is not shrunk).
 *
 * @throws {RangeError} when ridge is negative or not finite, or there are fewer than two training windows
 *
 * @example
 * ```ts
 * import { loadSeries, windowsOf } from "lib/data/mod.ts";
 * import { fitLinearForecaster, linearForecast } from "lib/evaluate/mod.ts";
 * const windows = windowsOf(await loadSeries("wti"), { context: 8, horizon: 2 });
 * const forecaster = fitLinearForecaster(windows, { ridge: 1 });
 * const forecast = linearForecast(forecaster, windows, windows.dataset.splits.validation);
 * console.log(forecast.length === 2 * windows.dataset.splits.validation.length); // true
 * ```
 */
export function fitLinearForecaster(
  windows: SeriesWindows,
  { ridge = "validation" }: LinearOptions = {},
): LinearForecaster {
  if (ridge !== "validation" && !(Number.isFinite(ridge) && ridge >= 0)) {
    throw new RangeError(
      `Cannot fit a linear forecaster: expected ridge to be a number from 0 or "validation", got ${ridge}`,
    );
  }
  const { dataset: { splits } } = windows;
  const solve = ridgePath(matrices(windows, splits.train));
  if (ridge !== "validation") return solve(ridge);
  const held = matrices(windows, splits.validation);
  const candidates = RIDGE_CANDIDATES.map((value) => solve(value));
  const errors = candidates.map((candidate) => squaredError(candidate, held));
  return candidates[errors.indexOf(Math.min(...errors))];
}

/**
 * The forecasts of a linear forecaster.
 *
 * @param rows of the windows' dataset, shape [n]
 * @returns in the unit of the series, shape [n, horizon]
 */
export function linearForecast(forecaster: LinearForecaster, windows: SeriesWindows, rows: Uint32Array): Float64Array {
  return inUnits(windows, rows, predict(forecaster, matrices(windows, rows)));
}

interface Matrices {
  /** Shape [rows, width]. */
  readonly x: Float64Array;
  /** Shape [rows, horizon]. */
  readonly y: Float64Array;
  readonly rows: number;
  readonly width: number;
  readonly horizon: number;
}

function matrices({ dataset: { columns }, options: { horizon } }: SeriesWindows, rows: Uint32Array): Matrices {
  const x = Float64Array.from(gatherRows(columns.context, rows));
  const y = Float64Array.from(gatherRows(columns.target, rows));
  return { x, y, rows: rows.length, width: x.length / rows.length, horizon };
}

/** Solves for any ridge from one eigendecomposition of the centred contexts' scatter. */
function ridgePath({ x, y, rows, width, horizon }: Matrices): (ridge: number) => LinearForecaster {
  if (rows < 2) {
    throw new RangeError(`Cannot fit a linear forecaster: expected at least 2 training windows, got ${rows}`);
  }
  const [left, right] = [centredColumns(x, rows), centredColumns(y, rows)];
  const scatter = multiplyTransposed(left.values, left.values, new Float64Array(width * width), rows);
  const cross = multiplyTransposed(left.values, right.values, new Float64Array(width * horizon), rows);
  const decomposition = new EigenvalueDecomposition(Matrix.from1DArray(width, width, scatter), {
    assumeSymmetric: true,
  });
  const { realEigenvalues, eigenvectorMatrix: directions } = decomposition;
  const projected = directions.transpose().mmul(Matrix.from1DArray(width, horizon, cross));
  const floor = RANK_TOLERANCE * Math.max(...realEigenvalues);
  return (ridge) => {
    const scaled = projected.clone();
    realEigenvalues.forEach((value, i) => scaled.mulRow(i, value > floor ? 1 / (value + ridge) : 0));
    const weights = Float64Array.from(directions.mmul(scaled).to1DArray());
    const intercept = right.means.map((mean, k) => {
      return mean - left.means.reduce((sum, center, i) => sum + center * weights[i * horizon + k], 0);
    });
    return { weights, intercept, ridge };
  };
}

/** Columns less their means, transposed: shape [columns, rows]. */
function centredColumns(data: Float64Array, rows: number): { means: Float64Array; values: Float64Array } {
  const width = data.length / rows;
  const means = new Float64Array(width);
  data.forEach((value, i) => means[i % width] += value / rows);
  const values = new Float64Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) values[i * rows + row] = data[row * width + i] - means[i];
  }
  return { means, values };
}

function predict({ weights, intercept }: LinearForecaster, { x, rows, width, horizon }: Matrices): Float64Array {
  if (weights.length !== width * horizon) {
    throw new TypeError(
      `Cannot forecast: expected windows of ${
        weights.length / intercept.length
      } values and ${intercept.length} steps, got ${width} and ${horizon}`,
    );
  }
  const forecast = new Float64Array(rows * horizon);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < horizon; k++) {
      let sum = intercept[k];
      for (let i = 0; i < width; i++) sum += x[row * width + i] * weights[i * horizon + k];
      forecast[row * horizon + k] = sum;
    }
  }
  return forecast;
}

function squaredError(forecaster: LinearForecaster, held: Matrices): number {
  return predict(forecaster, held).reduce((sum, value, i) => sum + (value - held.y[i]) ** 2, 0);
}
