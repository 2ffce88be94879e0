import assert from "node:assert/strict";
import { mannWhitney } from "lib/statistics/mod.ts";
import {
  type AnyPoint,
  choice,
  float,
  int,
  type Objective,
  type Observation,
  randomSearch,
  type Sampler,
  type Space,
  tpe,
  when,
} from "lib/sweep/mod.ts";

const LOSS: Objective[] = [{ metric: "loss", direction: "minimize" }];

/** Runs a search one configuration at a time. */
function search(
  sampler: Sampler,
  space: Space,
  { count, cost, objectives = LOSS }: {
    count: number;
    cost: (point: AnyPoint) => number | number[];
    objectives?: Objective[];
  },
): Observation[] {
  const observations: Observation[] = [];
  const known = sampler.points?.(space);
  for (let index = 0; index < count; index++) {
    const point = known ? known[index] : sampler.suggest!(space, { observations, objectives, index });
    if (point == null) break;
    observations.push({ point, values: [cost(point)].flat(), state: "finished" });
  }
  return observations;
}

const numbers = (point: AnyPoint) => Object.values(point).map(Number);
const best = (observations: Observation[]) => Math.min(...observations.map(({ values }) => values![0]));
const cube = (dimensions: number, low: number, high: number): Space =>
  Object.fromEntries(Array.from({ length: dimensions }, (_, i) => [`x${i + 1}`, float(low, high)]));

/** Branin (1972), minimum 0.397887. */
function branin(point: AnyPoint): number {
  const [x, y] = numbers(point);
  const bowl = y - 5.1 / (4 * Math.PI ** 2) * x ** 2 + 5 / Math.PI * x - 6;
  return bowl ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
}

/** Hartmann (1973) in six dimensions, minimum -3.32237. */
function hartmann6(point: AnyPoint): number {
  const steepness = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [
    ...[17, 8, 0.05, 10, 0.1, 14],
  ]];
  const centres = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [
    ...[2348, 1451, 3522, 2883, 3047, 6650],
  ], [4047, 8828, 8732, 5743, 1091, 381]];
  const x = numbers(point);
  return -[1, 1.2, 3, 3.2].reduce((sum, weight, i) => {
    const distance = x.reduce((total, xj, j) => total + steepness[i][j] * (xj - centres[i][j] * 1e-4) ** 2, 0);
    return sum + weight * Math.exp(-distance);
  }, 0);
}

/** Rosenbrock (1960), minimum 0 at ones. */
function rosenbrock(point: AnyPoint): number {
  const x = numbers(point);
  return x.slice(1).reduce((sum, next, i) => sum + 100 * (next - x[i] ** 2) ** 2 + (1 - x[i]) ** 2, 0);
}

const functions: [string, Space, (point: AnyPoint) => number][] = [
  ["Branin", { x: float(-5, 10), y: float(0, 15) }, branin],
  ["Hartmann-6", cube(6, 0, 1), hartmann6],
  ["Rosenbrock-4", cube(4, -5, 10), rosenbrock],
];

for (const [name, space, cost] of functions) {
  Deno.test(`tpe finds better values of ${name} than random search: 60 trials, 30 seeds, p < 0.01`, () => {
    const seeds = Array.from({ length: 30 }, (_, i) => i + 1);
    const [adaptive, blind] = [tpe, randomSearch].map((make) =>
      seeds.map((seed) => best(search(make({ count: 60, seed }), space, { count: 60, cost })))
    );
    const { pValue } = mannWhitney(adaptive, blind, { alternative: "less" });
    assert.ok(pValue < 0.01, `p = ${pValue}`);
  });
}

Deno.test("tpe handles logarithmic, integer, unordered and conditional parameters together", () => {
  const space: Space = {
    optimizer: choice(["adam", "sgd"]),
    learningRate: float(1e-5, 1, { log: true }),
    width: int(16, 1024, { log: true, step: 16 }),
    momentum: when({ optimizer: "sgd" }, float(0, 1)),
    beta: when({ optimizer: "adam" }, float(0, 1)),
    nesterov: when({ optimizer: "sgd" }, [true, false]),
  };
  // The best is sgd with momentum 0.9 and nesterov, at a rate of 0.01 and a width of 128.
  const cost = (point: AnyPoint) =>
    (Math.log10(Number(point.learningRate)) + 2) ** 2 + Math.log2(Number(point.width) / 128) ** 2 / 4 +
    (point.optimizer === "sgd" ? 2 * (Number(point.momentum) - 0.9) ** 2 + (point.nesterov ? 0 : 0.3) : 0.6);
  const results = Array.from({ length: 24 }, (_, i) => search(tpe({ count: 60, seed: i }), space, { count: 60, cost }));
  for (const { point } of results.flat()) {
    const keys = point.optimizer === "sgd"
      ? ["optimizer", "learningRate", "width", "momentum", "nesterov"]
      : ["optimizer", "learningRate", "width", "beta"];
    assert.deepEqual(Object.keys(point), keys);
    const [rate, width] = [Number(point.learningRate), Number(point.width)];
    assert.ok(rate >= 1e-5 && rate <= 1 && width >= 16 && width <= 1024 && width % 16 === 0, JSON.stringify(point));
  }
  const blind = results.map((_, i) => best(search(randomSearch({ count: 60, seed: i }), space, { count: 60, cost })));
  assert.ok(mannWhitney(results.map(best), blind, { alternative: "less" }).pValue < 0.01);
});

Deno.test("tpe goes to the larger values where the objective is to be large", () => {
  const objectives: Objective[] = [{ metric: "cosine", direction: "maximize" }];
  const observations = search(tpe({ count: 50 }), { x: float(0, 1) }, {
    count: 50,
    cost: ({ x }) => Number(x),
    objectives,
  });
  assert.ok(observations.slice(30).filter(({ point }) => Number(point.x) > 0.8).length >= 12);
});

Deno.test("tpe with two objectives spreads along the Pareto front", () => {
  const objectives: Objective[] = [LOSS[0], { metric: "size", direction: "maximize" }];
  // The front is y = 0: x trades one objective for the other.
  const cost = ({ x, y }: AnyPoint) => [Number(x) + 3 * Number(y), Number(x) - 3 * Number(y)];
  const observations = search(tpe({ count: 80 }), { x: float(0, 1), y: float(0, 1) }, { count: 80, cost, objectives });
  const late = observations.slice(40).map(({ point }) => numbers(point));
  assert.ok(late.filter(([, y]) => y < 0.25).length >= 25, "near the front");
  const xs = late.map(([x]) => x);
  assert.ok(Math.min(...xs) < 0.2 && Math.max(...xs) > 0.8, "all along it");
});

Deno.test("tpe suggests every configuration of a small space once, then none", () => {
  const space: Space = { a: [1, 2, 3], b: when({ a: [2, 3] }, choice(["x", "y"])), c: int(1, 4) };
  const observations = search(tpe({ count: 100, startup: 3 }), space, { count: 100, cost: ({ c }) => Number(c) });
  assert.equal(observations.length, 4 + 2 * 2 * 4);
  assert.equal(new Set(observations.map(({ point }) => JSON.stringify(point))).size, 20);
});

Deno.test("tpe is a pure function of its arguments, and ends at its count", () => {
  const space = { x: float(0, 1), y: int(1, 9) };
  const observations = search(tpe({ count: 30, seed: 5 }), space, { count: 20, cost: ({ x }) => Number(x) });
  const before = JSON.stringify(observations);
  const ask = (seed: number, index = 20) =>
    tpe({ count: 30, seed }).suggest!(space, { observations, objectives: LOSS, index });
  assert.deepEqual(ask(5), ask(5));
  assert.notDeepEqual(ask(5), ask(6));
  assert.notDeepEqual(ask(5), ask(5, 21));
  assert.equal(ask(5, 30), null);
  assert.equal(JSON.stringify(observations), before);
});

Deno.test("tpe keeps away from what is running and from what failed", () => {
  const space = { x: float(0, 1) };
  const finished: Observation[] = Array.from({ length: 20 }, (_, i) => (
    { point: { x: i / 20 }, values: [Math.min(Math.abs(i / 20 - 0.2), Math.abs(i / 20 - 0.8))], state: "finished" }
  ));
  const nearLow = (others: Observation[]) =>
    Array.from({ length: 60 }, (_, i) => {
      const observations = [...finished, ...others];
      const point = tpe({ count: 500 }).suggest!(space, { observations, objectives: LOSS, index: 100 + i })!;
      return Math.abs(Number(point.x) - 0.2) < 0.1 ? 1 : 0 as number;
    }).reduce((sum, hit) => sum + hit, 0);
  const alone = nearLow([]);
  for (const state of ["running", "failed"] as const) {
    const crowd: Observation[] = [0.16, 0.18, 0.19, 0.21, 0.22, 0.24].map((x) => ({
      point: { x },
      values: null,
      state,
    }));
    assert.ok(nearLow(crowd) < alone / 2, `${state}: ${nearLow(crowd)} against ${alone}`);
  }
});

Deno.test("tpe takes pruned configurations after finished ones, and is random while all failed", () => {
  const space = { x: float(0, 1) };
  const of = (xs: number[], state: Observation["state"], value: number | null): Observation[] =>
    xs.map((x) => ({ point: { x }, values: value === null ? null : [value + x / 100], state }));
  const ten = (low: number) => Array.from({ length: 10 }, (_, i) => low + i / 100);
  // Pruned ones had lower values at the epoch where they were ended, which says nothing beside finished ones.
  const mixed = [...of(ten(0.1), "finished", 1), ...of(ten(0.8), "pruned", 0.1)];
  const suggest = (observations: Observation[], index: number) =>
    Number(tpe({ count: 99 }).suggest!(space, { observations, objectives: LOSS, index })!.x);
  const near = Array.from({ length: 30 }, (_, i) => suggest(mixed, 20 + i)).filter((x) => x < 0.4);
  assert.ok(near.length >= 24, `${near.length} of 30 near what finished`);
  const pruned = Array.from({ length: 30 }, (_, i) => suggest(of(ten(0.8), "pruned", 0.1), 20 + i));
  assert.ok(pruned.every((x) => x >= 0 && x <= 1));
  const failed = of(ten(0.1), "failed", null);
  const wide = Array.from({ length: 30 }, (_, i) => suggest(failed, 20 + i));
  assert.ok(Math.max(...wide) - Math.min(...wide) > 0.7);
  const unread = [...of(ten(0.1), "finished", NaN), ...of(ten(0.5), "finished", 1)];
  assert.ok(Number.isFinite(suggest(unread, 20)));
});

Deno.test("tpe refuses bad settings", () => {
  const bad = (settings: unknown) => () => tpe(settings as { count: number });
  assert.throws(bad({ count: 0 }), /Cannot make a TPE search: expected count to be an integer from 1 to 100000, got 0/);
  assert.throws(bad({ count: 5, startup: 0 }), /expected startup to be an integer of at least 1, got 0/);
  assert.throws(bad({ count: 5, candidates: 2.5 }), /expected candidates/);
  assert.throws(bad({ count: 5, seed: -1 }), /expected seed/);
  assert.throws(bad({ count: 5, gamma: 0.1 }), /got "gamma"/);
});

Deno.test("tpe still answers with 10,000 observations", () => {
  const space = { x: float(1e-4, 1, { log: true }), n: int(1, 999), mode: ["a", "b", "c"] };
  const points = randomSearch({ count: 10_000 }).points!(space);
  const observations = points.map((point): Observation => (
    { point, values: [Number(point.x) + Number(point.n)], state: "finished" }
  ));
  const given = { observations, objectives: LOSS, index: 10_000 };
  assert.ok(Number(tpe({ count: 20_000 }).suggest!(space, given)!.n) <= 999);
});
