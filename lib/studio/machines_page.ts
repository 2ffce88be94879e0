// The same report from several machines: what the machines are, whether the same code ran, and any two of them side by side.

import type { MachineFacts, ResultRecord, ResultsFile } from "../record/mod.ts";
import { identityChanges } from "../notebook/mod.ts";
import { formatRecord } from "../report/mod.ts";
import { escapeText } from "./client/format.mjs";
import {
  chosenRows,
  MACHINE_ROWS,
  type MachineCell,
  type MachineRow,
  machineRow,
  unitRows,
  unitSummary,
} from "./client/machine_rows.mjs";
import { plainTable, renderPage } from "./shell.ts";
import { changesHtml } from "./state_html.ts";

/** A report's results on one machine. */
export interface ComparedResults {
  machine: MachineFacts;
  results: ResultsFile;
  /** Where the file is, from the project's root. */
  file: string;
}

/** What the page shows; the report that is here comes first. */
export interface MachinesContent {
  title: string;
  compared: readonly ComparedResults[];
  /** Whether the first is of the report that is here. */
  hasOwn: boolean;
}

/** The page `reports/NAME/machines.html`. */
export function machinesPage({ title, compared, hasOwn }: MachinesContent): string {
  const labels = machineLabels(compared.map(({ machine }) => machine));
  const rows = machineRows(compared.map(({ results }) => results), { hasOwn });
  const right = Math.min(1, compared.length - 1);
  const first = chosenRows(rows, 0, right, { words: "", show: "measured", order: "report" }).slice(0, MACHINE_ROWS);
  const heads = ["Record", labels[0], labels[right], "Ratio", "", "Difference"];
  const main = [
    `<h1>${escapeText(title)}: machines side by side</h1>`,
    "<p>The same report, made on several machines. The ratio is the second value over the first; a difference is shown where " +
    "the two intervals do not overlap, and nothing is said where a value has none.</p>",
    filterForm(labels, right),
    '<h2 id="units">By unit</h2>',
    `<div id="machine-units" class="box" tabindex="0" role="region" aria-label="By unit"><table><thead><tr>` +
    '<th scope="col">Unit</th><th scope="col" class="right">Measured by both</th>' +
    '<th scope="col" class="right">Geometric mean of the ratios</th><th scope="col" class="right">Range</th></tr></thead>' +
    `<tbody>${unitRows(unitSummary(rows, 0, right))}</tbody></table></div>`,
    '<h2 id="records">Records</h2>',
    '<div id="machine-records" class="box" tabindex="0" role="region" aria-label="Records"><table><thead><tr>' +
    heads.map((text, i) => `<th scope="col"${i > 0 && i < 4 ? ' class="right"' : ""}>${barHead(text)}</th>`).join("") +
    `</tr></thead><tbody>${first.map((row) => machineRow(row, 0, right)).join("\n")}</tbody></table></div>`,
    '<p class="pager scripted"><button type="button">Previous</button> <button type="button">Next</button> ' +
    '<output role="status"></output></p>',
    '<h2 id="machines">Machines</h2>',
    machineTable(compared, labels),
  ].join("\n");
  return renderPage({
    title: `${title}: machines · Latent Lab`,
    root: "../../",
    above: [{ href: "index.html", label: title }],
    main,
    live: false,
    data: { machines: labels, rows },
  });
}

/** The column of bars has a head for readers by ear only. */
function barHead(text: string): string {
  return text === "" ? '<span class="heard">Ratio as a bar</span>' : escapeText(text);
}

/** The names of machines; those of the same name are told apart by system, or else by id. */
export function machineLabels(machines: readonly MachineFacts[]): string[] {
  return machines.map((machine) => {
    const twins = machines.filter(({ name }) => name === machine.name);
    if (twins.length === 1) return machine.name;
    const sameSystem = twins.filter(({ os, osBuild }) => os === machine.os && osBuild === machine.osBuild).length > 1;
    return `${machine.name} (${sameSystem ? machine.id : `${machine.os} ${machine.osBuild}`.trim()})`;
  });
}

/** Every record that one of the machines has, in the order of the first that has it. */
export function machineRows(compared: readonly ResultsFile[], { hasOwn }: { hasOwn: boolean }): MachineRow[] {
  const byId = compared.map(({ records }) => new Map(records.map((record) => [record.id, record])));
  const ids = new Set(byId.flatMap((records) => [...records.keys()]));
  return [...ids].map((id) => {
    const records = byId.map((of) => of.get(id) ?? null);
    const known = records.find((record) => record !== null)!;
    return { id, unit: known.unit, kind: known.kind, own: hasOwn && byId[0].has(id), cells: records.map(cellOf) };
  });
}

function cellOf(record: ResultRecord | null): MachineCell | null {
  if (record === null) return null;
  const { value, interval } = record;
  return interval === null ? [formatRecord(record), value] : [formatRecord(record), value, interval.low, interval.high];
}

function filterForm(labels: readonly string[], right: number): string {
  const options = (chosen: number) =>
    labels.map((label, i) => `<option value="${i}"${i === chosen ? " selected" : ""}>${escapeText(label)}</option>`)
      .join("");
  const shows = [
    ["measured", "measured and derived"],
    ["different", "different"],
    ["no difference shown", "no difference shown"],
    ["all", "all"],
  ].map(([value, text]) => `<option value="${value}">${text}</option>`).join("");
  return '<form id="machine-filters" class="scripted filters" role="search" aria-label="Records">' +
    `<label>First <select name="left">${options(0)}</select></label>` +
    `<label>Second <select name="right">${options(right)}</select></label>` +
    '<label>Words <input type="search" name="words" autocomplete="off" spellcheck="false" placeholder="latency ms"></label>' +
    `<label>Show <select name="show">${shows}</select></label>` +
    '<label>Order <select name="order"><option value="report">as in the report</option>' +
    '<option value="ratio">largest ratio first</option></select></label><output role="status"></output></form>';
}

function machineTable(compared: readonly ComparedResults[], labels: readonly string[]): string {
  const rows = compared.map(({ machine, results, file }, i) => [
    `${escapeText(labels[i])}<br><span class="why">${escapeText(file)}</span>`,
    [
      escapeText([machine.os, machine.power === "unknown" ? "" : `${machine.power} power`].filter(Boolean).join(", ")),
      `<span class="why">${
        escapeText(Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`).join(", "))
      }</span>`,
    ].join("<br>"),
    escapeText(results.scale),
    String(results.records.length),
    i === 0 ? "the first" : codeText(results, compared[0].results),
  ]);
  const heads = ["Machine", "System", "Scale", "Records", "Code and data"];
  return `<div id="machine-facts">${plainTable(heads, rows, { label: "Machines", right: [3] })}</div>`;
}

/** Whether the same code, data and parameters made two results. */
function codeText({ identity }: ResultsFile, first: ResultsFile): string {
  if (identity === null) return "made interactively: nobody can tell";
  if (first.identity === null) return "the first was made interactively: nobody can tell";
  const changes = identityChanges(first.identity, identity);
  return changes.length === 0 ? "as the first" : `other than the first: ${changesHtml(changes)}`;
}
