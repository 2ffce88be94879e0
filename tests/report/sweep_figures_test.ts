import assert from "node:assert/strict";
import {
  closeRenderer,
  importanceBars,
  learningCurves,
  parallelCoordinates,
  parameterHeatMap,
  qualityAgainstCost,
  renderSvg,
  seedSpread,
} from "lib/report/mod.ts";
import { sequential } from "lib/report/figures/figure.ts";
import { valueClasses } from "lib/report/figures/value_classes.ts";
import { assertReadableLabels } from "./drawn_labels.ts";
import { sweepFigures } from "./sweep_figures.ts";

type Trace = { name?: string; x: unknown[]; y: unknown[]; text?: string[]; mode: string; showlegend?: boolean };

const loss = { title: "Loss", unit: "1", best: "low" } as const;

Deno.test("figures of sweeps are JSON, and the same each time", () => {
  for (const [name, make] of Object.entries(sweepFigures)) {
    const figure = make();
    assert.deepEqual(make(), figure, name);
    assert.deepEqual(JSON.parse(JSON.stringify(figure)), figure, name);
    for (const axis of ["xaxis", "yaxis"]) {
      const { title } = figure.layout[axis] as { title: { text: string } };
      assert.match(title.text, /\p{L}{3}/u, `${name} ${axis}`);
    }
  }
});

Deno.test("figures of sweeps are drawn without overlapping or clipped labels, large ones thinned", async (t) => {
  for (const [name, make] of Object.entries(sweepFigures)) {
    await t.step(name, async () => {
      const svg = await renderSvg(make());
      assert.ok(svg.length < 500_000, `${svg.length} characters`);
      assertReadableLabels(svg);
    });
  }
  await closeRenderer();
});

Deno.test("qualityAgainstCost puts on the front what none beats, never what was ended early", () => {
  const point = (cost: number, quality: number, pruned = false) => ({ cost, quality, pruned, label: `${cost}` });
  const points = [point(1, 5), point(2, 3), point(3, 4), point(4, 1), point(5, 1), point(6, 0.5, true)];
  const cost = { title: "Parameters", unit: "count" };
  const of = (best: "low" | "high") => {
    const { data } = qualityAgainstCost({ points, cost, quality: { ...loss, best } });
    return Object.fromEntries((data as unknown as Trace[]).map((trace) => [trace.name, trace.x]));
  };
  assert.deepEqual(of("low")["Pareto front"], [1, 2, 4]);
  assert.deepEqual(of("low")["other configurations"], [3, 5]);
  assert.deepEqual(of("low")["ended early"], [6]);
  assert.deepEqual(of("high")["Pareto front"], [1]);
  assert.throws(
    () => qualityAgainstCost({ points: [point(1, 1, true)], cost, quality: loss }),
    /at least one finished/,
  );
  assert.throws(() => qualityAgainstCost({ points: [point(0, 1)], cost, quality: loss }), /above 0, got 0/);
});

Deno.test("qualityAgainstCost names the best at the edge beside its error bar, and with labels of all the others too", () => {
  const texts = (trace: string) =>
    (sweepFigures.qualityOfForms().data as unknown as Trace[]).find(({ name }) => name === trace)!.text!;
  assert.deepEqual(texts("Pareto front"), ["all combined", "fused attention"]);
  assert.deepEqual(texts("other configurations").slice(-3), ["half precision", "dynamic int8", "static int8"]);
  const front = sweepFigures.qualityAgainstCost().data as unknown as Trace[];
  assert.equal(front.find(({ name }) => name === "other configurations")!.text, undefined);
});

Deno.test("qualityAgainstCost thins the others but keeps the front", () => {
  const points = Array.from(
    { length: 20_000 },
    (_, i) => ({ cost: 1 + i % 100, quality: 1 + (i % 100) / 200 + i / 1e6 }),
  );
  const { data } = qualityAgainstCost({
    points,
    cost: { title: "Cost", unit: "1" },
    quality: { ...loss, best: "high" },
  });
  const [others, , front] = data as unknown as Trace[];
  assert.ok(others.x.length <= 1500);
  assert.equal(front.x.length, 100);
});

Deno.test("learningCurves marks where trials ended, and needs no training losses", () => {
  const curve = (group: string, epochs: number, pruned = false) => ({
    group,
    epochs: Array.from({ length: epochs }, (_, i) => i + 1),
    validationLoss: Array.from({ length: epochs }, (_, i) => 1 / (i + 1)),
    pruned,
  });
  const { data } = learningCurves({ curves: [curve("a", 5), curve("a", 2, true)], y: { title: "Loss", unit: "1" } });
  const names = (data as unknown as Trace[]).map(({ name }) => name);
  assert.deepEqual(names, ["a, ended early", "a, validation", "a", "ended early"]);
  assert.deepEqual((data[0].marker as { opacity: number[] }).opacity, [0, 1]);
  const many = Array.from({ length: 1000 }, (_, i) => curve(i === 999 ? "best" : "other", 3, i % 2 === 0));
  const drawn = learningCurves({ curves: many, y: { title: "Loss", unit: "1" } }).data as unknown as Trace[];
  assert.ok(drawn.length < 220, `${drawn.length} traces`);
  assert.ok(drawn.some(({ name }) => name === "best, validation"));
});

Deno.test("parallelCoordinates places values on their axes, the best line on top", () => {
  const { data } = parallelCoordinates({
    axes: [{ title: "rate", unit: "1", log: true }, { title: "mode", unit: "", categories: ["a", "b"] }, {
      title: "beta",
      unit: "1",
    }],
    lines: [
      { values: [1e-4, "a", null], result: 3 },
      { values: [1e-2, "b", 1], result: 1 },
      { values: [1e-3, "b", 5], result: 2 },
    ],
    result: loss,
  });
  const best = (data as unknown as Trace[]).find(({ name }) => name === "best configuration")!;
  assert.deepEqual([best.y[0], best.y[2], best.y[3]], [1, 0, 0]);
  assert.ok(Number(best.y[1]) > 0.85);
  const lines = data.filter(({ mode, name }) => mode === "lines" && name === undefined) as unknown as Trace[];
  const middle = lines.flatMap(({ y }) => y).filter((y) => y === 0.5);
  assert.equal(middle.length, 2, "one of three decades and of the results between 1 and 3");
  assert.ok(lines.some(({ y }) => y[2] !== null && Number(y[2]) < 0), "absent lies below the axis");
  const bad = (values: (number | string | null)[]) => () =>
    parallelCoordinates({
      axes: [{ title: "mode", unit: "", categories: ["a"] }],
      lines: [{ values, result: 1 }],
      result: loss,
    });
  assert.throws(bad(["b"]), /Cannot draw axes\[0\]: expected one of a, got "b"/);
  assert.throws(bad(["a", 2]), /Cannot draw lines\[0\]: expected 1 values, got 2/);
  assert.throws(() => parallelCoordinates({ axes: [], lines: [], result: loss }), /at least one axis/);
});

Deno.test("parallelCoordinates draws at most 300 lines, the best of all among them", () => {
  const lines = Array.from({ length: 5000 }, (_, i) => ({ values: [i], result: (i * 7919) % 5000 }));
  const { data } = parallelCoordinates({ axes: [{ title: "n", unit: "1" }], lines, result: loss });
  const count = (data as unknown as Trace[]).filter(({ mode, name }) => mode === "lines" && name === undefined)
    .flatMap(({ x }) => x).filter((x) => x === null).length;
  assert.ok(count <= 300 && count > 250, `${count} lines`);
});

Deno.test("parameterHeatMap shows the best or the mean of each cell, and leaves empty ones empty", () => {
  const points = [{ x: 1, y: "a", result: 1 }, { x: 1, y: "a", result: 5 }, { x: 2, y: "b", result: 4 }];
  const of = (cell: "best" | "mean") =>
    parameterHeatMap({
      points,
      x: { title: "n", unit: "1" },
      y: { title: "mode", unit: "", categories: ["a", "b"] },
      result: loss,
      cell,
    });
  const colors = (cell: "best" | "mean") =>
    of(cell).data.filter(({ fill }) => fill === "toself").map(({ fillcolor }) => fillcolor);
  assert.deepEqual(colors("best"), [sequential[0], sequential[6]]);
  // Means of 3 and 4: again the worst and the best of two.
  assert.equal(colors("mean").length, 2);
  const best = of("best").data.find(({ fillcolor }) => fillcolor === sequential[6]) as unknown as Trace;
  assert.deepEqual(best.x, [-0.5, 0.5, 0.5, -0.5, -0.5, null]);
  assert.deepEqual((of("best").layout.xaxis as { ticktext: string[] }).ticktext, ["1", "2"]);
  const bad = () =>
    parameterHeatMap({ points, x: { title: "n", unit: "1" }, y: { title: "mode", unit: "" }, result: loss });
  assert.throws(bad, /Cannot draw y: expected numbers, or an axis with categories, got "a"/);
});

Deno.test("parameterHeatMap puts many numbers into eight bins along a logarithmic line", () => {
  const points = Array.from({ length: 64 }, (_, i) => ({ x: 10 ** (i / 63 * 8), y: i % 3, result: i }));
  const { data } = parameterHeatMap({
    points,
    x: { title: "n", unit: "1", log: true },
    y: { title: "k", unit: "1" },
    result: loss,
  });
  const edges = new Set(
    (data.filter(({ fill }) => fill === "toself") as unknown as Trace[]).flatMap(({ x }) => x)
      .filter((x) => x !== null).map((x) => Math.round(Math.log10(Number(x)) * 1000) / 1000),
  );
  assert.deepEqual([...edges].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("valueClasses keep a few very bad values from making all others look alike", () => {
  const values = [...Array.from({ length: 90 }, (_, i) => 1 + i / 90), 1e6, 1e7];
  const { classOf, ends } = valueClasses(values, loss);
  assert.equal(classOf(1), 6);
  assert.equal(classOf(1e7), 0);
  assert.equal(new Set(values.map(classOf)).size, 7);
  assert.match(ends.worst, /^1\.\d+ and worse$/);
  const rising = valueClasses([0.1, 0.9], { ...loss, best: "high" });
  assert.deepEqual([rising.classOf(0.1), rising.classOf(0.9)], [0, 6]);
  assert.equal(valueClasses([2, 2], loss).classOf(2), 6);
});

Deno.test("importanceBars and seedSpread are sorted", () => {
  const shares = [{ name: "a", share: 0.1 }, { name: "b", share: 0.6 }];
  const [bars] = importanceBars({ parameters: shares, interactions: 0.3 }).data as unknown as Trace[];
  assert.deepEqual(bars.y, ["b", "a", "interactions"]);
  assert.throws(() => importanceBars({ parameters: [], interactions: 1 }), /at least one parameter/);
  assert.throws(
    () => importanceBars({ parameters: [{ name: "a", share: -1 }], interactions: 0 }),
    /from 0 to 1, got -1/,
  );
  const configurations = Array.from({ length: 40 }, (_, i) => ({ label: `c${i}`, values: [40 - i, 42 - i] }));
  const [seeds, means] = seedSpread({ configurations, result: loss }).data as unknown as Trace[];
  assert.deepEqual([seeds.x.length, means.x.length, means.y[0]], [50, 25, "c39"]);
  assert.throws(
    () => seedSpread({ configurations: [{ label: "a", values: [] }], result: loss }),
    /values of a, got none/,
  );
  assert.throws(() => seedSpread({ configurations: [], result: loss }), /at least one configuration/);
});
