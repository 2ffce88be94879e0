// The figures of a report on two machines: the image of each, where it came along, and the numbers behind the figure that both have, drawn
// on one axis. One function for the page as it is rendered and for its script.

import { escapeText } from "./format.mjs";
import { pairOf, ratioText, recordLink } from "./machine_rows.mjs";
import { makeScale } from "./scales.mjs";

/** How many numbers of one unit a figure shows. */
const MOST_TRACKS = 16;
/** Beyond this factor between the smallest and the largest number the axis is logarithmic. */
const LOG_FROM = 5;

/**
 * @typedef {{ id: string, label: string, caption: string, records: number[], images: (string | null)[] }} MachineFigure
 *   `label`: "Figure 2", "" for a figure that the report here has not; `records`: places in the list of rows; `images`: one a machine
 */

/**
 * All figures as HTML.
 * @param {readonly MachineFigure[]} figures
 * @param {readonly import("./machine_rows.mjs").MachineRow[]} rows
 * @param {readonly string[]} machines names
 * @param {number} left @param {number} right places of the two machines
 */
export function machineFigures(figures, rows, machines, left, right) {
  return figures.map((figure) =>
    `<section class="machine-figure" id="machine-figure-${escapeText(figure.id)}">${figureHead(figure)}` +
    `${figureImages(figure, machines, [left, right])}` +
    `${figureNumbers(figure, rows, left, right)}</section>`
  ).join("\n");
}

function figureHead({ id, label, caption }) {
  if (label === "") {
    return `<h3>${escapeText(id)}</h3><p class="caption">Only another machine's report has this figure.</p>`;
  }
  return `<h3><a href="index.html#figure-${escapeText(id)}">${escapeText(label)}</a></h3>` +
    `<p class="caption">${escapeText(caption)}</p>`;
}

/** Both images beside each other; one alone with a word on the other. */
function figureImages({ id, label, images }, machines, places) {
  const shown = places.filter((place) => images[place] !== null).map((place) =>
    `<div><p class="machine">${escapeText(machines[place])}</p><img class="paper" src="${
      escapeText(images[place])
    }" alt="${escapeText(`${label || id} on ${machines[place]}`)}"></div>`
  );
  const missing = places.filter((place) => images[place] === null).map((place) =>
    `<p class="none">${escapeText(machines[place])}: no image of it is here.</p>`
  );
  return `<div class="${shown.length === 2 ? "pair" : "single"}">${shown.join("")}</div>${missing.join("")}`;
}

/** What both machines have of the numbers behind a figure, a table for each unit. */
function figureNumbers({ id, label, records }, rows, left, right) {
  const found = records.map((i) => rows[i]).filter(({ kind, cells }) =>
    kind !== "computed" && kind !== "claimed" && isNumber(cells[left]) && isNumber(cells[right])
  );
  if (found.length === 0) return label === "" ? "" : '<p class="none">No number behind it is in both.</p>';
  const byUnit = new Map();
  for (const row of found) byUnit.set(row.unit, [...byUnit.get(row.unit) ?? [], row]);
  return [...byUnit].map(([unit, own]) => trackTable({ id, unit, own }, left, right)).join("");
}

/** A number that was measured well enough to be drawn. */
const isNumber = (cell) => cell !== null && typeof cell[1] === "number" && !cell[4];

function trackTable({ id, unit, own }, left, right) {
  const shown = furthest(own, left, right);
  const bounds = shown.flatMap(({ cells }) => [left, right].flatMap((place) => cells[place].slice(1)));
  const [low, high] = [Math.min(...bounds), Math.max(...bounds)];
  const scale = makeScale(bounds, [3, 97], { log: low > 0 && high / low >= LOG_FROM, ticks: 4 });
  const { parts, names } = shortNames(shown.map((row) => row.id));
  const what = [parts, ["", "1", "count"].includes(unit) ? "" : `in ${unit === "x" ? "×" : unit}`].filter((text) =>
    text !== ""
  ).join(" ");
  const head = `<th scope="col">${escapeText(what) || "Record"}</th><th scope="col" class="right">First</th>` +
    `<th scope="col" class="right">Second</th><th scope="col">${
      trackAxis(scale)
    }</th><th scope="col" class="right">Ratio</th>`;
  const body = shown.map((row, i) => {
    const cells = [left, right].map((place) => row.cells[place]);
    return `<tr><th scope="row">${recordLink(row, names[i])}</th>` +
      cells.map(([text]) => `<td class="right">${escapeText(text)}</td>`).join("") +
      `<td>${track(cells, scale)}</td><td class="right">${ratioText(pairOf(cells[0], cells[1]).ratio)}</td></tr>`;
  });
  const rest = shown.length === own.length
    ? ""
    : `<p class="none">${shown.length} of ${own.length}: those furthest apart.</p>`;
  return `<div class="box tracks" tabindex="0" role="region" aria-label="Numbers behind ${
    escapeText(`${id}, ${unit || "no unit"}`)
  }">` +
    `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>${rest}`;
}

/** The rows whose ratio is furthest from one, in their own order. */
function furthest(rows, left, right) {
  if (rows.length <= MOST_TRACKS) return rows;
  const far = (row) => Math.abs(Math.log(pairOf(row.cells[left], row.cells[right]).ratio ?? 1));
  const chosen = new Set([...rows].sort((a, b) => far(b) - far(a)).slice(0, MOST_TRACKS));
  return rows.filter((row) => chosen.has(row));
}

/**
 * Ids without the parts at their beginning and end that all of them share.
 * @param {readonly string[]} ids
 * @returns {{ parts: string, names: string[] }} `parts`: what they share, with "…" in place of the rest
 */
export function shortNames(ids) {
  const split = ids.map((id) => id.split("."));
  const most = Math.min(...split.map((parts) => parts.length)) - 1;
  if (ids.length < 2 || most < 1) return { parts: "", names: [...ids] };
  const shared = (at) => split.every((parts) => parts.at(at) === split[0].at(at));
  let start = 0, end = 0;
  while (start < most && shared(start)) start++;
  while (start + end < most && shared(-1 - end)) end++;
  const parts = [split[0].slice(0, start), ["…"], split[0].slice(split[0].length - end)].map((own) => own.join("."))
    .join(" ").trim();
  const names = split.map((own) => own.slice(start, own.length - end).join("."));
  return { parts: start + end === 0 ? "" : parts, names };
}

const at = (percent) => `${percent.toFixed(2)}%`;

/** Two values with their intervals: a dot above, a square below. Places are shares of the width, whatever that is. */
function track(cells, scale) {
  const marks = cells.map(([, value, low, high], i) => {
    const [x, y] = [at(scale.position(value)), i === 0 ? 7 : 16];
    const interval = low === undefined
      ? ""
      : `<line x1="${at(scale.position(low))}" x2="${at(scale.position(high))}" y1="${y}" y2="${y}"/>`;
    const mark = i === 0
      ? `<circle cx="${x}" cy="${y}" r="4"/>`
      : `<rect x="${x}" y="${y}" width="8" height="8" transform="translate(-4 -4)"/>`;
    return `<g class="${i === 0 ? "one" : "two"}">${interval}${mark}</g>`;
  });
  const grid = scale.ticks.map((tick) => `<line class="grid" x1="${at(tick.at)}" x2="${at(tick.at)}" y1="0" y2="23"/>`);
  return `<svg class="track" width="100%" height="23" aria-hidden="true">${grid.join("")}${marks.join("")}</svg>`;
}

/** The ticks of all tracks of a table. */
function trackAxis({ ticks }) {
  let last = -Infinity;
  const texts = ticks.map((tick) => {
    if (tick.at - last < 30) return "";
    last = tick.at;
    const anchor = tick.at < 10 ? "start" : tick.at > 90 ? "end" : "middle";
    return `<text x="${at(tick.at)}" y="12" text-anchor="${anchor}">${escapeText(tick.text)}</text>`;
  });
  return `<span class="heard">Both on one axis</span><svg class="track" width="100%" height="16" aria-hidden="true">${
    texts.join("")
  }</svg>`;
}
