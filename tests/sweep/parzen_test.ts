import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { type Axis, choice, float, int } from "lib/sweep/mod.ts";
import { checkedParameters } from "lib/sweep/parameters.ts";
import { coordinateRange, toCoordinate } from "lib/sweep/samplers/coordinates.ts";
import { ParzenEstimator } from "lib/sweep/samplers/parzen.ts";

const parametersOf = (space: Record<string, Axis>) => checkedParameters("Cannot", space, []);

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

Deno.test("densities over a line integrate to one, logarithmic or not, with any observations", () => {
  for (const axis of [float(-2, 3), float(1e-4, 10, { log: true })]) {
    const parameters = parametersOf({ x: axis });
    const { domain } = parameters[0];
    if (domain.kind !== "numbers") throw new Error("a float is a line");
    const [low, high] = coordinateRange(domain);
    const at = (share: number) => low + share * (high - low);
    for (const observed of [[], [at(0.3)], [at(0), at(0), at(1)], [at(0.2), at(0.21), at(0.9)]]) {
      const estimator = new ParzenEstimator(parameters, [observed]);
      const n = 4000;
      let sum = 0;
      for (let i = 0; i < n; i++) sum += Math.exp(estimator.logDensity([at((i + 0.5) / n)])) * (high - low) / n;
      near(sum, 1, 1e-4);
    }
  }
});

Deno.test("masses of steps and of unordered values add up to one", () => {
  const spaces: Record<string, Axis>[] = [
    { x: int(1, 9) },
    { x: int(1, 500) },
    { x: int(8, 1024, { log: true, step: 8 }) },
    { x: float(0, 1, { step: 0.25 }) },
    { x: int(5, 5) },
  ];
  for (const space of spaces) {
    const [parameter] = parametersOf(space);
    const { domain } = parameter;
    if (domain.kind !== "numbers") throw new Error("ranges are lines");
    const count = domain.low === domain.high ? 1 : Math.round((domain.high - domain.low) / domain.step!) + 1;
    const values = Array.from({ length: count }, (_, i) => toCoordinate(domain, domain.low + i * domain.step!));
    for (const observed of [[], [values[0]], [values[0], values[count >> 1], values[count - 1]]]) {
      const estimator = new ParzenEstimator([parameter], [observed]);
      near(values.reduce((sum, value) => sum + Math.exp(estimator.logDensity([value])), 0), 1, 5e-3);
    }
  }
  const parameters = parametersOf({ a: choice(["x", "y", "z"]), b: [1, 2] });
  const estimator = new ParzenEstimator(parameters, [[0, 0, 2], [1, 1, 0]]);
  const pairs = [0, 1, 2].flatMap((a) => [0, 1].map((b) => [a, b]));
  near(pairs.reduce((sum, pair) => sum + Math.exp(estimator.logDensity(pair)), 0), 1, 1e-12);
});

Deno.test("draws follow the density", () => {
  const parameters = parametersOf({ x: float(0, 1), mode: choice(["a", "b"]) });
  const estimator = new ParzenEstimator(parameters, [[0.1, 0.15, 0.7], [0, 0, 1]]);
  const stream = random(1, "draws");
  const draws = Array.from({ length: 20_000 }, () => estimator.draw(stream));
  assert.ok(draws.every(([x, mode]) => x >= 0 && x <= 1 && (mode === 0 || mode === 1)));
  const cells = 10;
  for (let i = 0; i < cells; i++) {
    for (const mode of [0, 1]) {
      let mass = 0;
      for (let k = 0; k < 50; k++) {
        mass += Math.exp(estimator.logDensity([(i + (k + 0.5) / 50) / cells, mode])) / cells / 50;
      }
      const share = draws.filter(([x, m]) => m === mode && Math.min(cells - 1, Math.floor(x * cells)) === i).length /
        20_000;
      near(share, mass, 0.012);
    }
  }
});

Deno.test("the last 25 observations count more than earlier ones", () => {
  const parameters = parametersOf({ x: float(0, 1) });
  const early = Array.from({ length: 60 }, () => 0.2);
  const late = Array.from({ length: 25 }, () => 0.8);
  const of = (observed: number[]) => new ParzenEstimator(parameters, [observed]);
  const change = of([...early, ...late]);
  const order = of([...late, ...early]);
  assert.ok(change.logDensity([0.8]) > order.logDensity([0.8]));
});

interface Reference {
  cases: { observed: Record<string, number[]>; asked: Record<string, number[]>; logDensity: number[] }[];
}

Deno.test("log densities over six parameters together agree with Optuna's", () => {
  const path = projectPath("tests", "golden", "sweep", "parzen.json");
  const { cases }: Reference = JSON.parse(readFileSync(path, "utf8"));
  const all = parametersOf({
    x: float(-2, 3),
    rate: float(1e-4, 10, { log: true }),
    depth: int(1, 9),
    width: int(1, 4096, { log: true }),
    share: float(0, 1, { step: 0.25 }),
    mode: choice(["a", "b", "c"]),
  });
  for (const { observed, asked, logDensity } of cases) {
    const parameters = all.filter(({ name }) => name in observed);
    const coordinates = (values: Record<string, number[]>) =>
      parameters.map(({ name, domain }) =>
        values[name].map((value) => domain.kind === "numbers" ? toCoordinate(domain, value) : value)
      );
    const estimator = new ParzenEstimator(parameters, coordinates(observed));
    const rows = coordinates(asked);
    // Narrow steps have the density of their middle here, and the exact mass there.
    logDensity.forEach((expected, i) => near(estimator.logDensity(rows.map((row) => row[i])), expected, 5e-3));
  }
});
