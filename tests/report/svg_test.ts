import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import { closeRenderer, type PlotlyFigure, renderPng, renderSvg } from "lib/report/mod.ts";
import { dejaVuSans, parseFont } from "lib/report/static/font_metrics.ts";
import { cleanSvg } from "lib/report/static/svg.ts";
import { assertReadableLabels } from "./drawn_labels.ts";
import { exampleFigures } from "./example_figures.ts";

Deno.test("renderSvg draws every example without overlapping or clipped labels", async (t) => {
  for (const [name, make] of Object.entries(exampleFigures)) {
    await t.step(name, async () => {
      const svg = await renderSvg(make());
      assertReadableLabels(svg);
    });
  }
  await closeRenderer();
});

Deno.test("renderSvg gives the same bytes again, in any order and in a new window", async () => {
  const [first, second] = [exampleFigures.learningCurves(), exampleFigures.barsWithInterval()];
  const [a, b] = await Promise.all([renderSvg(first), renderSvg(second)]);
  assert.equal(await renderSvg(second), b);
  assert.equal(await renderSvg(first), a);
  await closeRenderer();
  assert.equal(await renderSvg(second), b);
  await closeRenderer();
});

Deno.test("renderSvg gives a picture for a code host: white, generic fonts, no scripts, no references outside", async () => {
  const svg = await renderSvg(exampleFigures.qualityAgainstWidth(), { width: 700, height: 400 });
  assert.match(svg, /^<svg [^>]*width="700" height="400"/);
  assert.match(svg, /<rect x="0" y="0" width="700" height="400" style="fill: rgb\(255, 255, 255\)/);
  assert.match(svg, /font-family: [^;]*DejaVu Sans[^;]*, Verdana, sans-serif/);
  assert.doesNotMatch(svg, /<script|<foreignObject|javascript:|href="(?!#)|url\((?!#)|@import/);
  for (const [, id] of svg.matchAll(/url\(#([^)]+)\)/g)) assert.ok(svg.includes(`id="${id}"`), id);
  await closeRenderer();
});

Deno.test("renderSvg leaves the figure as it was", async () => {
  const figure = exampleFigures.lineOverWeights();
  const before = structuredClone(figure);
  await renderSvg(figure);
  assert.deepEqual(figure, before);
  await closeRenderer();
});

Deno.test("renderSvg refuses traces that need WebGL, 3D or a canvas, and absurd sizes", async () => {
  for (const type of ["scattergl", "scatter3d", "surface", "heatmap", "parcoords", "scattermap", "choropleth_mapbox"]) {
    await assert.rejects(renderSvg({ data: [{ type }], layout: {} }), new RegExp(`data\\[0\\].type "${type}"`));
  }
  await assert.rejects(renderSvg(null as unknown as PlotlyFigure), /expected a figure \{ data/);
  await assert.rejects(renderSvg({ data: [], layout: {} }, { width: 10 }), /expected width from 100 to 4000/);
  await assert.rejects(renderSvg({ data: [], layout: {} }, { height: NaN }), /expected height from 100 to 4000/);
});

Deno.test("renderSvg goes on after a figure that plotly.js refuses", async () => {
  const hostile = {
    data: [{ type: "scatter", x: [1], y: [1] }],
    layout: {
      get xaxis(): never {
        throw new Error("no");
      },
    },
  };
  await assert.rejects(renderSvg(hostile as unknown as PlotlyFigure));
  assert.match(await renderSvg(exampleFigures.lineOverWeights()), /^<svg/);
  await closeRenderer();
});

Deno.test("renderPng draws text with the bundled font", async () => {
  const svg = (text: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="20"><text x="0" y="15" ` +
    `style="font-family: 'DejaVu Sans', Verdana, sans-serif; font-size: 15px">${text}</text></svg>`;
  const [empty, full] = await Promise.all([renderPng(svg("")), renderPng(svg("Held-out"))]);
  assert.deepEqual([...full.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  assert.equal(new DataView(full.buffer).getUint32(16), 200, "width at scale 2");
  assert.ok(full.length > empty.length + 200, `${full.length} bytes with text, ${empty.length} without`);
  await assert.rejects(renderPng(svg(""), { scale: 0 }), /expected scale in \(0, 8\], got 0/);
});

Deno.test("cleanSvg renumbers ids and drops empty groups only", () => {
  const svg =
    '<svg class="main-svg" xmlns="x"><defs><clipPath id="clipa1b2"></clipPath></defs><g class="a"><g class="b"/></g>' +
    `<g clip-path="url('#clipa1b2')"><path d="M1.23456,2"/></g></svg>`;
  assert.equal(
    cleanSvg(svg),
    '<svg xmlns="x"><defs><clipPath id="f0"></clipPath></defs>\n<g clip-path="url(#f0)">\n<path d="M1.23,2"/></g></svg>\n',
  );
});

Deno.test("parseFont reads widths of DejaVu Sans and refuses what is no font", () => {
  const { regular, bold } = dejaVuSans();
  assert.equal(regular.width("M"), 1767 / 2048);
  assert.equal(regular.width("i"), 569 / 2048);
  assert.equal(regular.width("Mi"), regular.width("M") + regular.width("i"));
  assert.ok(bold.width("Hello") > regular.width("Hello"));
  assert.ok(Math.abs(regular.ascent - 0.928) < 0.001 && Math.abs(regular.descent - 0.236) < 0.001);
  assert.throws(() => parseFont(new Uint8Array(64)), /expected a table "head", got none/);
});

Deno.test("importing lib/report starts neither jsdom nor resvg", () => {
  const folder = projectPath("lib", "report");
  const files = readdirSync(folder, { recursive: true }).map(String).filter((file) => file.endsWith(".ts"));
  assert.ok(files.length > 20);
  for (const file of files) {
    const source = readFileSync(join(folder, file), "utf8");
    assert.doesNotMatch(source, /^(import|export)[^;]*from "(jsdom|@resvg\/resvg-js|plotly[^"]*)"/m, file);
    assert.doesNotMatch(source, /\bDeno\.(?!test)|import\.meta|^await /m, file);
  }
});
