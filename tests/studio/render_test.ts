import assert from "node:assert/strict";
import { parseSync } from "oxc-parser";
import { readdirSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";
import { curvesChart, parallelChart, scatterChart } from "lib/studio/client/charts.mjs";
import { decodeTrial, encodeTrial } from "lib/studio/client/encoding.mjs";
import { filterTest, filterText, noFilters, studyAxes } from "lib/studio/client/filters.mjs";
import { formatBytes, formatMeasured, formatNumber, formatSeconds, formatValue } from "lib/studio/client/format.mjs";
import { paretoFront } from "lib/studio/client/pareto.mjs";
import { trialColumns, trialOrder } from "lib/studio/client/rows.mjs";
import { makeScale } from "lib/studio/client/scales.mjs";
import { clientScript, joinModules } from "lib/studio/client_script.ts";
import { bestTrials, comparePage, definitionDifferences } from "lib/studio/compare_page.ts";
import { chosenForCurves, MOST_CURVES } from "lib/studio/study_data.ts";
import { axisText, studyPage } from "lib/studio/study_page.ts";
import { secondsLeft } from "lib/studio/summary.ts";
import { possibleRequests } from "lib/studio/trial_page.ts";
import { float, when } from "lib/sweep/mod.ts";
import { MadeStudy } from "./made_study.ts";

const contentOf = (study: MadeStudy) => ({
  summary: study.summary(),
  trials: study.trials(),
  curves: study.curves(),
  others: [study.name, "other"],
  live: false,
  hasPage: () => true,
});

Deno.test("studyPage is a pure function: the same content gives the same text", () => {
  const page = studyPage(contentOf(new MadeStudy("sizes", 60)));
  assert.equal(page, studyPage(contentOf(new MadeStudy("sizes", 60))));
  assert.match(page, /<th scope="row"[^>]*><a href="trials\/[0-9a-f]{64}\.html">/);
  assert.match(page, /href="\.\.\/\.\.\/compare\/sizes\/other\.html"/);
  assert.doesNotMatch(page, /id="connection"/);
});

Deno.test("studyPage of a study without trials says so instead of failing", () => {
  const study = new MadeStudy("empty", 0, { running: false });
  const page = studyPage(contentOf(study));
  assert.match(page, /0 of 0 finished/);
  assert.match(page, /<span class="state empty">/);
});

Deno.test("every id of a page stands once, and every label and region names something", () => {
  const study = new MadeStudy("sizes", 60);
  const compared = { summary: study.summary(), trials: study.trials(), curves: study.curves() };
  for (const page of [studyPage(contentOf(study)), comparePage(compared, compared)]) {
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    assert.deepEqual(ids, [...new Set(ids)]);
    for (const [, id] of page.matchAll(/aria-labelledby="([^"]*)"/g)) assert.ok(ids.includes(id), id);
    assert.doesNotMatch(page, /aria-label=""/);
  }
});

Deno.test("encodeTrial and decodeTrial keep a trial, absent parameters too", () => {
  for (const trial of new MadeStudy("sizes", 60).all) {
    const names = ["studentDim", "learningRate", "optimizer", "momentum", "seed"];
    const through = decodeTrial(JSON.parse(JSON.stringify(encodeTrial(trial, names, true))), names);
    const { machine: _machine, checkpoint: _checkpoint, revision: _revision, ...kept } = trial;
    assert.deepEqual(through, { ...kept, hasPage: true });
  }
  const withNull = { ...new MadeStudy("one", 1).all[0], parameters: { a: null } };
  assert.deepEqual(decodeTrial(encodeTrial(withNull, ["a", "b"], false), ["a", "b"]).parameters, { a: null });
});

Deno.test("paretoFront keeps what nothing beats, by either direction", () => {
  const points = [[1, 5], [2, 3], [2, 4], [3, 3], [4, 1], [5, 2]].map(([x, y]) => ({ x, y }));
  const front = (x: "minimize" | "maximize", y: "minimize" | "maximize") =>
    paretoFront(points, { x, y }).map((point) => [point.x, point.y]);
  assert.deepEqual(front("minimize", "minimize"), [[1, 5], [2, 3], [4, 1]]);
  assert.deepEqual(front("minimize", "maximize"), [[1, 5]]);
  assert.deepEqual(front("maximize", "minimize"), [[5, 2], [4, 1]]);
  // Against the definition: nobody else is as good in both and better in one.
  const beats = (a: typeof points[0], b: typeof points[0]) => a.x <= b.x && a.y <= b.y && (a.x < b.x || a.y < b.y);
  const random = new MadeStudy("points", 80).all.map(({ parameterCount, seconds }) => ({
    x: parameterCount,
    y: seconds,
  }));
  const kept = paretoFront(random, { x: "minimize", y: "minimize" });
  assert.ok(kept.every((point) => !random.some((other) => beats(other, point))));
});

Deno.test("makeScale maps ends to the range and back, logarithmically over wide ranges, names by place", () => {
  const scale = makeScale([1, 100], [0, 200]);
  assert.equal(scale.kind, "log");
  assert.deepEqual([1, 10, 100].map((value) => Math.round(scale.position(value)!)), [0, 100, 200]);
  assert.ok(Math.abs(scale.invert(100) - 10) < 1e-9);
  assert.equal(makeScale([0, 100], [0, 1]).kind, "linear");
  assert.equal(scale.position(-1), null);
  assert.equal(scale.position(null), null);
  const names = makeScale(["b", "a", true], [0, 30]);
  assert.deepEqual([names.kind, names.position("a"), names.position("b"), names.position("c")], [
    "category",
    5,
    15,
    null,
  ]);
  const single = makeScale([3, 3], [0, 10]);
  assert.equal(single.position(3), 5);
  const small = makeScale([6.8e-4, 8.2e-4], [0, 1]).ticks.map(({ text }) => text);
  assert.equal(new Set(small).size, small.length, `ticks that differ read alike: ${small.join(", ")}`);
  for (const ticks of [makeScale([0.1, 0.9], [0, 1]), makeScale([1e-6, 1e3], [0, 1]), makeScale([], [0, 1])]) {
    assert.ok(ticks.ticks.length >= 2 && ticks.ticks.every(({ at }) => at !== null && at >= -1e-9 && at <= 1 + 1e-9));
  }
});

Deno.test("filterTest keeps ranges, names, states and words together", () => {
  const study = {
    objectives: [{ metric: "loss", direction: "minimize" }],
    parameters: ["optimizer", "studentDim"].map((name) => ({ name })),
  };
  const { all } = new MadeStudy("sizes", 200);
  const axes = studyAxes(study, all);
  assert.deepEqual(axes.map(({ id }) => id), ["optimizer", "studentDim", "value:0"]);
  const count = (changes: Partial<ReturnType<typeof noFilters>>) =>
    all.filter(filterTest({ ...noFilters(), ...changes }, axes)).length;
  assert.equal(count({}), 200);
  const adam = all.filter(({ parameters }) => parameters.optimizer === "adam");
  assert.equal(count({ axes: new Map([["optimizer", { values: ["adam"] }]]) }), adam.length);
  assert.equal(count({ words: "optimizer=adam" }), adam.length);
  assert.equal(count({ words: "ADAM", state: "failed" }), adam.filter(({ state }) => state === "failed").length);
  assert.equal(count({ words: "#17" }), 1);
  assert.equal(count({ words: all[4].key.slice(0, 10) }), 1);
  const low = all.filter(({ values: [loss] }) => loss !== null && loss >= 0.1 && loss <= 0.2).length;
  assert.equal(count({ axes: new Map([["value:0", { low: 0.1, high: 0.2 }]]) }), low);
  assert.equal(filterText("loss", { low: 0.1, high: Infinity }), "loss from 0.1");
  assert.equal(filterText("optimizer", { values: ["adam", "sgd"] }), "optimizer adam or sgd");
});

Deno.test("trialOrder sorts by value and puts trials without one last, whatever the direction", () => {
  const study = { objectives: [{ metric: "loss", direction: "minimize" }], parameters: [] };
  const column = trialColumns(study).find(({ id }) => id === "value:0")!;
  const trials = [0.2, null, 0.1].map((value, i) => ({ number: i + 1, values: [value] }));
  const sorted = (direction: "ascending" | "descending") =>
    [...trials].sort(trialOrder(column, direction)).map(({ number }) => number);
  assert.deepEqual(sorted("ascending"), [3, 1, 2]);
  assert.deepEqual(sorted("descending"), [1, 3, 2]);
});

Deno.test("charts are SVG text with a name, and show what they are given", () => {
  const size = { width: 400, height: 300 };
  const scale = makeScale([1, 10], [50, 390]);
  const points = [{ px: 60, py: 70, kind: "finished" }, { px: 80, py: 90, kind: "pruned" }, {
    px: 9,
    py: 9,
    kind: "dim",
  }];
  const scatter = scatterChart({
    points,
    front: points.slice(0, 1),
    x: scale,
    y: scale,
    xTitle: "a<b",
    yTitle: "loss",
    label: 'say "x"',
  }, size);
  assert.match(
    scatter,
    /^<svg viewBox="0 0 400 300" width="400" height="300" role="img" aria-label="say &quot;x&quot;">.*<\/svg>$/s,
  );
  assert.match(scatter, /class="dots finished" d="M60 70h0"/);
  assert.match(scatter, /a&lt;b/);
  const axes = ["a", "b", "c"].map((id, i) => ({ id, label: id, scale, at: 50 + 100 * i, brush: null }));
  const parallel = parallelChart({
    axes,
    trials: [{ places: [10, null, 30], kind: "other" }, { places: [10, 20, 30], kind: "best" }],
    label: "x",
  }, size);
  assert.match(
    parallel,
    /class="line other" d="M50 10M250 30"/,
    "a parameter that a trial does not have breaks its line",
  );
  assert.match(parallel, /class="line best" d="M50 10L150 20L250 30"/);
  const curves = curvesChart({
    curves: [{ points: [[1, 2]], kind: "running" }, { points: [[1, 2], [3, 4]], kind: "pruned" }],
    x: scale,
    y: scale,
    yTitle: "loss",
    label: "x",
  }, size);
  assert.match(curves, /class="dots running"/);
  assert.match(curves, /class="line pruned"/);
  assert.match(curves, /class="crosses pruned"/);
});

Deno.test("formats write numbers, times and sizes as readers expect them", () => {
  assert.deepEqual([0.123456, 1182272, 12.5, 0.00012345, -0.5, 1234.5, null].map(formatNumber), [
    "0.1235",
    "1,182,272",
    "12.5",
    "1.234e\u22124",
    "\u22120.5",
    "1,235",
    "",
  ]);
  assert.deepEqual([0.058, 0.94, 12].map(formatMeasured), ["0.05800", "0.9400", "12.00"]);
  assert.deepEqual([1024, 0.00012, "adam", true, [1, 2], undefined].map(formatValue), [
    "1024",
    "1.2e\u22124",
    "adam",
    "true",
    "[1,2]",
    "",
  ]);
  const spaced = (text: string) => text.replaceAll("\u00a0", " ");
  assert.deepEqual([0.84, 42, 185, 7440, 1e6].map(formatSeconds).map(spaced), [
    "0.8 s",
    "42 s",
    "3 min 5 s",
    "2 h 4 min",
    "12 days",
  ]);
  assert.deepEqual([0, 999, 1500, 12_345_678].map(formatBytes).map(spaced), ["0 B", "999 B", "1.5 kB", "12 MB"]);
});

Deno.test("secondsLeft follows what trials have cost: work left over work done, by those that run at once", () => {
  const [trial] = new MadeStudy("one", 1).all;
  const make = (state: string, fields = {}) =>
    ({ ...trial, state, parameterCount: 10, epochsPlanned: 2, seconds: 0, ...fields }) as typeof trial;
  const done = make("finished", { seconds: 4 });
  assert.equal(secondsLeft([make("running"), make("waiting")]), null);
  assert.equal(secondsLeft([done, make("running"), make("waiting")]), 8);
  assert.equal(secondsLeft([done, make("running"), make("running"), make("waiting", { parameterCount: 20 })]), 8);
});

Deno.test("chosenForCurves keeps all of a few; of many those that run, the best, and an even choice", () => {
  const few = new MadeStudy("few", 50).all;
  assert.equal(chosenForCurves(few, { direction: "minimize" }).size, few.filter(({ epochs }) => epochs > 0).length);
  const many = new MadeStudy("many", 2000).all;
  const chosen = chosenForCurves(many, { direction: "minimize" });
  assert.equal(chosen.size, MOST_CURVES);
  assert.ok(many.filter(({ state }) => state === "running").every(({ key }) => chosen.has(key)));
  const [best] = [...many].filter(({ state }) => state === "finished").sort((a, b) => a.values[0]! - b.values[0]!);
  assert.ok(chosen.has(best.key));
});

Deno.test("two definitions are compared axis by axis, and equal ones differ in nothing", () => {
  const [a, b] = [new MadeStudy("a", 10).summary(), new MadeStudy("b", 10).summary()];
  assert.deepEqual(definitionDifferences(a, b), []);
  b.definition = {
    ...b.definition,
    pruner: null,
    space: {
      studentDim: [256],
      learningRate: b.definition.space.learningRate,
      dropout: { kind: "float", low: 0, high: 0.5 },
    },
  };
  assert.deepEqual(definitionDifferences(a, b), [
    ["Pruner", "median (startupEpochs 2)", "none"],
    ["studentDim", "256, 512, 1024, 2048, 4096, 8192", "256"],
    ["optimizer", "adam, sgd", "none"],
    ["seed", "3 seeds", "none"],
    ["dropout", "none", "0 to 0.5"],
  ]);
  assert.equal(axisText({ kind: "int", low: 1, high: 9, log: true, step: 2 }), "1 to 9, logarithmic, in steps of 2");
  const slope = when({ bottleneck: "leaky", width: [1, 2] }, float(0.01, 1, { log: true }));
  assert.equal(axisText(slope), "0.01 to 1, logarithmic, where bottleneck is leaky and width is 1, 2");
});

Deno.test("comparePage draws the curves of two studies only where they are of one metric", () => {
  const [one, two] = [new MadeStudy("one", 20, { running: false }), new MadeStudy("two", 20, { running: false })];
  const compared = (study: MadeStudy) => ({ summary: study.summary(), trials: study.trials(), curves: study.curves() });
  assert.match(comparePage(compared(one), compared(two)), /<figure id="curves"/);
  const other = compared(two);
  const objectives = [{ metric: "cosine", direction: "maximize" as const }];
  other.summary = { ...other.summary, definition: { ...other.summary.definition, objectives } };
  const page = comparePage(compared(one), other);
  assert.doesNotMatch(page, /<figure id="curves"/);
  assert.match(page, /different metrics and share no axis: loss and cosine/);
});

Deno.test("bestTrials follow the direction of the first objective", () => {
  const study = new MadeStudy("sizes", 60);
  const summary = study.summary();
  const [first] = bestTrials({ summary, trials: study.all }, 1);
  const finished = study.all.filter(({ state }) => state === "finished");
  assert.equal(first.values[0], Math.min(...finished.map(({ values }) => values[0]!)));
  summary.definition = { ...summary.definition, objectives: [{ metric: "loss", direction: "maximize" }] };
  assert.equal(
    bestTrials({ summary, trials: study.all }, 1)[0].values[0],
    Math.max(...finished.map(({ values }) => values[0]!)),
  );
});

Deno.test("possibleRequests offers what makes sense in a trial's state", () => {
  assert.deepEqual(possibleRequests({ state: "running", pinned: false }), ["cancel", "pin"]);
  assert.deepEqual(possibleRequests({ state: "failed", pinned: false }), ["retry", "pin"]);
  assert.deepEqual(possibleRequests({ state: "finished", pinned: true }), ["unpin"]);
});

Deno.test("joinModules puts imported modules first and refuses one name twice", () => {
  const joined = joinModules({
    "a.mjs": 'import { two } from "./b.mjs";\nconst one = two;\n',
    "b.mjs": "export const two = 2;\n",
  });
  assert.ok(joined.indexOf("const two") < joined.indexOf("const one"));
  assert.doesNotMatch(joined, /^(import|export)/m);
  assert.throws(
    () => joinModules({ "a.mjs": "const x = 1;\n", "b.mjs": "const x = 2;\n" }),
    /a\.mjs and b\.mjs declare x/,
  );
});

Deno.test("the script of the pages has all modules, is a classic script, and calls nobody", () => {
  const script = clientScript();
  const { errors } = parseSync("studio.js", script, { sourceType: "script" });
  assert.deepEqual(errors, []);
  assert.doesNotMatch(script, /^\s*(import|export) /m);
  assert.doesNotMatch(script, /https?:\/\//);
  const folder = projectPath("lib", "studio", "client");
  assert.ok(readdirSync(folder).every((name) => name.endsWith(".mjs")));
});
