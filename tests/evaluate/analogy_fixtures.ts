// The reference scores of tests/golden/evaluate/make_analogies.py, and vectors whose answers follow from how they are made.

import { readFileSync } from "node:fs";
import { type AnalogyCase, type AnalogyScores, outcomeOf, type Vectors } from "lib/evaluate/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { type Random, random } from "lib/statistics/mod.ts";

interface Golden {
  words: number;
  width: number;
  x: number[];
  questions: (AnalogyCase & { a: number; b: number; c: number; d: number[] })[];
  ranks: Record<string, number[]>;
  targetSimilarity: number[];
  relationshipSimilarity: number[];
  consistencyScore: number;
  average: { ranks: Record<string, number[]>; target: number[]; relationship: number[] };
  offsets: {
    pairs: [number, number][];
    offsetConcentration: number;
    area: number;
    roundedArea: number;
  } & Record<"paired" | "shuffled" | "roundedPaired" | "roundedShuffled", number[]>;
}

export const golden: Golden = JSON.parse(
  readFileSync(projectPath("tests", "golden", "evaluate", "analogies.json"), "utf8"),
);

export const goldenVectors: Vectors = {
  shape: [golden.words, golden.width],
  data: Float32Array.from(golden.x),
};

/** `w0`, `w1`, ... */
export function vocabularyOf(size: number): string[] {
  return Array.from({ length: size }, (_, i) => `w${i}`);
}

/** Ranks by the name that the golden file uses: "3CosAdd full excluded". */
export function ranksByName({ outcomes }: Pick<AnalogyScores, "outcomes">): Record<string, number[]> {
  return Object.fromEntries(
    outcomes.map(({ method, variant, inputs, ranks }) => [`${method} ${variant} ${inputs}`, [...ranks]]),
  );
}

/** The share of questions with rank 1, by the golden file's names. */
export function top1(scores: AnalogyScores, name: string): number {
  const [method, variant, inputs] = name.split(" ") as Parameters<typeof ruleOf>;
  const { ranks } = outcomeOf(scores, ruleOf(method, variant, inputs));
  return ranks.filter((rank) => rank === 1).length / ranks.length;
}

function ruleOf(
  method: AnalogyScores["outcomes"][number]["method"],
  variant: AnalogyScores["outcomes"][number]["variant"],
  inputs: AnalogyScores["outcomes"][number]["inputs"],
) {
  return { method, variant, inputs };
}

/** How {@link relation} lays out its words. */
interface RelationLayout {
  pairs: number;
  width: number;
  /** Half the relation's offset, which lies in the last dimension: sources have it negative, targets positive. */
  half: number;
  /** Of each target's own displacement. Without it all offsets are equal, also after scaling rows to norm 1. */
  noise?: number;
  /** Words that are in no pair. */
  others?: number;
}

/** Vectors of pairs (2i, 2i + 1) in one relation, then of other words. */
export function relation(stream: Random, { pairs, width, half, noise = 0, others = 0 }: RelationLayout): Vectors {
  const rows: number[][] = [];
  for (let i = 0; i < pairs; i++) {
    const common = direction(stream, width - 1);
    const target = common.concat(half);
    rows.push(common.concat(-half), noise ? target.map((value) => value + noise * stream.normal()) : target);
  }
  for (let i = 0; i < others; i++) rows.push(direction(stream, width));
  return { shape: [rows.length, width], data: Float32Array.from(rows.flat()) };
}

/** A random direction of norm 1. */
export function direction(stream: Random, width: number): number[] {
  const values = Array.from({ length: width }, () => stream.normal());
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

/** Each pair (2i, 2i + 1) asked for after the next one. */
export function chained(pairs: number, category = "relation"): AnalogyCase[] {
  return Array.from({ length: pairs }, (_, i) => {
    const next = (i + 1) % pairs;
    return { category, a: 2 * next, b: 2 * next + 1, c: 2 * i, d: 2 * i + 1 };
  });
}

/** Rows times a random rotation (Gram-Schmidt of normal numbers). */
export function rotated({ data, shape: [rows, width] }: Vectors, seed: number): Vectors {
  const stream = random(seed, "rotation");
  const basis: number[][] = [];
  while (basis.length < width) {
    let next = direction(stream, width);
    for (const row of basis) {
      const along = row.reduce((sum, value, k) => sum + value * next[k], 0);
      next = next.map((value, k) => value - along * row[k]);
    }
    const norm = Math.hypot(...next);
    basis.push(next.map((value) => value / norm));
  }
  const turned = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) {
    basis.forEach((row, j) => {
      turned[i * width + j] = row.reduce((sum, value, k) => sum + value * data[i * width + k], 0);
    });
  }
  return { shape: [rows, width], data: turned };
}
