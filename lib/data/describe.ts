// What a dataset's columns look like, for the data paragraph of a report and for seeing a broken import at a glance.

import type { Dataset } from "./dataset.ts";

/** Summary of one column over all its rows. Norms are Euclidean, over one row. */
export interface ColumnDescription {
  readonly name: string;
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  readonly standardDeviation: number;
  readonly normMinimum: number;
  readonly normMean: number;
  readonly normMaximum: number;
}

/**
 * Describes every column of a dataset: size, range, moments (population standard deviation) and row norms.
 *
 * @example
 * ```ts
 * import { describeColumns, randomDataset } from "lib/data/mod.ts";
 * const [embedding] = describeColumns(randomDataset({ rows: 100, width: 8, seed: 1 }));
 * console.log(embedding.name, embedding.bytes); // embedding 3200
 * ```
 */
export function describeColumns(dataset: Dataset): ColumnDescription[] {
  return Object.entries(dataset.columns).map(([name, { dtype, shape, data }]) => {
    const width = data.length / shape[0];
    let [minimum, maximum, sum, squares] = [Infinity, -Infinity, 0, 0];
    let [normMinimum, normMaximum, normSum] = [Infinity, -Infinity, 0];
    for (let start = 0; start < data.length; start += width) {
      let rowSquares = 0;
      for (let i = start; i < start + width; i++) {
        const value = data[i];
        if (value < minimum) minimum = value;
        if (value > maximum) maximum = value;
        sum += value;
        rowSquares += value * value;
      }
      squares += rowSquares;
      const norm = Math.sqrt(rowSquares);
      normMinimum = Math.min(normMinimum, norm);
      normMaximum = Math.max(normMaximum, norm);
      normSum += norm;
    }
    const mean = sum / data.length;
    const standardDeviation = Math.sqrt(Math.max(0, squares / data.length - mean * mean));
    const norms = { normMinimum, normMean: normSum / shape[0], normMaximum };
    return { name, dtype, shape, bytes: data.byteLength, minimum, maximum, mean, standardDeviation, ...norms };
  });
}
