// Centred vectors and their covariance, and what both become without one row: scores of a whole set (isotropy, CKA) get their
// uncertainty from leaving each row out in turn, which for sums of outer products is a correction of rank one.

import { columnMeans } from "./geometry.ts";
import { multiplyTransposed } from "./similarity.ts";
import { checkFinite, sizeOf, type Vectors } from "./vectors.ts";

/** A set of vectors, centred, with its scatter matrix. */
export interface Scatter {
  readonly rows: number;
  readonly width: number;
  readonly centred: Float64Array;
  /** `centred`, transposed: shape [width, rows]. */
  readonly transposed: Float64Array;
  /** Sum of outer products of the centred rows, shape [width, width]. */
  readonly matrix: Float64Array;
  /** Squared norm of each centred row, length rows. */
  readonly squaredNorms: Float64Array;
  /** `x^T matrix x` of each centred row, length rows. */
  readonly forms: Float64Array;
  readonly trace: number;
  /** Squared Frobenius norm of `matrix`. */
  readonly squares: number;
}

/**
 * The scatter of vectors.
 *
 * @param vectors shape [n, width], n at least 3
 * @throws {RangeError} when there are fewer rows, or a value is not finite
 */
export function scatterOf(vectors: Vectors, task: string): Scatter {
  const { rows, width } = sizeOf(vectors, task);
  if (rows < 3) throw new RangeError(`Cannot ${task}: expected at least 3 vectors, got ${rows}`);
  checkFinite(vectors, task);
  const mean = columnMeans(vectors.data, rows, width);
  const centred = Float64Array.from(vectors.data, (value, i) => value - mean[i % width]);
  const transposed = transpose(centred, rows, width);
  const matrix = multiplyTransposed(transposed, transposed, new Float64Array(width * width), rows);
  const squaredNorms = dotRows(centred, centred, rows);
  const forms = quadraticForms(centred, matrix, centred, rows);
  return {
    rows,
    width,
    centred,
    transposed,
    matrix,
    squaredNorms,
    forms,
    trace: squaredNorms.reduce((sum, value) => sum + value, 0),
    squares: sumOfSquares(matrix),
  };
}

/**
 * The cross product of two scatters, `X^T Y`: its squared Frobenius norm, and that norm without each row in turn.
 */
export function crossSquares(x: Scatter, y: Scatter): { squares: number; without: Float64Array } {
  const cross = multiplyTransposed(x.transposed, y.transposed, new Float64Array(x.width * y.width), x.rows);
  const squares = sumOfSquares(cross);
  const forms = quadraticForms(x.centred, cross, y.centred, x.rows);
  return { squares, without: squaresWithout(squares, forms, { x: x.squaredNorms, y: y.squaredNorms }) };
}

/**
 * Squared Frobenius norms of a sum of outer products of centred rows, without each row: centring again without row i changes the
 * sum by `n / (n - 1) x_i y_i^T` (Welford 1962, backwards).
 */
export function squaresWithout(
  squares: number,
  forms: Float64Array,
  norms: { x: Float64Array; y: Float64Array },
): Float64Array {
  const factor = forms.length / (forms.length - 1);
  return forms.map((form, i) => Math.max(0, squares - 2 * factor * form + factor ** 2 * norms.x[i] * norms.y[i]));
}

/**
 * A score of a whole set as one value a row: their mean is the score, and they spread as its jackknife does, so that intervals and
 * paired comparisons treat it like a mean (pseudo-values of Tukey 1958, moved to the score).
 *
 * @param without the score without each row (or group of rows) in turn
 */
export function influenceItems(score: number, without: Float64Array): Float64Array {
  const center = without.reduce((sum, value) => sum + value, 0) / without.length;
  return without.map((value) => score - (without.length - 1) * (value - center));
}

/** `x_i^T matrix y_i` for rows x [n, p], y [n, q] and a matrix [p, q]. */
function quadraticForms(x: Float64Array, matrix: Float64Array, y: Float64Array, rows: number): Float64Array {
  const width = y.length / rows;
  // Row i of the product is matrix y_i.
  const product = multiplyTransposed(y, matrix, new Float64Array(x.length), width);
  return dotRows(x, product, rows);
}

function dotRows(a: Float64Array, b: Float64Array, rows: number): Float64Array {
  const width = a.length / rows;
  const out = new Float64Array(rows);
  for (let row = 0, i = 0; row < rows; row++) {
    let sum = 0;
    for (const end = i + width; i < end; i++) sum += a[i] * b[i];
    out[row] = sum;
  }
  return out;
}

function transpose(data: Float64Array, rows: number, width: number): Float64Array {
  const out = new Float64Array(data.length);
  for (let row = 0; row < rows; row++) for (let i = 0; i < width; i++) out[i * rows + row] = data[row * width + i];
  return out;
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
