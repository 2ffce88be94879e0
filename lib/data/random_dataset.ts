// Random datasets, for measuring what a model costs at widths no teacher here has. Their manifest says synthetic, so that a
// report can say so and nothing about quality is read from them.

import type { Dataset } from "./dataset.ts";
import { datasetHash, type DatasetManifest, splitIndices } from "./manifest.ts";
import { random } from "../statistics/mod.ts";

const NAME = /^random-(\d{1,9})x(\d{1,9})-seed(\d{1,9})$/;
const MAX_VALUES = 2 ** 29; // 2 GiB of float32

/** Whether {@link loadDataset} should generate rather than read. */
export function isRandomDatasetName(name: string): boolean {
  return NAME.test(name);
}

/** The random dataset with this name, as a reference in another process finds it. */
export function randomDatasetByName(name: string): Dataset {
  const [, rows, width, seed] = NAME.exec(name) ?? [];
  return randomDataset({ rows: Number(rows), width: Number(width), seed: Number(seed) });
}

/** The hash of the random dataset with this name, without making it. */
export function randomDatasetHash(name: string): string {
  const [, rows, width, seed] = NAME.exec(name) ?? [];
  return datasetHash(randomManifest(Number(rows), Number(width), Number(seed)));
}

/**
 * A synthetic dataset for cost measurements only: one column `embedding` [rows, width] of independent uniform numbers with mean 0
 * and variance 1/width, so that rows have a norm of about 1. The first 80% of rows are `train`, then 10% and 10%. It is the same
 * on every machine, and its name is enough to make it again.
 *
 * @param options.rows at least 10
 * @param options.seed an integer from 0 to 999,999,999
 * @throws {RangeError} when a size is not a positive integer or the data would exceed 2 GiB
 *
 * @example
 * ```ts
 * import { randomDataset } from "lib/data/mod.ts";
 * const dataset = randomDataset({ rows: 50, width: 3072, seed: 1 });
 * console.log(dataset.name, dataset.manifest.synthetic, dataset.splits.train.length); // random-50x3072-seed1 true 40
 * ```
 */
export function randomDataset({ rows, width, seed }: { rows: number; width: number; seed: number }): Dataset {
  checkInteger("rows", rows, 10);
  checkInteger("width", width, 1);
  checkInteger("seed", seed, 0);
  if (rows * width > MAX_VALUES) {
    throw new RangeError(`Cannot make a random dataset: expected at most ${MAX_VALUES} values, got ${rows} x ${width}`);
  }
  const manifest = randomManifest(rows, width, seed);
  const half = Math.sqrt(3 / width); // uniform in [-half, half) has variance half^2 / 3
  const data = random(seed, "random dataset", rows, width).fillUniform(new Float32Array(rows * width), -half, half);
  return {
    name: manifest.name,
    hash: datasetHash(manifest),
    columns: { embedding: { dtype: "float32", shape: [rows, width], data } },
    texts: {},
    splits: splitIndices(manifest),
    manifest,
    source: manifest.name,
  };
}

function randomManifest(rows: number, width: number, seed: number): DatasetManifest {
  const [trainEnd, validationEnd] = [Math.floor(rows * 0.8), Math.floor(rows * 0.9)];
  return {
    schemaVersion: 1,
    name: `random-${rows}x${width}-seed${seed}`,
    title: `Uniform random numbers, ${rows} x ${width}, for cost measurements only`,
    synthetic: true,
    origin: [{ name: "random numbers", version: "1", obtainedFrom: "lib/data randomDataset", licence: "none needed" }],
    licence: { name: "none needed" },
    model: null,
    count: rows,
    width,
    dtype: "F32",
    columns: { embedding: { file: "generated", tensor: "embedding", shape: [rows, width] } },
    texts: null,
    splits: {
      train: { start: 0, end: trainEnd },
      validation: { start: trainEnd, end: validationEnd },
      test: { start: validationEnd, end: rows },
    },
    files: {},
    build: { command: `randomDataset({ rows: ${rows}, width: ${width}, seed: ${seed} })`, seed, versions: {} },
  };
}

function checkInteger(name: string, value: number, minimum: number): void {
  if (!Number.isInteger(value) || value < minimum || value > 999_999_999) {
    throw new RangeError(
      `Cannot make a random dataset: expected ${name} to be an integer from ${minimum}, got ${value}`,
    );
  }
}
