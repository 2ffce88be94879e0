// Sums of word vectors, for analogies that are asked with a vector of their own.

import type { Vectors } from "./vectors.ts";

/** A sum of rows: row index and factor. */
export type Terms = readonly (readonly [row: number, factor: number])[];

/** One vector a list of terms, shape [lists, width]; sums are float64, rounded once. */
export function combineRows({ data, shape: [, width] }: Vectors, lists: readonly Terms[]): Vectors {
  const combined = new Float32Array(lists.length * width);
  const sum = new Float64Array(width);
  lists.forEach((terms, i) => {
    sum.fill(0);
    for (const [row, factor] of terms) {
      for (let k = 0; k < width; k++) sum[k] += factor * data[row * width + k];
    }
    combined.set(sum, i * width);
  });
  return { shape: [lists.length, width], data: combined };
}

/** Cosine in [-1, 1]; 0 when one of both is zero. */
export function cosine(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [product, xSquares, ySquares] = [0, 0, 0];
  for (let k = 0; k < x.length; k++) {
    product += x[k] * y[k];
    xSquares += x[k] * x[k];
    ySquares += y[k] * y[k];
  }
  const norms = Math.sqrt(xSquares) * Math.sqrt(ySquares);
  return norms > 0 ? Math.max(-1, Math.min(1, product / norms)) : 0;
}
