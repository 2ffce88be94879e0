// Pages by address: what the server answers and what files are written are the same pages.

import { readFileSync } from "node:fs";
import { readNotebook } from "../notebook/mod.ts";
import { plotlyScriptPath } from "../report/mod.ts";
import { claimAnswers } from "./claim_answers.ts";
import { claimsPage } from "./claims_page.ts";
import { clientScript } from "./client_script.ts";
import { type ComparedStudy, comparePage } from "./compare_page.ts";
import { indexPage } from "./index_page.ts";
import type { StudyReader, TrialView } from "../sweep/mod.ts";
import type { ReportEntry, ReportLibrary } from "./library.ts";
import { makerOf } from "./machine_results.ts";
import { machinesPage } from "./machines_page.ts";
import { notebookPage } from "./notebook_page.ts";
import { type ReportPage, reportPage } from "./report_page.ts";
import { machineFigureAddress, machineFigureNames, reportFigures } from "./reports.ts";
import { searchScript } from "./site_search.ts";
import type { StudyShelf } from "./shelf.ts";
import { studioStyle } from "./style.ts";
import { studyPage } from "./study_page.ts";
import { trialPage } from "./trial_page.ts";

/** Where pages come from. */
export interface Sources {
  shelf: StudyShelf;
  library: ReportLibrary;
}

let plotly: string | null = null;
const plotlyScript = () => plotly ??= readFileSync(plotlyScriptPath(), "utf8");

/** Stylesheet and script of all pages. */
export function assets(): Record<"studio.css" | "studio.js", string> {
  return { "studio.css": studioStyle(), "studio.js": clientScript() };
}

/** The first page. */
export async function firstPage({ shelf, library }: Sources, { live }: { live: boolean }): Promise<string> {
  const studies = await Promise.all(shelf.names().map((name) => shelf.entry(name)));
  const { reports, problems } = library.view();
  const claims = claimAnswers(reports);
  const answered = claims.filter(({ answers }) => answers.length > 0).length;
  return indexPage({ studies, reports, problems, claims: { count: claims.length, answered }, live });
}

/** The page of all claims. */
export function claimsHtml({ library }: Sources): string {
  const { reports } = library.view();
  return claimsPage(claimAnswers(reports));
}

/** The script that the search of the pages loads. */
export function searchJs({ library, shelf }: Sources): string {
  return searchScript(library.view().reports, shelf.names());
}

/** The page of a report. @throws {Error} when something of it cannot be read */
export function reportHtml({ library }: Sources, entry: ReportEntry): ReportPage {
  const reports = new Map(
    library.view().reports.flatMap(({ name, others }) => others.map(({ file }) => [file, name] as const)),
  );
  const reportOfMachineFile = (file: string) => reports.get(file) ?? null;
  return reportPage(library.folder, entry, { plotlyScript, reportOfMachineFile });
}

/** The page of a report's notebook; null when that is not here. @throws {TypeError} when it cannot be read */
export function notebookHtml({ library }: Sources, entry: ReportEntry): string | null {
  const { name, title, notebook, document, results } = entry;
  if (notebook === null) return null;
  const same = results === null ? null : library.states.isSameNotebook(name, results);
  return notebookPage({ name, title, notebook: readNotebook(notebook), document, same });
}

/** The page of a report's machines; null when only one made it. */
export function machinesHtml({ library: { folder } }: Sources, entry: ReportEntry): string | null {
  const { name, title, results, others, document } = entry;
  if (others.length === 0) return null;
  const named = (files: readonly string[], address: (file: string) => string) =>
    new Map(files.map((file) => [file.replace(/\.svg$/, ""), address(file)]));
  const maker = results && makerOf(results);
  const own = results && maker
    ? [{
      machine: maker,
      results,
      file: `reports/${name}/results.json`,
      images: named(reportFigures(folder, name), (file) => `figures/${file}`),
    }]
    : [];
  const compared = others.map((other) => ({
    ...other,
    file: `reports/${other.file}`,
    images: named(machineFigureNames(folder, other), (file) => machineFigureAddress(other, file)),
  }));
  return machinesPage({ title, compared: [...own, ...compared], hasOwn: own.length > 0, document });
}

/** The page of a study. */
export function studyHtml(
  { shelf }: Sources,
  reader: StudyReader,
  { live, hasPage = () => true, others = shelf.names() }: {
    live: boolean;
    hasPage?: (trial: TrialView) => boolean;
    others?: readonly string[];
  },
): string {
  return studyPage({
    summary: reader.summary(),
    trials: reader.trials(),
    curves: reader.curves(),
    others,
    live,
    hasPage,
  });
}

/** The page of a trial; null when the study has none with this key. */
export function trialHtml(reader: StudyReader, key: string, { live }: { live: boolean }): string | null {
  const detail = reader.trial(key);
  return detail && trialPage({ summary: reader.summary(), detail, machines: reader.machines(), live });
}

/** The page that compares two studies. */
export function comparisonHtml(a: StudyReader, b: StudyReader): string {
  const compared = (reader: StudyReader): ComparedStudy => (
    { summary: reader.summary(), trials: reader.trials(), curves: reader.curves() }
  );
  return comparePage(compared(a), compared(b));
}
