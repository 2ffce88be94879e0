// The same records from two machines as rows: one function for the page as it is rendered and for its script.

import { escapeText, formatNumber } from "./format.mjs";

/** How many rows the table has at once. */
export const MACHINE_ROWS = 100;

/**
 * @typedef {[shown: string, value: number | string | boolean | null, low?: number | null, high?: number | null, invalid?: true]} MachineCell
 * @typedef {{ id: string, unit: string, kind: string, own: boolean, claims: [id: string, claimed: string][], cells: (MachineCell | null)[] }} MachineRow
 *   `cells`: one a machine, null where it has no such record; `own`: whether the report that is here has it; `claims`: those that it answers
 */

/** What a pair of values says, in the order in which they are listed; what is listed as "different" are the first three. */
export const PAIR_STATES = [
  "differs",
  "only here",
  "only there",
  "no difference shown",
  "",
  "same",
  "INVALID",
  "not measured",
];

/**
 * @param {MachineCell | null} left @param {MachineCell | null} right
 * @returns {{ state: string, ratio: number | null }} `ratio`: right over left, of positive numbers; state "" where there is no interval to judge by
 */
export function pairOf(left, right) {
  const has = (cell) => cell !== null && cell[1] !== null;
  if (!has(left) || !has(right)) {
    return { state: has(left) ? "only here" : has(right) ? "only there" : "not measured", ratio: null };
  }
  if (left[4] || right[4]) return { state: "INVALID", ratio: null };
  const [, a, lowA, highA] = left, [, b, lowB, highB] = right;
  const ratio = typeof a === "number" && typeof b === "number" && a > 0 && b > 0 ? b / a : null;
  if (a === b) return { state: "same", ratio };
  if (typeof a !== "number" || typeof b !== "number") return { state: "differs", ratio };
  if (lowA === undefined || lowB === undefined) return { state: "", ratio };
  return { state: lowA <= highB && lowB <= highA ? "no difference shown" : "differs", ratio };
}

/** @param {number | null} ratio @returns {string} with three significant digits */
export function ratioText(ratio) {
  if (ratio === null) return "";
  return `${ratio >= 100 || ratio < 0.01 ? formatNumber(Number(ratio.toPrecision(3))) : ratio.toPrecision(3)}×`;
}

/** A bar from the middle: to the right where the right machine's value is larger, by its logarithm, to a factor of ten. */
function ratioBar(ratio) {
  if (ratio === null) return "";
  const at = 50 + 50 * Math.max(-1, Math.min(1, Math.log10(ratio)));
  const [x, width] = [Math.min(50, at), Math.abs(at - 50)];
  return '<svg class="ratio" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">' +
    `<rect x="${x.toFixed(1)}" width="${width.toFixed(1)}" height="8"/><path d="M50 0v8"/></svg>`;
}

/**
 * One row as HTML.
 * @param {MachineRow} row @param {number} left @param {number} right places of the two machines
 */
export function machineRow(row, left, right) {
  const { state, ratio } = pairOf(row.cells[left], row.cells[right]);
  const claims = row.claims.map(([id, claimed]) =>
    `<br><span class="why">claimed: <a href="../../claims.html#claim-${escapeText(id)}">${
      escapeText(claimed)
    }</a></span>`
  );
  const cell = (place) => `<td class="right">${escapeText(row.cells[place]?.[0] ?? "")}</td>`;
  return `<tr><th scope="row">${recordLink(row, row.id)}${claims.join("")}</th>${cell(left)}${cell(right)}` +
    `<td class="right">${ratioText(ratio)}</td><td>${ratioBar(ratio)}</td><td>${escapeText(state)}</td></tr>`;
}

/**
 * A record by its id or a part of it: a link where the report that is here has it.
 * @param {MachineRow} row @param {string} name
 */
export function recordLink({ id, own }, name) {
  const code = `<code>${escapeText(name).replaceAll(".", ".<wbr>")}</code>`;
  return own ? `<a href="index.html#record-${escapeText(id)}">${code}</a>` : code;
}

/**
 * The rows that are asked for, in the report's order, or those of the largest ratios first.
 * @param {readonly MachineRow[]} rows @param {number} left @param {number} right
 * @param {{ words: string, show: string, order: string }} asked
 */
export function chosenRows(rows, left, right, { words, show, order }) {
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const found = rows.filter((row) => {
    const ids = [row.id, ...row.claims.map(([id]) => id)].join(" ").toLowerCase();
    if (!wanted.every((word) => ids.includes(word) || row.unit.toLowerCase() === word)) return false;
    if (show === "all") return true;
    if (show === "claims") return row.claims.length > 0;
    const { state } = pairOf(row.cells[left], row.cells[right]);
    if (show === "different") return PAIR_STATES.indexOf(state) < 3;
    if (show === "measured") return row.kind !== "computed" && row.kind !== "claimed" && state !== "not measured";
    return state === show;
  });
  if (order !== "ratio") return found;
  const far = (row) => {
    const { ratio } = pairOf(row.cells[left], row.cells[right]);
    return ratio === null ? -1 : Math.abs(Math.log(ratio));
  };
  return found.map((row) => ({ row, far: far(row) })).sort((a, b) => b.far - a.far).map(({ row }) => row);
}

/**
 * By unit: how many measured values both have, the geometric mean of their ratios, and the smallest and largest.
 * @param {readonly MachineRow[]} rows @param {number} left @param {number} right
 * @returns {{ unit: string, count: number, mean: number, low: number, high: number }[]} the most frequent unit first
 */
export function unitSummary(rows, left, right) {
  const byUnit = new Map();
  for (const row of rows) {
    if (row.kind !== "measured") continue;
    const { ratio } = pairOf(row.cells[left], row.cells[right]);
    if (ratio !== null) byUnit.set(row.unit, [...byUnit.get(row.unit) ?? [], Math.log(ratio)]);
  }
  return [...byUnit].map(([unit, logs]) => ({
    unit,
    count: logs.length,
    mean: Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length),
    low: Math.exp(Math.min(...logs)),
    high: Math.exp(Math.max(...logs)),
  })).sort((a, b) => b.count - a.count);
}

/** The rows of the table by unit as HTML. @param {ReturnType<typeof unitSummary>} summary */
export function unitRows(summary) {
  return summary.map(({ unit, count, mean, low, high }) =>
    `<tr><th scope="row">${
      escapeText(unit === "1" ? "1 (ratios and scores)" : unit === "" ? "none" : unit)
    }</th><td class="right">${count}</td>` +
    `<td class="right">${ratioText(mean)}</td><td class="right">${ratioText(low)} to ${ratioText(high)}</td></tr>`
  ).join("") || '<tr><td colspan="4">No measured number is in both.</td></tr>';
}
