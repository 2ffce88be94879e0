// The same pages as files, without live data: they can be opened from disk and served by any host of files.

import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../process/mod.ts";
import { bestTrials } from "./compare_page.ts";
import {
  assets,
  claimsHtml,
  comparisonHtml,
  firstPage,
  machinesHtml,
  notebookHtml,
  reportHtml,
  searchJs,
  type Sources,
  studyHtml,
  trialHtml,
} from "./content.ts";
import type { StudyReader, TrialView } from "../sweep/mod.ts";
import { type ReportEntry, ReportLibrary } from "./library.ts";
import type { Problem } from "./machine_results.ts";
import { problemPage } from "./problem_page.ts";
import type { IdentityOf } from "./report_states.ts";
import { machineFigureAddress, machineFigureFile, machineFigureNames, reportFigures, reportFile } from "./reports.ts";
import { type OpenReader, storeReader, StudyShelf } from "./shelf.ts";

/** Where the site comes from and goes to. */
export interface SiteOptions {
  outputDir: string;
  checkpointsFolder: string;
  reportsFolder: string;
  /** Where the reports' notebooks are; without it no report has one. */
  notebooksFolder?: string;
  /** Default: the notebooks' own, by lib/notebook. */
  identityOf?: IdentityOf;
  /** Default: the store's own. */
  openReader?: OpenReader;
  /** The most trials of a study that get a page of their own: the best ones. */
  trialPages?: number;
  onProgress?: (text: string) => void;
}

/** What was written. */
export interface WrittenSite {
  index: string;
  files: number;
  /** Studies, reports and other machines' results that could not be read, with the reason. */
  problems: Problem[];
}

/** The file by which a folder is known to be a site. */
const MARK = ".latent-lab-site";
/** More studies than this are not compared with each other: the pairs would be most of the site. */
const MOST_COMPARED = 12;

/**
 * Writes index, studies, comparisons and reports into a folder, in place of an earlier site.
 *
 * @throws {Error} when the folder holds something else, which would be lost
 *
 * @example
 * ```ts
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { writeSite } from "lib/studio/mod.ts";
 * const outputDir = mkdtempSync(`${tmpdir()}/site-`);
 * const { index } = await writeSite({ outputDir, checkpointsFolder: "checkpoints", reportsFolder: "reports" });
 * console.log(index.endsWith("index.html")); // true
 * rmSync(outputDir, { recursive: true });
 * ```
 */
export async function writeSite(options: SiteOptions): Promise<WrittenSite> {
  const { outputDir, checkpointsFolder, reportsFolder, notebooksFolder, identityOf, onProgress } = options;
  const shelf = new StudyShelf(checkpointsFolder, options.openReader ?? storeReader(checkpointsFolder));
  const library = new ReportLibrary({ reportsFolder, notebooksFolder, identityOf });
  const sources = { shelf, library };
  const problems: WrittenSite["problems"] = [];
  let files = 0;
  const write = async (path: string, text: string) => {
    await writeFileAtomic(join(outputDir, ...path.split("/")), text);
    files++;
  };
  try {
    await clearSite(outputDir);
    onProgress?.("states of the reports");
    await library.settled();
    for (const [name, text] of Object.entries(assets())) await write(`assets/${name}`, text);
    await write("assets/search.js", searchJs(sources));
    await write("claims.html", claimsHtml(sources));
    problems.push(...await writeStudies(sources, options, write));
    const { reports, problems: unread } = library.view();
    problems.push(...unread);
    for (const entry of reports) {
      onProgress?.(`report ${entry.name}`);
      problems.push(...await writeReportPages(sources, entry, write));
      files += await copyReportFiles(reportsFolder, entry, outputDir);
    }
    await write("index.html", await firstPage(sources, { live: false })); // last: whoever sees it finds what it links to
  } finally {
    shelf.close();
    await library.close();
  }
  return { index: join(outputDir, "index.html"), files, problems };
}

type Write = (path: string, text: string) => Promise<void>;

/** Writes the pages of all studies; returns those that could not be read. */
async function writeStudies(
  sources: Sources,
  { trialPages = 500, onProgress }: SiteOptions,
  write: Write,
): Promise<Problem[]> {
  const { shelf } = sources;
  const problems: Problem[] = [];
  const readers = new Map<string, StudyReader>();
  for (const name of shelf.names()) {
    const found = await shelf.study(name);
    if (found && "reader" in found) readers.set(name, found.reader);
    else problems.push({ name, problem: found?.problem ?? "It was removed." });
  }
  const compared = readers.size <= MOST_COMPARED ? [...readers] : [];
  for (const [name, reader] of readers) {
    onProgress?.(`study ${name}`);
    const others = compared.filter(([other]) => other !== name);
    await writeStudy(sources, reader, { name, trialPages, others: others.map(([other]) => other), write });
    for (const [other, second] of others) {
      await write(`compare/${name}/${other}.html`, comparisonHtml(reader, second));
    }
  }
  return problems;
}

/** Writes a report's pages; one that cannot be rendered says so in its place, so that links to it lead somewhere. */
async function writeReportPages(sources: Sources, entry: ReportEntry, write: Write): Promise<Problem[]> {
  const problems: Problem[] = [];
  const pages: [file: string, html: () => string | null][] = [
    ["index", () => reportHtml(sources, entry).html],
    ["notebook", () => notebookHtml(sources, entry)],
    ["machines", () => machinesHtml(sources, entry)],
  ];
  for (const [file, render] of pages) {
    let html: string | null;
    try {
      html = render();
    } catch (error) {
      const { message } = error as Error;
      if (message !== entry.problem) problems.push({ name: `${file} of report ${entry.name}`, problem: message });
      html = problemPage("../../", message);
    }
    if (html !== null) await write(`reports/${entry.name}/${file}.html`, html);
  }
  return problems;
}

/** Removes an earlier site, by its mark; a folder with anything else is left as it is. */
async function clearSite(folder: string): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  if (names.length > 0 && !names.includes(MARK)) {
    throw new Error(`Cannot write the site to ${folder}: expected an empty folder or an earlier site, got other files`);
  }
  for (const name of ["index.html", "claims.html", "studies", "compare", "reports", "assets"]) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
  await writeFileAtomic(join(folder, MARK), "Pages written by `deno task site`, which removes and writes them anew.\n");
}

async function writeStudy(
  sources: Sources,
  reader: StudyReader,
  { name, trialPages, others, write }: {
    name: string;
    trialPages: number;
    others: readonly string[];
    write: Write;
  },
): Promise<void> {
  const trials = reader.trials();
  const best = bestTrials({ summary: reader.summary(), trials }, trialPages);
  const known = new Set(best);
  const rest = trials.filter((trial) => !known.has(trial) && trial.state !== "waiting");
  const chosen = new Set([...best, ...rest.slice(0, Math.max(0, trialPages - best.length))].map(({ key }) => key));
  const hasPage = ({ key }: TrialView) => chosen.has(key);
  for (const key of chosen) await write(`studies/${name}/trials/${key}.html`, trialHtml(reader, key, { live: false })!);
  await write(`studies/${name}/index.html`, studyHtml(sources, reader, { live: false, hasPage, others }));
}

/** The files of a report that its pages load: its own, and the figures of other machines. */
async function copyReportFiles(folder: string, { name, others }: ReportEntry, outputDir: string): Promise<number> {
  const own = ["results.json", ...reportFigures(folder, name).map((file) => `figures/${file}`)];
  const figures = others.flatMap((other) =>
    machineFigureNames(folder, other).map((file) => machineFigureAddress(other, file))
  );
  let copied = 0;
  for (const file of [...own, ...figures]) {
    const found = reportFile(folder, name, file) ?? machineFigureFile(folder, others, file);
    if (found === null) continue;
    const target = join(outputDir, "reports", name, ...file.split("/"));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(found.path, target);
    copied++;
  }
  return copied;
}
