// Pages by address: what the server answers and what files are written are the same pages.

import { readFileSync } from "node:fs";
import { plotlyScriptPath } from "../report/mod.ts";
import { clientScript } from "./client_script.ts";
import { type ComparedStudy, comparePage } from "./compare_page.ts";
import { indexPage } from "./index_page.ts";
import type { StudyReader, TrialView } from "../sweep/mod.ts";
import { listReports, reportPage } from "./reports.ts";
import type { StudyShelf } from "./shelf.ts";
import { studioStyle } from "./style.ts";
import { studyPage } from "./study_page.ts";
import { trialPage } from "./trial_page.ts";

/** Where pages come from. */
export interface Sources {
  shelf: StudyShelf;
  reportsFolder: string;
}

let plotly: string | null = null;
const plotlyScript = () => plotly ??= readFileSync(plotlyScriptPath(), "utf8");

/** Stylesheet and script of all pages. */
export function assets(): Record<"studio.css" | "studio.js", string> {
  return { "studio.css": studioStyle(), "studio.js": clientScript() };
}

/** The first page. */
export async function firstPage({ shelf, reportsFolder }: Sources, { live }: { live: boolean }): Promise<string> {
  const studies = await Promise.all(shelf.names().map((name) => shelf.entry(name)));
  return indexPage({ studies, reports: listReports(reportsFolder), live });
}

/** The page of a report; null when there is none. */
export function reportHtml({ reportsFolder }: Sources, name: string): { html: string; interactive: boolean } | null {
  return reportPage(reportsFolder, name, { plotlyScript });
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
