import assert from "node:assert/strict";
import { choice, float, grid, int, randomSearch, seeds, sobol, type Space, when } from "lib/sweep/mod.ts";
import { gridPoints } from "lib/sweep/space.ts";

const space = {
  optimizer: choice(["adam", "sgd"]),
  rate: float(1e-4, 1e-1, { log: true }),
  width: int(16, 1024, { log: true, step: 16 }),
  momentum: when({ optimizer: "sgd" }, float(0, 1)),
  depth: int(-2, 3),
  seed: seeds(3),
} satisfies Space;

Deno.test("grid gives what gridPoints gives, without seeds", () => {
  const small = { a: [1, 2], b: ["x", "y"] };
  assert.deepEqual(grid().points!(small), gridPoints("Cannot", small, []));
  assert.deepEqual(grid().points!({ seed: seeds(3), ...small }), gridPoints("Cannot", small, []));
  assert.throws(() => grid().points!(space), /expected space\.rate to have a step in a grid/);
});

for (const make of [randomSearch, sobol]) {
  Deno.test(`${make.name} gives different points within the space, the same ones for a seed, more for a larger count`, () => {
    const points = make({ count: 200, seed: 4 }).points!(space);
    assert.equal(new Set(points.map((point) => JSON.stringify(point))).size, 200);
    for (const { optimizer, momentum, ...numbers } of points) {
      const { rate, width, depth, ...rest } = numbers as Record<string, number>;
      assert.deepEqual(rest, {}, "no seed");
      assert.ok(rate >= 1e-4 && rate <= 1e-1 && width % 16 === 0 && width >= 16 && width <= 1024);
      assert.ok(Number.isInteger(depth) && depth >= -2 && depth <= 3 && !Object.is(depth, -0));
      assert.equal(momentum !== undefined, optimizer === "sgd");
    }
    assert.deepEqual(make({ count: 200, seed: 4 }).points!(space), points);
    assert.deepEqual(make({ count: 50, seed: 4 }).points!(space), points.slice(0, 50));
    assert.notDeepEqual(make({ count: 5, seed: 5 }).points!(space), points.slice(0, 5));
    assert.deepEqual(make({ count: 3 }).settings, { count: 3, seed: 1 });
  });

  Deno.test(`${make.name} spreads values along each axis's own line`, () => {
    const points = make({ count: 512, seed: 2 }).points!(space);
    const share = (holds: (point: Record<string, number>) => boolean) =>
      points.filter((point) => holds(point as Record<string, number>)).length / points.length;
    const near = (value: number, expected: number) => Math.abs(value - expected) < 0.06;
    assert.ok(near(share(({ optimizer }) => String(optimizer) === "sgd"), 1 / 2));
    assert.ok(near(share(({ rate }) => rate < 1e-3), 1 / 3), "one of three decades");
    for (let depth = -2; depth <= 3; depth++) assert.ok(near(share((point) => point.depth === depth), 1 / 6));
    // From 8 (half of the first step) to 1032.
    assert.ok(near(share(({ width }) => width <= 80), Math.log(88 / 8) / Math.log(1032 / 8)));
  });

  Deno.test(`${make.name} gives each configuration of a small space once and then ends`, () => {
    const small: Space = { a: [1, 2, 3], b: when({ a: 1 }, [true, false]), n: int(1, 5), seed: seeds(2) };
    const points = make({ count: 1000 }).points!(small);
    assert.equal(points.length, 20);
    assert.equal(new Set(points.map((point) => JSON.stringify(point))).size, 20);
    // Where one branch has a single configuration and another has endlessly many.
    const lopsided = make({ count: 40 }).points!({ a: [1, 2], x: when({ a: 2 }, float(0, 1)) });
    assert.equal(lopsided.filter(({ a }) => a === 1).length, 1);
    assert.equal(lopsided.length, 40);
  });

  Deno.test(`${make.name} takes single values and ranges without width`, () => {
    const points = make({ count: 4 }).points!({ a: [7], n: int(3, 3), x: float(2, 2), y: float(0, 1) });
    for (const { a, n, x } of points) assert.deepEqual([a, n, x], [7, 3, 2]);
  });

  Deno.test(`${make.name} refuses counts and seeds out of range`, () => {
    for (const count of [0, -1, 1.5, NaN, 100_001, "5" as never]) {
      assert.throws(() => make({ count }), /expected count/);
    }
    assert.throws(() => make({ count: 1, seed: 0.5 }), /expected seed to be an integer of at least 0, got 0.5/);
    assert.throws(() => make({ count: 1, startup: 2 } as never), /got "startup"/);
  });
}

Deno.test("sobol covers two parameters more evenly than random search", () => {
  const square = { x: float(0, 1), y: float(0, 1) };
  const empty = (points: readonly Record<string, unknown>[]) => {
    const cells = new Set(points.map(({ x, y }) => `${Math.floor(8 * Number(x))},${Math.floor(8 * Number(y))}`));
    return 64 - cells.size;
  };
  for (let seed = 1; seed <= 5; seed++) {
    assert.equal(empty(sobol({ count: 64, seed }).points!(square)), 0);
    assert.ok(empty(randomSearch({ count: 64, seed }).points!(square)) > 10);
  }
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x${i}`, float(0, 1)]));
  assert.throws(() => sobol({ count: 2 }).points!(many), /expected at most 64 parameters for a Sobol search, got 65/);
});
