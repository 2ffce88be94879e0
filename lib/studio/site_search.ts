// What the search of the site knows: reports, their sections, figures, tables and records, claims, studies, cells of notebooks.

import { loadClaims } from "../claims/mod.ts";
import { cellSource, codeCells, readNotebook } from "../notebook/mod.ts";
import { claimAnchor, formatRecord, recordAnchor, reportOutline } from "../report/mod.ts";
import { SEARCH_KINDS } from "./client/search_rows.mjs";
import type { ReportEntry } from "./library.ts";

/** An entry as the page's script reads it: place of its kind, title, further text, address from the site's root. */
export type SearchEntry = [kind: number, title: string, text: string, href: string];

/** Longer captions are cut. */
const MOST_LETTERS = 160;

const kindOf = (kind: string) => SEARCH_KINDS.indexOf(kind);
const short = (text: string) => text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS - 1)}…` : text;

/** The script `assets/search.js`. */
export function searchScript(reports: readonly ReportEntry[], studies: readonly string[]): string {
  const entries: SearchEntry[] = [
    ...reports.map((report): SearchEntry => [kindOf("report"), report.title, report.name, page(report)]),
    ...studies.map((name): SearchEntry => [kindOf("study"), name, "", `studies/${name}/index.html`]),
    ...reports.flatMap(outlineEntries),
    ...[...loadClaims().values()].map(({ id, statement }): SearchEntry => [
      kindOf("claim"),
      id,
      short(statement),
      `claims.html#${claimAnchor(id)}`,
    ]),
    ...reports.flatMap(recordEntries),
    ...reports.flatMap(cellEntries),
  ];
  return `globalThis.latentLabSearch = ${JSON.stringify(entries)};\n`;
}

function page({ name }: ReportEntry, anchor = ""): string {
  return `reports/${name}/index.html${anchor === "" ? "" : `#${anchor}`}`;
}

function outlineEntries(report: ReportEntry): SearchEntry[] {
  if (report.document === null) return [];
  return reportOutline(report.document).map(({ kind, anchor, label, text }) => [
    kindOf(kind),
    short(text),
    label === "" ? report.title : `${label}, ${report.title}`,
    page(report, anchor),
  ]);
}

function recordEntries(report: ReportEntry): SearchEntry[] {
  // Without its document, the report's page has no rows to lead to.
  const records = report.document === null ? [] : report.document.records;
  return records.map((record) => [
    kindOf("record"),
    record.id,
    `${short(formatRecord(record))}, ${report.title}`,
    page(report, recordAnchor(record.id)),
  ]);
}

/** Cells by their first line that says something. */
function cellEntries({ name, title, notebook }: ReportEntry): SearchEntry[] {
  if (notebook === null) return [];
  try {
    return codeCells(readNotebook(notebook)).map(({ number, source }) => [
      kindOf("cell"),
      `Cell ${number}`,
      `${short(firstLine(source))}, ${title}`,
      `reports/${name}/notebook.html#cell-${number}`,
    ]);
  } catch {
    return []; // its page says what is wrong with it
  }
}

function firstLine(source: string): string {
  const lines = cellSource({ source }).split("\n").map((line) => line.trim());
  return lines.find((line) => line !== "" && !/^(import|\/\/|[})\]]|[\w]+,$)/.test(line)) ?? lines[0];
}
