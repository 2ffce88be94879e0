import assert from "node:assert/strict";
import {
  axisTitle,
  barsWithInterval,
  claimedAgainstMeasured,
  distributions,
  learningCurves,
  lineWithInterval,
  lossCurves,
  palette,
  qualityAgainstWidth,
  withTemplate,
} from "lib/report/mod.ts";
import { logTicks, padded, widthAxis } from "lib/report/figures/axes.ts";
import { placeLabels } from "lib/report/figures/label_placement.ts";
import { spread } from "lib/report/figures/marks.ts";
import { exampleFigures } from "./example_figures.ts";
import { assertGolden, normalizedSpec } from "./golden.ts";

for (const [name, make] of Object.entries(exampleFigures)) {
  Deno.test(`figure ${name} has its reference spec, titles on both axes, and no state`, () => {
    const figure = make();
    assertGolden(`${name}.json`, normalizedSpec(figure));
    assert.deepEqual(make(), figure);
    const { xaxis, yaxis } = figure.layout as Record<string, { title: { text: string } }>;
    for (const axis of [xaxis, yaxis]) assert.match(axis.title.text, /\p{L}{3}/u);
    assert.deepEqual(JSON.parse(JSON.stringify(figure)), figure, "a spec is JSON");
  });
}

Deno.test("axisTitle adds the unit where there is one", () => {
  assert.equal(axisTitle({ title: "Time", unit: "ms" }), "Time (ms)");
  assert.equal(axisTitle({ title: "Cosine", unit: "1" }), "Cosine");
  assert.equal(axisTitle({ title: "Speed-up", unit: "x" }), "Speed-up (×)");
});

Deno.test("figures refuse what they cannot draw, with the place", () => {
  const x = { title: "Width", unit: "values" };
  const y = { title: "Cosine", unit: "1" };
  assert.throws(() => qualityAgainstWidth({ series: [], x, y }), /expected at least one point/);
  const point = { width: 256, median: NaN, low: null, high: null, seeds: [] };
  assert.throws(() => qualityAgainstWidth({ series: [{ name: "a", points: [point] }], x, y }), /quality\[0\].*got NaN/);
  const line = (value: number) => ({
    series: [{ name: "a", points: [{ x: 1, y: value }] }],
    x,
    y: { ...y, log: true },
  });
  assert.throws(() => lineWithInterval(line(0)), /y\[0\] on a logarithmic axis: expected a number above 0, got 0/);
  assert.throws(() => lineWithInterval({ series: [], x, y }), /at least one point/);
  const claim = { label: "a", group: "g", claimed: 1, measured: 1 };
  const units = { claimed: { title: "C", unit: "MB" }, measured: { title: "M", unit: "GB" } };
  assert.throws(() => claimedAgainstMeasured({ points: [claim], ...units }), /expected one unit, got "MB" and "GB"/);
  const curve = { group: "a", epochs: [1, 2], trainLoss: [1, 1], validationLoss: [1] };
  assert.throws(() => learningCurves({ curves: [curve], y }), /curves\[0\].validationLoss: expected 2 values/);
  const bars = { bars: [{ label: "a", value: 1 }], value: { ...y, log: true }, label: x };
  assert.throws(() => barsWithInterval(bars), /Cannot draw bars on a logarithmic axis/);
});

Deno.test("learningCurves thins long runs but keeps the last and the best epoch", () => {
  const epochs = Array.from({ length: 5000 }, (_, i) => i + 1);
  const losses = epochs.map((epoch) => 1 / epoch);
  const figure = learningCurves({
    curves: [{ group: "a", epochs, trainLoss: losses, validationLoss: losses, best: 1234 }],
    y: { title: "Loss", unit: "1" },
  });
  const [line, , kept] = figure.data as { x: number[] }[];
  assert.ok(line.x.length <= 303, `${line.x.length} points`);
  assert.equal(line.x.at(-1), 5000);
  assert.deepEqual(kept.x, [1235]);
});

Deno.test("lossCurves draws more losses than a function takes arguments", () => {
  const iterations = Array.from({ length: 200_000 }, (_, i) => i + 1);
  const losses = iterations.map((iteration) => 3 + 1 / iteration);
  const { layout } = lossCurves({ curves: [{ name: "long", iterations, losses, validation: [] }] });
  const [low, high] = (layout.yaxis as { range: [number, number] }).range;
  assert.ok(low < 3.00001 && high > 4 && low > 2.9 && high < 4.1);
});

Deno.test("logTicks gives plain numbers over few decades and powers over many", () => {
  assert.deepEqual(logTicks(0.004, 0.6).ticktext, ["0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]);
  assert.deepEqual(logTicks(5e-4, 3e-3).ticktext, ["0.0005", "0.0006", "0.0008", "0.001", "0.0015", "0.002", "0.003"]);
  const wide = logTicks(1e5, 1e9);
  assert.deepEqual(wide.ticktext.slice(0, 2), ["10<sup>5</sup>", "10<sup>6</sup>"]);
  assert.ok(logTicks(1e-30, 1e30).tickvals.length <= 9);
});

Deno.test("widthAxis keeps powers of two where labels would touch", () => {
  const { tickvals } = widthAxis({ title: "W", unit: "1" }, [256, 260, 264, 512, 8192], { plotWidth: 300 });
  assert.deepEqual(tickvals, [256, 512, 8192]);
});

Deno.test("padded gives a range even for equal values", () => {
  const [low, high] = padded([5, 5], false, 0.1);
  assert.ok(low < 5 && high > 5);
  const [logLow, logHigh] = padded([1, 1], true, 0.1);
  assert.ok(logLow < 1 && logHigh > 1 && logLow > 0);
});

Deno.test("spread moves touching labels apart by no more than needed", () => {
  assert.deepEqual(spread([0, 100], 20), [0, 100]);
  assert.deepEqual(spread([50, 50], 20), [40, 60]);
  assert.deepEqual(spread([60, 50, 40], 20), [70, 50, 30]);
  const placed = spread([10, 12, 14, 33, 90], 20);
  const sorted = [...placed].sort((a, b) => a - b);
  assert.ok(sorted.every((value, i) => i === 0 || value - sorted[i - 1] >= 20 - 1e-9), placed.join(" "));
});

Deno.test("placeLabels leaves out a label without room", () => {
  const size = { width: 200, height: 100 };
  assert.deepEqual(placeLabels([{ x: 50, y: 50, text: "ab" }], size), ["middle right"]);
  assert.deepEqual(placeLabels([{ x: 195, y: 50, text: "ab" }], size), ["middle left"]);
  const crowd = Array.from({ length: 30 }, (_, i) => ({ x: 90 + (i % 6), y: 45 + (i % 5), text: "label" }));
  assert.ok(placeLabels(crowd, size).filter((position) => position === null).length > 15);
  const box = { left: 0, right: 200, top: 0, bottom: 100 };
  assert.deepEqual(placeLabels([{ x: 50, y: 50, text: "ab" }], { ...size, keepFree: [box] }), [null]);
});

Deno.test("withTemplate leaves a figure and its own template alone", () => {
  const figure = { data: [], layout: { template: { mine: true } } };
  assert.equal(withTemplate(figure), figure);
  const bare = { data: [], layout: {} };
  assert.ok("template" in withTemplate(bare).layout);
  assert.deepEqual(bare.layout, {});
});

Deno.test("palette colours are distinct and stand out on white", () => {
  const luminance = palette.map((color) => {
    const [r, g, b] = [1, 3, 5].map((at) => (parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  assert.equal(new Set(palette).size, palette.length);
  // A contrast of at least 2 to white: dots and lines are seen on paper.
  for (const value of luminance) assert.ok(1.05 / (value + 0.05) > 2, String(value));
});

Deno.test("distributions share bins, and their shares add up", () => {
  const figure = distributions({
    series: [{ name: "a", values: [0, 0, 0, 1] }, { name: "b", values: Float64Array.of(0.4, 0.6) }],
    x: { title: "Cosine", unit: "1" },
    bins: 2,
  });
  assert.deepEqual(figure.data.map(({ x }) => x), [[0.25, 0.75], [0.25, 0.75]]);
  assert.deepEqual(figure.data.map(({ y }) => y), [[75, 25], [50, 50]]);
  const alike = distributions({ series: [{ name: "a", values: [3, 3] }], x: { title: "Cosine", unit: "1" } });
  assert.equal((alike.data[0].y as number[]).reduce((sum, share) => sum + share), 100);
  const refused = (series: { name: string; values: number[] }[], bins?: number) => () =>
    distributions({ series, x: { title: "Cosine", unit: "1" }, bins });
  assert.throws(refused([]), /at least one series/);
  assert.throws(refused([{ name: "a", values: [] }]), /expected values of a, got none/);
  assert.throws(refused([{ name: "a", values: [NaN] }]), /a\[0\]: expected a finite number, got NaN/);
  assert.throws(refused([{ name: "a", values: [1] }], 1), /bins to be an integer from 2, got 1/);
});

Deno.test("a seventh series has the first one's colour and another marker", () => {
  const marker = (i: number) => {
    const series = Array.from({ length: 7 }, (_, k) => ({ name: `s${k}`, points: [{ x: 1, y: k }], joined: false }));
    const { data } = lineWithInterval({ series, x: { title: "X", unit: "1" }, y: { title: "Y", unit: "1" } });
    return data[i].marker as { color: string; symbol: string };
  };
  assert.equal(marker(6).color, marker(0).color);
  assert.notEqual(marker(6).symbol, marker(0).symbol);
});
