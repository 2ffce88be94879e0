import assert from "node:assert/strict";
import { measureLeak } from "lib/bench/mod.ts";
import { TINY } from "tests/language/fine_tuning/fixtures.ts";

const ORDER = { config: TINY, iterations: 180, tokens: 16, threads: 1 };

Deno.test("a planted leak is found in the slope of what the process holds, and told from training itself", async () => {
  const planted = await measureLeak({ ...ORDER, plantedBytes: 20_480 });
  assert.deepEqual([planted.heldBytes.length, planted.residentBytes.length, planted.readEvery], [18, 18, 10]);
  assert.ok(planted.leak === "found" && planted.slope.interval.low > 10_000, JSON.stringify(planted.slope));
  const plain = await measureLeak(ORDER);
  assert.ok(plain.slope.value < planted.slope.interval.low / 2, JSON.stringify(plain.slope));
  assert.notEqual(plain.leak, "found");
  assert.deepEqual(plain.windows.map(({ count }) => count), [100, 80]);
});

Deno.test("looking for leaks in too few iterations is refused", async () => {
  await assert.rejects(measureLeak({ ...ORDER, iterations: 149 }), /expected at least 150 iterations, got 149/);
});
