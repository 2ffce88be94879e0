// Two studies beside each other: what differs in their definitions, the best of each, and their best curves.

import { canonicalJson } from "../process/mod.ts";
import { escapeText, formatMeasured, formatParameters } from "./client/format.mjs";
import type { StudySummary, TrialView } from "../sweep/mod.ts";
import { type Curve, curveMetric } from "./study_data.ts";
import { plainTable, renderPage } from "./shell.ts";
import { axisText } from "./study_page.ts";
import { countsText, methodText, objectivesText } from "./summary.ts";

/** One of the studies that are compared. */
export interface ComparedStudy {
  summary: StudySummary;
  trials: readonly TrialView[];
  curves: readonly Curve[];
}

/** How many of the best trials of each are listed. */
const BEST_LISTED = 5;
/** How many of the best curves of each are drawn. */
const CURVES_DRAWN = 20;

/** What differs between two definitions, as rows: what, here, there. Empty when they are the same. */
export function definitionDifferences(a: StudySummary, b: StudySummary): [what: string, a: string, b: string][] {
  const rows: [string, string, string][] = [];
  const add = (what: string, x: unknown, y: unknown, text: (value: never) => string) => {
    if (canonicalJson(x ?? null) === canonicalJson(y ?? null)) return;
    rows.push([what, x === undefined ? "none" : text(x as never), y === undefined ? "none" : text(y as never)]);
  };
  const [one, two] = [a.definition, b.definition];
  add("Objectives", one.objectives, two.objectives, objectivesText);
  add("Sampler", one.sampler, two.sampler, methodText);
  add("Pruner", one.pruner, two.pruner, methodText);
  for (const name of new Set([...Object.keys(one.space), ...Object.keys(two.space)])) {
    add(name, one.space[name], two.space[name], axisText);
  }
  return rows;
}

/** The finished trials of a study, best first by its first objective. */
export function bestTrials(
  { summary, trials }: Pick<ComparedStudy, "summary" | "trials">,
  count = BEST_LISTED,
): TrialView[] {
  const sign = summary.definition.objectives[0].direction === "maximize" ? -1 : 1;
  return trials.filter(({ state, values }) => state === "finished" && typeof values[0] === "number")
    .sort((a, b) => sign * (a.values[0]! - b.values[0]!)).slice(0, count);
}

/** The page `compare/A/B.html`. */
export function comparePage(a: ComparedStudy, b: ComparedStudy): string {
  const names = [a.summary.name, b.summary.name];
  const title = `${names[0]} and ${names[1]}`;
  const differences = definitionDifferences(a.summary, b.summary);
  const heads = ["Property", ...names];
  const main = [
    `<h1>${escapeText(title)}</h1>`,
    plainTable(heads, [
      ["State", ...[a, b].map(({ summary }) => escapeText(`${summary.state}: ${countsText(summary)}`))],
      ...bestRows(a, b),
    ], { label: "State and best values" }),
    "<h2>Definition</h2>",
    differences.length === 0
      ? "<p>The same space, objectives, sampler and pruner.</p>"
      : plainTable(heads, differences.map((row) => row.map(escapeText)), { label: "Differences of the definitions" }),
    curvesSection(a, b),
    ...[a, b].map((study) => bestSection(study)),
  ].join("\n");
  const curves = [a, b].map((study) => bestCurves(study, CURVES_DRAWN));
  const above = [{ href: `../../studies/${names[0]}/index.html`, label: names[0] }];
  return renderPage({
    title: `${title} · Latent Lab`,
    root: "../../",
    above,
    main,
    live: false,
    data: { compared: curves, metric: curveMetric(a.summary.definition.objectives) },
  });
}

/** The best value of each objective that both have. */
function bestRows(a: ComparedStudy, b: ComparedStudy): string[][] {
  return a.summary.definition.objectives.flatMap(({ metric, direction }) => {
    const values = [a, b].map(({ summary, trials }) => {
      const index = summary.definition.objectives.findIndex((objective) => objective.metric === metric);
      const found = trials.flatMap(({ state, values }) =>
        state === "finished" && typeof values[index] === "number" ? [values[index]] : []
      );
      return found.reduce<number | null>(
        (best, value) => best === null || (direction === "minimize" ? value < best : value > best) ? value : best,
        null,
      );
    });
    return [[escapeText(`Best ${metric}`), ...values.map((value) => formatMeasured(value) || "none")]];
  });
}

/** Curves of the best of each: a chart, and the numbers of the two best. */
function curvesSection(a: ComparedStudy, b: ComparedStudy): string {
  const curves = [a, b].map((study) => new Map(bestCurves(study, 1)[0]));
  const epochs = [...new Set(curves.flatMap((curve) => [...curve.keys()]))].sort((x, y) => x - y);
  if (epochs.length === 0) return "";
  const metrics = [a, b].map(({ summary: { definition } }) => curveMetric(definition.objectives));
  const [one, two] = [a, b].map(({ summary: { name } }, i) => `${name}: ${metrics[i]}`);
  const rows = epochs.map((epoch) => [String(epoch), ...curves.map((curve) => formatMeasured(curve.get(epoch)))]);
  const table = plainTable(["Epoch", one, two], rows, { label: "Curves of the best trials", right: [0, 1, 2] });
  const numbers = `<details id="numbers"><summary>Numbers of the best trial of each</summary>${table}</details>`;
  if (metrics[0] !== metrics[1]) {
    return `<h2>Learning curves</h2><p>They are of different metrics and share no axis: ${
      escapeText(metrics.join(" and "))
    }.</p>${numbers}`;
  }
  return `<figure id="curves" class="chart scripted"><div class="head"><h2>Learning curves</h2></div>` +
    '<div class="plot" tabindex="0" role="region" aria-label="Learning curves"></div>' +
    `<figcaption><span class="legend"><span class="one">${escapeText(one)}</span> <span class="two">${
      escapeText(two)
    }</span></span> Up to ${CURVES_DRAWN} of the best trials of each.</figcaption></figure>${numbers}`;
}

/** The curves of a study's best trials, the best first. */
function bestCurves(study: ComparedStudy, count: number): [number, number][][] {
  const points = new Map(study.curves.map((curve) => [curve.key, curve.points]));
  return bestTrials(study, count).flatMap(({ key }) => points.has(key) ? [points.get(key)!] : []);
}

function bestSection(study: ComparedStudy): string {
  const { summary: { name, definition: { objectives } } } = study;
  const rows = bestTrials(study).map((trial) => [
    String(trial.number),
    ...objectives.map((_, i) => formatMeasured(trial.values[i])),
    escapeText(formatParameters(trial.parameters)),
  ]);
  if (rows.length === 0) return "";
  const right = [0, ...objectives.map((_, i) => i + 1)];
  return `<h2>Best of ${escapeText(name)}</h2>${
    plainTable(["Trial", ...objectives.map(({ metric }) => metric), "Parameters"], rows, {
      label: `Best trials of ${name}`,
      right,
    })
  }`;
}
