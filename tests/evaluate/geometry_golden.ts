// The reference scores of tests/golden/evaluate/make_geometry.py (numpy, scipy, scikit-learn).

import { readFileSync } from "node:fs";
import { random } from "lib/statistics/mod.ts";
import type { Vectors } from "lib/evaluate/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { vectorsOf } from "./golden.ts";

interface GeometryGolden {
  rows: number;
  width: number;
  otherWidth: number;
  x: number[];
  y: number[];
  isoScore: number[];
  isoScoreWithout: number[];
  meanCosine: number[];
  cka: number;
  ckaWithout: number[];
  rsa: number;
  rsaOfSigns: number;
  binary: Record<"hamming" | "hammingRank" | "asymmetricRank" | "low" | "high", number[]> & { queries: number };
  dictionary: {
    glosses: number[];
    lemmas: number[];
    targets: number[][];
    rank: number[];
    mrr: number;
    recallAt10: number[];
    single: number[];
    singleMrr: number;
  };
}

export const geometryGolden: GeometryGolden = JSON.parse(
  readFileSync(projectPath("tests", "golden", "evaluate", "geometry.json"), "utf8"),
);
export const goldenX: Vectors = vectorsOf(geometryGolden.x, geometryGolden.width);
export const goldenY: Vectors = vectorsOf(geometryGolden.y, geometryGolden.otherWidth);

/** Normal vectors; the same path draws the same ones. */
export function normalVectors(rows: number, width: number, ...path: (string | number)[]): Vectors {
  return { shape: [rows, width], data: random(31, ...path).fillNormal(new Float32Array(rows * width), 0, 1) };
}

/** `vectors` with every pair of neighbouring dimensions turned by an angle, then reversed: a rotation (with a reflection). */
export function rotated({ shape: [rows, width], data }: Vectors): Vectors {
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const value = Array.from(data.subarray(row * width, (row + 1) * width));
    for (let i = 0; i + 1 < width; i++) {
      const [c, s] = [Math.cos(0.5 + i), Math.sin(0.5 + i)];
      [value[i], value[i + 1]] = [c * value[i] - s * value[i + 1], s * value[i] + c * value[i + 1]];
    }
    out.set(value.reverse(), row * width);
  }
  return { shape: [rows, width], data: out };
}

/** Every value times `factor`. */
export function scaled({ shape, data }: Vectors, factor: number): Vectors {
  return { shape, data: data.map((value) => value * factor) };
}

/** A constant added to every value. */
export function moved({ shape, data }: Vectors, by: number): Vectors {
  return { shape, data: data.map((value) => value + by) };
}
