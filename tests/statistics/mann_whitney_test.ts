// Against scipy: tests/golden/statistics/sobol_and_ranks.json, made by the script beside it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";
import { mannWhitney } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

interface Case {
  a: number[];
  b: number[];
  method: string;
  u: number;
  pValues: Record<"less" | "greater" | "two-sided", number>;
}

const { mannWhitney: cases }: { mannWhitney: Case[] } = JSON.parse(
  readFileSync(projectPath("tests", "golden", "statistics", "sobol_and_ranks.json"), "utf8"),
);

Deno.test("mannWhitney agrees with scipy, exactly and with ties", () => {
  for (const { a, b, method, u, pValues } of cases) {
    for (const alternative of ["less", "greater", "two-sided"] as const) {
      const result = mannWhitney(a, b, { alternative });
      assert.equal(result.u, u);
      assert.equal(result.pValueMethod === "exact", method === "exact");
      assertAllClose([result.pValue], [pValues[alternative]], { rtol: 1e-10, atol: 1e-15 });
    }
  }
});

Deno.test("mannWhitney gives the counts of small samples by hand", () => {
  // 20 ways to choose 3 of 6 ranks; one has u = 0, one u = 1, two u = 2.
  assert.equal(mannWhitney([1, 2, 3], [4, 5, 6], { alternative: "less" }).pValue, 1 / 20);
  assert.equal(mannWhitney([1, 2, 4], [3, 5, 6], { alternative: "less" }).pValue, 2 / 20);
  assert.equal(mannWhitney([1, 2, 5], [3, 4, 6], { alternative: "less" }).pValue, 4 / 20);
  const { u, shareLarger, pValue } = mannWhitney([4, 5, 6], [1, 2, 3]);
  assert.deepEqual([u, shareLarger, pValue], [9, 1, 2 / 20]);
  assert.equal(mannWhitney([1, 1], [1, 1]).pValue, 1);
});

Deno.test("mannWhitney refuses what it cannot rank", () => {
  assert.throws(() => mannWhitney([], [1]), /Cannot compare ranks: expected at least 1 sample, got 0/);
  assert.throws(() => mannWhitney([1], [NaN]), /expected finite numbers, got NaN at index 0/);
  assert.throws(() => mannWhitney([1], [2], { alternative: "smaller" as "less" }), /got "smaller"/);
});
