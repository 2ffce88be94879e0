import assert from "node:assert/strict";
import {
  type AnyPoint,
  choice,
  float,
  type ImportanceOptions,
  int,
  parameterImportance,
  randomSearch,
  seeds,
  sobol,
  type Space,
  when,
} from "lib/sweep/mod.ts";
import { random } from "lib/statistics/mod.ts";

function importance(
  space: Space,
  value: (point: AnyPoint) => number,
  { count = 512, ...options }: ImportanceOptions & { count?: number } = {},
) {
  const points = sobol({ count, seed: 3 }).points!(space).map((point) => ({ point, value: value(point) }));
  const result = parameterImportance(space, points, options);
  const shares = Object.fromEntries(result.parameters.map(({ name, share }) => [name, share]));
  return { ...result, shares };
}

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);

Deno.test("parameterImportance finds the shares of a linear function", () => {
  // Variances 16 : 4 : 1 : 0 of uniform parameters.
  const space = { a: float(0, 1), b: float(-1, 0), c: int(1, 100), d: float(0, 1), seed: seeds(2) };
  const { shares, interactions, explained, warning, n } = importance(
    space,
    ({ a, b, c }) => 4 * Number(a) - 2 * Number(b) + Number(c) / 100,
  );
  near(shares.a, 16 / 21, 0.04);
  near(shares.b, 4 / 21, 0.04);
  near(shares.c, 1 / 21, 0.03);
  near(shares.d, 0, 0.01);
  near(interactions, 0, 0.05);
  assert.ok(explained > 0.95 && warning === null && n === 512);
  assert.equal("seed" in shares, false);
});

Deno.test("parameterImportance finds the shares of Ishigami's function", () => {
  // Ishigami and Homma (1990) with a = 7, b = 0.1: 0.3139, 0.4424, 0 and 0.2437 together.
  const angle = () => float(-Math.PI, Math.PI);
  const { shares, interactions } = importance(
    { x: angle(), y: angle(), z: angle() },
    ({ x, y, z }) => Math.sin(Number(x)) + 7 * Math.sin(Number(y)) ** 2 + 0.1 * Number(z) ** 4 * Math.sin(Number(x)),
    { count: 2048 },
  );
  near(shares.x, 0.3139, 0.06);
  near(shares.y, 0.4424, 0.06);
  near(shares.z, 0, 0.03);
  near(interactions, 0.2437, 0.06);
});

Deno.test("parameterImportance measures along each axis's own line, and takes unordered values", () => {
  const space = { rate: float(1e-4, 1, { log: true }), mode: choice(["a", "b", "c"]), flag: [true, false] };
  // Variance of the logarithm over four decades: 16/12; of the mode: 2/3 of 1; of the flag: 1/4.
  const { shares } = importance(
    space,
    ({ rate, mode, flag }) => Math.log10(Number(rate)) + { a: 0, b: 1.2247, c: -1.2247 }[mode as "a"] + (flag ? 1 : 0),
  );
  near(shares.rate, 1.3333 / 2.5833, 0.05);
  near(shares.mode, 1 / 2.5833, 0.05);
  near(shares.flag, 0.25 / 2.5833, 0.03);
});

Deno.test("parameterImportance counts a conditional parameter where it is there", () => {
  const space = { a: [0, 1], b: when({ a: 1 }, float(0, 1)), c: when({ a: 0 }, float(0, 1)) };
  // b matters in one half of the space: mean effect 2 (b - 1/2) everywhere, the rest is an interaction with a.
  const { shares, interactions } = importance(space, ({ a, b }) => a === 1 ? 4 * (Number(b) - 0.5) : 0, {
    count: 1024,
  });
  near(shares.a, 0, 0.03);
  near(shares.b, 0.5, 0.08);
  near(shares.c, 0, 0.03);
  near(interactions, 0.5, 0.08);
});

Deno.test("ranks are not led by a few far values", () => {
  const space = { a: float(0, 1), b: float(0, 1) };
  const value = ({ a, b }: AnyPoint) => Number(b) > 0.97 ? 1e6 : Number(a);
  assert.ok(importance(space, value).shares.a < 0.1);
  assert.ok(importance(space, value, { scale: "ranks" }).shares.a > 0.7);
});

Deno.test("parameterImportance says when there is too little to go by", () => {
  const space = { a: float(0, 1), b: float(0, 1), fixed: [7] };
  const few = importance(space, ({ a }) => Number(a), { count: 15 });
  assert.deepEqual(few.parameters, []);
  assert.equal(few.warning, "Too few configurations to tell 2 parameters apart: 16 are needed, there are 15.");
  assert.match(importance(space, () => 3).warning!, /same value/);
  assert.match(importance({ fixed: [7] }, () => 3, { count: 1 }).warning!, /No parameter has more than one value/);
  const stream = random(1, "noise");
  const noise = importance(space, () => stream.normal(), { count: 60 });
  assert.ok(noise.explained < 0.3);
  assert.match(noise.warning!, /hardly predicts/);
});

Deno.test("parameterImportance is the same for the same seed, and refuses what it cannot read", () => {
  const space = { a: float(0, 1), b: [1, 2] };
  const points = randomSearch({ count: 40 }).points!(space).map((point) => ({ point, value: Number(point.a) }));
  assert.deepEqual(parameterImportance(space, points), parameterImportance(space, points));
  assert.notDeepEqual(parameterImportance(space, points), parameterImportance(space, points, { seed: 2 }));
  const bad = (point: AnyPoint, value = 1) => () => parameterImportance(space, [...points, { point, value }]);
  assert.throws(bad({ a: 1 }), /expected a value of b in each point, got \{"a":1\}/);
  assert.throws(bad({ a: "x", b: 1 }), /expected a value of a in its axis, got "x"/);
  assert.throws(bad({ a: 1, b: 3 }), /expected a value of b in its axis, got 3/);
  assert.throws(bad({ a: 1, b: 1 }, NaN), /expected finite values, got NaN at point 40/);
  assert.throws(() => parameterImportance(space, points, { trees: 2 }), /trees to be an integer from 8/);
  assert.throws(() => parameterImportance(space, points, { scale: "log" as "ranks" }), /got "log"/);
});

Deno.test("parameterImportance counts values at the upper end of a line", () => {
  const points = Array.from({ length: 32 }, (_, i) => ({ point: { x: i / 31 }, value: i / 31 }));
  const { parameters: [{ share }], explained } = parameterImportance({ x: float(0, 1) }, points);
  near(share, 1, 1e-9);
  assert.ok(explained > 0.95);
});
