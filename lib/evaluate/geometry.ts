// How close reconstructed vectors are to the originals, row by row: cosine, squared error, explained variance.

import { mean, quantile } from "../statistics/mod.ts";
import { checkFinite, sizeOf, type Vectors } from "./vectors.ts";

/** Scores of n reconstructed vectors. Per-row values are kept for bootstrap intervals. */
export interface GeometryScores {
  /** Cosine of each row with its original, in [-1, 1], length n; 0 where either has norm 0. */
  readonly cosine: Float64Array;
  readonly cosineMean: number;
  /** 5th percentile of `cosine` (linear interpolation between order statistics): how bad the bad rows are. */
  readonly cosineP5: number;
  /** Mean squared error of each row over its values, length n. */
  readonly squaredError: Float64Array;
  /** Mean of `squaredError`. */
  readonly mse: number;
  /** 1 - sum |x - y|^2 / sum |x - mean x|^2, at most 1; 0 is what the originals' own mean would score. NaN when all originals are equal. */
  readonly explainedVariance: number;
  /** `explainedVariance` as one value a row, with this mean, length n: for intervals (the ratio's linearization, Cochran 1977, 6.4). */
  readonly explainedVarianceItems: Float64Array;
  /** Reconstructed rows of norm 0, whose cosine counts as 0. */
  readonly zeroRows: number;
}

/**
 * Compares reconstructed vectors with their originals.
 *
 * @param reconstructed shape [n, width]
 * @param original shape [n, width]
 * @throws {TypeError} when the shapes differ
 * @throws {RangeError} when a value is not finite
 *
 * @example
 * ```ts
 * import { compareGeometry } from "lib/evaluate/mod.ts";
 * const original = { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) };
 * const reconstructed = { shape: [2, 2], data: Float32Array.of(2, 0, 1, 0) };
 * console.log(compareGeometry(reconstructed, original).cosineMean); // 0.5
 * ```
 */
export function compareGeometry(reconstructed: Vectors, original: Vectors): GeometryScores {
  const { rows, width } = sizeOf(original, "compare geometry");
  const got = sizeOf(reconstructed, "compare geometry");
  if (got.rows !== rows || got.width !== width) {
    throw new TypeError(`Cannot compare geometry: expected [${rows}, ${width}], got [${got.rows}, ${got.width}]`);
  }
  checkFinite(reconstructed, "compare geometry");
  checkFinite(original, "compare geometry");
  const cosine = new Float64Array(rows);
  const squaredError = new Float64Array(rows);
  let zeroRows = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    const x = original.data.subarray(start, start + width);
    const y = reconstructed.data.subarray(start, start + width);
    const { product, xSquares, ySquares, errors } = compareRow(x, y);
    const norms = Math.sqrt(xSquares) * Math.sqrt(ySquares);
    cosine[row] = norms > 0 ? Math.max(-1, Math.min(1, product / norms)) : 0;
    squaredError[row] = errors / width;
    if (ySquares === 0) zeroRows++;
  }
  const mse = mean(squaredError);
  const spread = squaresAboutMean(original.data, rows, width);
  const meanSpread = mean(spread);
  const unexplained = mse * width / meanSpread;
  const explainedVariance = 1 - unexplained;
  return {
    cosine,
    cosineMean: mean(cosine),
    cosineP5: quantile(cosine, 0.05),
    squaredError,
    mse,
    explainedVariance: Number.isFinite(explainedVariance) ? explainedVariance : NaN,
    explainedVarianceItems: squaredError.map((error, i) =>
      explainedVariance - (error * width - unexplained * spread[i]) / meanSpread
    ),
    zeroRows,
  };
}

function compareRow(x: Float32Array, y: Float32Array) {
  let product = 0;
  let xSquares = 0;
  let ySquares = 0;
  let errors = 0;
  for (let i = 0; i < x.length; i++) {
    product += x[i] * y[i];
    xSquares += x[i] * x[i];
    ySquares += y[i] * y[i];
    errors += (x[i] - y[i]) ** 2;
  }
  return { product, xSquares, ySquares, errors };
}

/** Squared distance of each row from the mean row. */
function squaresAboutMean(data: Float32Array, rows: number, width: number): Float64Array {
  const means = columnMeans(data, rows, width);
  const squares = new Float64Array(rows);
  for (let i = 0; i < rows * width; i++) squares[Math.floor(i / width)] += (data[i] - means[i % width]) ** 2;
  return squares;
}

/** Mean of each column of row-major data [rows, width], in float64. */
export function columnMeans(data: Float32Array, rows: number, width: number): Float64Array {
  const means = new Float64Array(width);
  for (let start = 0; start < rows * width; start += width) {
    for (let i = 0; i < width; i++) means[i] += data[start + i];
  }
  return means.map((sum) => sum / rows);
}
