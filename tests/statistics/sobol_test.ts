// Plain points against scipy: tests/golden/statistics/sobol_and_ranks.json, made by the script beside it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";
import { MOST_SOBOL_DIMENSIONS, random, sobolSequence } from "lib/statistics/mod.ts";

const { sobol: reference }: { sobol: { dimensions: number[]; points: number[][] } } = JSON.parse(
  readFileSync(projectPath("tests", "golden", "statistics", "sobol_and_ranks.json"), "utf8"),
);

Deno.test("sobolSequence without scrambling gives scipy's points", () => {
  const next = sobolSequence(64, { seed: null });
  for (const expected of reference.points) {
    const point = next();
    assert.deepEqual(reference.dimensions.map((dimension) => point[dimension]), expected);
  }
});

/** Centred L2 discrepancy, squared (Hickernell 1998, as scipy.stats.qmc.discrepancy's "CD"). */
function discrepancy(points: readonly ArrayLike<number>[]): number {
  const [n, d] = [points.length, points[0].length];
  const off = (i: number, k: number) => Math.abs(points[i][k] - 0.5);
  let [single, double] = [0, 0];
  for (let i = 0; i < n; i++) {
    let product = 1;
    for (let k = 0; k < d; k++) product *= 1 + off(i, k) / 2 - off(i, k) ** 2 / 2;
    single += product;
    for (let j = 0; j < n; j++) {
      let pair = 1;
      for (let k = 0; k < d; k++) pair *= 1 + (off(i, k) + off(j, k) - Math.abs(points[i][k] - points[j][k])) / 2;
      double += pair;
    }
  }
  return (13 / 12) ** d - 2 * single / n + double / n ** 2;
}

Deno.test("scrambled points are more even than random ones, whatever the seed", () => {
  const stream = random(7, "discrepancy");
  for (const dimensions of [2, 5]) {
    for (let seed = 1; seed <= 10; seed++) {
      const next = sobolSequence(dimensions, { seed });
      const even = discrepancy(Array.from({ length: 128 }, next));
      const uneven = discrepancy(
        Array.from({ length: 128 }, () => Float64Array.from({ length: dimensions }, () => stream.next())),
      );
      assert.ok(even < uneven / 4, `${dimensions} dimensions, seed ${seed}: ${even} against ${uneven}`);
    }
  }
});

Deno.test("scrambling keeps one point in each interval of the binary partition", () => {
  const next = sobolSequence(MOST_SOBOL_DIMENSIONS, { seed: 3 });
  const points = Array.from({ length: 64 }, next);
  for (let dimension = 0; dimension < MOST_SOBOL_DIMENSIONS; dimension++) {
    const strata = new Set(points.map((point) => Math.floor(64 * point[dimension])));
    assert.equal(strata.size, 64, `dimension ${dimension}`);
  }
});

Deno.test("a seed gives the same points again, another seed others", () => {
  const first = (seed: number) => [...sobolSequence(3, { seed })()];
  assert.deepEqual(first(1), first(1));
  assert.notDeepEqual(first(1), first(2));
  for (const dimensions of [0, 1.5, 65, NaN]) {
    assert.throws(() => sobolSequence(dimensions, { seed: 1 }), /expected 1 to 64 dimensions/);
  }
});
