// The reference scores of tests/golden/evaluate/make_scores.py (scikit-learn, scipy, numpy).

import { readFileSync } from "node:fs";
import type { Vectors } from "lib/evaluate/mod.ts";
import { projectPath } from "lib/process/mod.ts";

interface Golden {
  rows: number;
  width: number;
  latentDim: number;
  k: number;
  queries: number;
  x: number[];
  pca: Record<
    "mean" | "components" | "variances" | "explainedVarianceRatio" | "latent" | "reconstructed",
    number[]
  >;
  geometry: { cosine: number[]; cosineMean: number; cosineP5: number; mse: number; explainedVariance: number };
  teacher: number[][];
  student: number[][];
  recall: number[];
  int8: Record<"perDimension" | "perVector", { codes: number[]; values: number[]; clippedFraction: number }>;
}

export const golden: Golden = JSON.parse(
  readFileSync(projectPath("tests", "golden", "evaluate", "scores.json"), "utf8"),
);

/** Vectors of `width` values from a flat list. */
export function vectorsOf(values: readonly number[], width: number): Vectors {
  return { shape: [values.length / width, width], data: Float32Array.from(values) };
}

export const goldenVectors: Vectors = vectorsOf(golden.x, golden.width);

/** The golden's training rows: all but the queries. */
export const goldenTrain: Vectors = vectorsOf(golden.x.slice(golden.queries * golden.width), golden.width);
