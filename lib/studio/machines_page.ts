// The same report from several machines: what the machines are, whether the same code ran, and any two of them side by side: figures and
// records, with the claims that these answer.

import { isInvalid } from "../claims/audit/mod.ts";
import { loadClaims } from "../claims/mod.ts";
import type { MachineFacts, ResultRecord, ResultsFile } from "../record/mod.ts";
import { identityChanges } from "../notebook/mod.ts";
import { formatRecord, type ReportDocument } from "../report/mod.ts";
import { figureText } from "./claims_page.ts";
import { escapeText } from "./client/format.mjs";
import { machineFigures } from "./client/machine_figures.mjs";
import {
  chosenRows,
  MACHINE_ROWS,
  type MachineCell,
  type MachineRow,
  machineRow,
  unitRows,
  unitSummary,
} from "./client/machine_rows.mjs";
import { figuresOfMachines } from "./machine_figures.ts";
import { plainTable, renderPage } from "./shell.ts";
import { changesHtml } from "./state_html.ts";

/** A report's results on one machine. */
export interface ComparedResults {
  machine: MachineFacts;
  results: ResultsFile;
  /** Where the file is, from the project's root. */
  file: string;
  /** The addresses of its images, by figure. */
  images: ReadonlyMap<string, string>;
}

/** What the page shows; the report that is here comes first. */
export interface MachinesContent {
  title: string;
  compared: readonly ComparedResults[];
  /** Whether the first is of the report that is here. */
  hasOwn: boolean;
  /** Of the report that is here; null when that cannot be read. */
  document: ReportDocument | null;
}

/** The page `reports/NAME/machines.html`. */
export function machinesPage({ title, compared, hasOwn, document }: MachinesContent): string {
  const labels = machineLabels(compared.map(({ machine }) => machine));
  const rows = machineRows(compared.map(({ results }) => results), { hasOwn });
  const figures = figuresOfMachines({ document, rows, images: compared.map(({ images }) => images) });
  const right = Math.min(1, compared.length - 1);
  const main = [
    `<h1>${escapeText(title)}: machines side by side</h1>`,
    "<p>The same report, made on several machines. The ratio is the second value over the first; a difference is shown where " +
    "the two intervals do not overlap, and nothing is said where a value has none, or where its measurement was INVALID.</p>",
    `<nav aria-label="On this page"><ul>${
      ["units", ...(figures.length === 0 ? [] : ["figures"]), "records", "machines"].map((id) =>
        `<li><a href="#${id}">${id === "units" ? "By unit" : id[0].toUpperCase() + id.slice(1)}</a></li>`
      ).join("")
    }</ul></nav>`,
    pairForm(labels, right),
    ...unitSection(rows, right),
    ...(figures.length === 0 ? [] : [
      '<h2 id="figures">Figures</h2>',
      "<p>The images are those that came with the results. The numbers below are those behind a figure that both machines have, " +
      `on one axis: ${nameOf("first", labels[0])} as dots, ${nameOf("second", labels[right])} as squares, with their ` +
      "intervals.</p>",
      `<div id="machine-figures">${machineFigures(figures, rows, labels, 0, right)}</div>`,
    ]),
    ...recordSection(rows, labels, right),
    '<h2 id="machines">Machines</h2>',
    machineTable(compared, labels),
  ].join("\n");
  return renderPage({
    title: `${title}: machines · Latent Lab`,
    root: "../../",
    above: [{ href: "index.html", label: title }],
    main,
    live: false,
    data: { machines: labels, rows, figures },
  });
}

/** The name of the first or second machine, which the page's script replaces when another is chosen. */
function nameOf(place: "first" | "second", label: string): string {
  return `<span class="machine" data-machine="${place}">${escapeText(label)}</span>`;
}

function unitSection(rows: readonly MachineRow[], right: number): string[] {
  return [
    '<h2 id="units">By unit</h2>',
    `<div id="machine-units" class="box" tabindex="0" role="region" aria-label="By unit"><table><thead><tr>` +
    '<th scope="col">Unit</th><th scope="col" class="right">Measured by both</th>' +
    '<th scope="col" class="right">Geometric mean of the ratios</th><th scope="col" class="right">Range</th></tr></thead>' +
    `<tbody>${unitRows(unitSummary(rows, 0, right))}</tbody></table></div>`,
  ];
}

function recordSection(rows: readonly MachineRow[], labels: readonly string[], right: number): string[] {
  const asked = { words: "", show: "measured", order: "report" };
  const first = chosenRows(rows, 0, right, asked).slice(0, MACHINE_ROWS);
  const heads = [
    '<th scope="col">Record</th>',
    `<th scope="col" class="right">${nameOf("first", labels[0])}</th>`,
    `<th scope="col" class="right">${nameOf("second", labels[right])}</th>`,
    '<th scope="col" class="right">Ratio</th>',
    '<th scope="col"><span class="heard">Ratio as a bar</span></th>',
    '<th scope="col">Difference</th>',
  ];
  return [
    '<h2 id="records">Records</h2>',
    recordForm(),
    '<div id="machine-records" class="box" tabindex="0" role="region" aria-label="Records"><table><thead><tr>' +
    `${heads.join("")}</tr></thead><tbody>${
      first.map((row) => machineRow(row, 0, right)).join("\n")
    }</tbody></table></div>`,
    '<p class="pager scripted"><button type="button">Previous</button> <button type="button">Next</button> ' +
    '<output role="status"></output></p>',
  ];
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
    const own = hasOwn && byId[0].has(id);
    return { id, unit: known.unit, kind: known.kind, own, claims: claimedBy(known), cells: records.map(cellOf) };
  });
}

/** The claims that a record answers, with what the documents say; ids that the ledger does not have are left out. */
function claimedBy({ claims }: ResultRecord): MachineRow["claims"] {
  return claims.flatMap((id) => {
    const claim = loadClaims().get(id);
    return claim === undefined ? [] : [[id, figureText(claim.value, claim.unit)]];
  });
}

function cellOf(record: ResultRecord | null): MachineCell | null {
  if (record === null) return null;
  const { value, interval } = record;
  const shown = formatRecord(record);
  if (isInvalid(record) && value !== null) {
    return [`${shown}, INVALID`, value, interval?.low ?? null, interval?.high ?? null, true];
  }
  return interval === null ? [shown, value] : [shown, value, interval.low, interval.high];
}

function pairForm(labels: readonly string[], right: number): string {
  const options = (chosen: number) =>
    labels.map((label, i) => `<option value="${i}"${i === chosen ? " selected" : ""}>${escapeText(label)}</option>`)
      .join("");
  return '<form id="machine-pair" class="scripted filters" aria-label="Machines">' +
    `<label>First <select name="left">${options(0)}</select></label>` +
    `<label>Second <select name="right">${options(right)}</select></label></form>`;
}

function recordForm(): string {
  const shows = [
    ["measured", "measured and derived"],
    ["claims", "answers to claims"],
    ["different", "different"],
    ["no difference shown", "no difference shown"],
    ["all", "all"],
  ].map(([value, text]) => `<option value="${value}">${text}</option>`).join("");
  return '<form id="machine-filters" class="scripted filters" role="search" aria-label="Records">' +
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
