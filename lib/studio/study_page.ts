// The page of one study: a pure function of what the store says.

import { escapeText, STATES } from "./client/format.mjs";
import { firstOrder, PAGE_ROWS, trialColumns, trialOrder, trialRow } from "./client/rows.mjs";
import type { StudySummary, TrialView } from "../sweep/mod.ts";
import { factList, renderPage } from "./shell.ts";
import { type Curve, MOST_CURVES, parameterNames, studyData } from "./study_data.ts";
import { countsText, methodText, objectivesText, secondsLeft, summaryHtml } from "./summary.ts";

/** What is shown of a study. */
export interface StudyContent {
  summary: StudySummary;
  /** By number. */
  trials: readonly TrialView[];
  curves: readonly Curve[];
  /** Names of all studies, to compare with. */
  others: readonly string[];
  live: boolean;
  /** Whether a trial has a page of its own; files are written for some only. */
  hasPage: (trial: TrialView) => boolean;
}

/** The page `studies/NAME/index.html`. */
export function studyPage(content: StudyContent): string {
  const { summary, trials, live } = content;
  const { name } = summary;
  const main = [
    `<h1>${escapeText(name)}</h1>`,
    '<p id="said" class="heard" role="status" aria-live="polite"></p>',
    `<section id="summary" aria-label="Summary">${studySummary(content)}</section>`,
    definitionDetails(content),
    "<noscript><p>The charts and the order of the table need scripts; the best trials are listed below.</p></noscript>",
    filterForm(),
    parallelFigure(),
    `<div class="pair">${scatterFigure()}${curvesFigure(trials)}</div>`,
    trialTable(content),
  ].join("\n");
  return renderPage({ title: `${name} · Latent Lab`, root: "../../", main, live, data: studyData(content) });
}

/** The part of the page that follows the study as a whole. */
export function studySummary(
  { summary, trials, hasPage }: Pick<StudyContent, "summary" | "trials" | "hasPage">,
): string {
  const { best } = summary;
  const bestHref = best !== null && hasPage(best) ? `trials/${best.key}.html` : null;
  return summaryHtml(summary, { left: summary.state === "running" ? secondsLeft(trials) : null, bestHref });
}

/** What is read aloud when it changes. */
export function spokenSummary(summary: StudySummary): string {
  return countsText(summary);
}

function definitionDetails({ summary: { definition, name }, others }: StudyContent): string {
  const axes = Object.entries(definition.space).map(([axis, values]) =>
    `<li><code>${escapeText(axis)}</code> ${escapeText(axisText(values))}</li>`
  );
  const links = others.filter((other) => other !== name).map((other) =>
    `<li><a href="../../compare/${name}/${other}.html">${escapeText(other)}</a></li>`
  );
  const comparison = links.length === 0
    ? ""
    : `<details id="comparison"><summary>Compare with another study</summary><ul>${links.join("")}</ul></details>`;
  return `<details id="definition"><summary>Definition</summary>${
    factList([
      ["Objectives", escapeText(objectivesText(definition.objectives))],
      ["Sampler", escapeText(methodText(definition.sampler))],
      ["Weights kept", definition.keepWeights === "all" ? "of all trials" : "of the best and pinned"],
      ["Pruner", escapeText(methodText(definition.pruner))],
      ["Space", `<ul class="plain">${axes.join("")}</ul>`],
    ])
  }</details>${comparison}`;
}

/** An axis in words: `256, 512, 1024`, `1e-4 to 0.1, logarithmic`, `3 seeds`. */
export function axisText(axis: unknown): string {
  if (Array.isArray(axis)) {
    return axis.map((value) => typeof value === "string" ? value : JSON.stringify(value)).join(", ");
  }
  if (axis === null || typeof axis !== "object") return JSON.stringify(axis);
  const { kind, values, low, high, log, step, axis: inner, conditions } = axis as Record<string, unknown>;
  if (kind === "replicas" && Array.isArray(values)) return `${values.length} seeds`;
  if (Array.isArray(values)) return axisText(values);
  if (typeof low === "number" && typeof high === "number") {
    return `${low} to ${high}${log ? ", logarithmic" : ""}${step ? `, in steps of ${step}` : ""}`;
  }
  if (kind === "when" && typeof conditions === "object" && conditions !== null) {
    const where = Object.entries(conditions).map(([name, values]) => `${name} is ${axisText(values)}`);
    return `${axisText(inner)}, where ${where.join(" and ")}`;
  }
  return JSON.stringify(axis);
}

function filterForm(): string {
  const options = STATES.map((state) => `<option>${state}</option>`).join("");
  return `<section id="filters" class="scripted" aria-label="Filters"><form role="search">
<label>Search <input type="search" name="words" autocomplete="off" spellcheck="false" placeholder="studentDim=256"></label>
<label>State <select name="state"><option value="">all</option>${options}</select></label>
<output role="status"></output>
<details id="axis-filters"><summary>Filter by value</summary><div class="axes"></div></details></form>
<div class="chips" role="group" aria-label="Filters that are set"></div></section>`;
}

function figure(id: string, title: string, { controls = "", caption }: { controls?: string; caption: string }): string {
  return `<figure id="${id}" class="chart scripted"><div class="head"><h2>${title}</h2>${controls}</div><div class="plot" tabindex="0" role="region" ` +
    `aria-label="${title}"></div><figcaption>${caption}</figcaption></figure>`;
}

function parallelFigure(): string {
  return figure("parallel", "Parallel coordinates", {
    caption: '<span class="legend"><span class="best">best</span> <span class="other">others</span> ' +
      '<span class="open">without a value</span></span> <span class="count"></span> Drag along an axis to keep the trials that cross it there; ' +
      "click it to let all through. By keyboard: “Filter by value” above.",
  });
}

function scatterFigure(): string {
  return figure("scatter", "Quality against parameters", {
    controls: '<p class="controls"><label>Across <select></select></label> <label>Up <select></select></label></p>',
    caption: '<span class="legend"><span class="finished">finished</span> <span class="pruned">pruned</span> ' +
      '<span class="running">running</span> <span class="front" hidden>Pareto front of the finished trials shown</span></span>',
  });
}

function curvesFigure(trials: readonly TrialView[]): string {
  const choice = trials.length > MOST_CURVES
    ? ` Of ${trials.length.toLocaleString("en-US")} trials, those that run, the best, and an even choice of the others.`
    : "";
  return figure("curves", "Learning curves", {
    caption: '<span class="legend"><span class="best">best</span> <span class="finished">finished</span> ' +
      '<span class="pruned">pruned</span> <span class="failed">failed</span> <span class="running">running</span></span> ' +
      `<span class="count"></span>${choice}`,
  });
}

function trialTable({ summary: { definition }, trials, hasPage }: StudyContent): string {
  const study = {
    objectives: definition.objectives,
    parameters: parameterNames(definition.space, trials).map((name) => ({ name })),
  };
  const columns = trialColumns(study);
  const { id, direction } = firstOrder(study);
  const sorted = [...trials].sort(trialOrder(columns.find((column) => column.id === id)!, direction));
  const link = (trial: TrialView) => hasPage(trial) ? `trials/${trial.key}.html` : null;
  const heads = columns.map((column) =>
    `<th scope="col"${column.numeric ? ' class="right"' : ""}${column.id === id ? ` aria-sort="${direction}"` : ""}>${
      escapeText(column.label)
    }</th>`
  ).join("");
  const rows = sorted.slice(0, PAGE_ROWS).map((trial) => trialRow(trial, columns, link)).join("\n");
  return `<section id="trials" class="table"><h2 id="trials-title">Trials</h2>
<div class="box" tabindex="0" role="region" aria-labelledby="trials-title"><table class="sortable"><thead><tr>${heads}</tr></thead>
<tbody>${rows}</tbody></table></div>
<p class="pager scripted"><button type="button">Previous</button> <button type="button">Next</button> <output role="status"></output></p></section>`;
}
