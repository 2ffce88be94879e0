// The page of a report, rendered by lib/report from its document, with live figures and links to the pages around it; of one that came
// without a document, its files as they are.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadClaims } from "../claims/mod.ts";
import { claimAnchor, renderHtml } from "../report/mod.ts";
import { escapeText } from "./client/format.mjs";
import type { ReportEntry } from "./library.ts";
import { renderPlainReport } from "./plain_report_page.ts";
import { reportFigures, reportFile } from "./reports.ts";
import { stateHtml } from "./state_html.ts";

/** More other machines than this are counted. */
const MOST_NAMED = 3;

/** A report's page. `interactive`: its figures are drawn by a script that is inside. */
export interface ReportPage {
  html: string;
  interactive: boolean;
}

/** The page `reports/NAME/index.html`. @throws {Error} when something of the report cannot be read */
export function reportPage(
  folder: string,
  entry: ReportEntry,
  { plotlyScript, reportOfMachineFile }: {
    plotlyScript: () => string;
    /** The report that a file of the reports such as `machines/m4/results.json` holds results of; null for none. */
    reportOfMachineFile: (file: string) => string | null;
  },
): ReportPage {
  const { name, document, problem } = entry;
  if (problem !== null) throw new Error(problem);
  if (document === null) return { html: plainPage(folder, entry), interactive: false };
  const svgs = Object.fromEntries(
    reportFigures(folder, name).map((file) => [
      file.replace(/\.svg$/, ""),
      readFileSync(join(folder, name, "figures", file), "utf8"),
    ]),
  );
  const html = renderHtml(document, {
    plotlyScript: Object.keys(svgs).length > 0 ? plotlyScript() : "",
    svgs,
    home: { href: "../../index.html", label: "Latent Lab" },
    facts: factsOf(entry),
    ...(entry.notebook !== null && { cellHref: (cell: number) => `notebook.html#cell-${cell}` }),
    claimHref: (id) => loadClaims().has(id) ? `../../claims.html#${claimAnchor(id)}` : null,
    linkHref: (href) => {
      const report = reportOfMachineFile(href.replace(/^\.\.\//, ""));
      if (report !== null) return `../${report}/machines.html`;
      return href.replace(/^\.\.\/([a-z0-9-]+)\/report\.md(?=#|$)/, "../$1/index.html");
    },
  });
  return { html, interactive: true };
}

/** What the head of the page says beside the report's own facts. */
function factsOf({ name, state, others, notebook }: ReportEntry): [string, string][] {
  const names = others.map(({ machine }) => escapeText(machine.name));
  const machines = names.length > MOST_NAMED ? `with ${names.length} other machines` : `with ${names.join("; ")}`;
  return [
    ["State", stateHtml(state)],
    ...(notebook === null
      ? []
      : [["Notebook", `<a href="notebook.html">notebooks/${escapeText(name)}.ipynb</a>`]] as [string, string][]),
    ...(others.length === 0 ? [] : [["Other machines", `<a href="machines.html">side by side</a> ${machines}`]] as [
      string,
      string,
    ][]),
  ];
}

function plainPage(folder: string, { name, title }: ReportEntry): string {
  return renderPlainReport({
    name,
    title,
    markdown: readFileSync(join(folder, name, "report.md"), "utf8"),
    figures: reportFigures(folder, name),
    records: reportFile(folder, name, "results.json") !== null,
  });
}
