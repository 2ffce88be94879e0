// The same pages as files, without live data: they can be opened from disk and served by any host of files.

import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../process/mod.ts";
import { bestTrials } from "./compare_page.ts";
import { assets, comparisonHtml, firstPage, reportHtml, type Sources, studyHtml, trialHtml } from "./content.ts";
import type { StudyReader, TrialView } from "../sweep/mod.ts";
import { listReports, reportFigures, reportFile } from "./reports.ts";
import { type OpenReader, storeReader, StudyShelf } from "./shelf.ts";

/** Where the site comes from and goes to. */
export interface SiteOptions {
  outputDir: string;
  checkpointsFolder: string;
  reportsFolder: string;
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
  /** Studies and reports that could not be read, with the reason. */
  problems: { name: string; problem: string }[];
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
  const { outputDir, checkpointsFolder, reportsFolder, trialPages = 500, onProgress } = options;
  const shelf = new StudyShelf(checkpointsFolder, options.openReader ?? storeReader(checkpointsFolder));
  const sources = { shelf, reportsFolder };
  const problems: WrittenSite["problems"] = [];
  let files = 0;
  const write = async (path: string, text: string) => {
    await writeFileAtomic(join(outputDir, ...path.split("/")), text);
    files++;
  };
  try {
    await clearSite(outputDir);
    for (const [name, text] of Object.entries(assets())) await write(`assets/${name}`, text);
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
    for (const { name } of listReports(reportsFolder)) {
      onProgress?.(`report ${name}`);
      try {
        await write(`reports/${name}/index.html`, reportHtml(sources, name)!.html);
        files += await copyReportFiles(reportsFolder, name, outputDir);
      } catch (error) {
        problems.push({ name: `report ${name}`, problem: (error as Error).message });
      }
    }
    await write("index.html", await firstPage(sources, { live: false })); // last: whoever sees it finds what it links to
  } finally {
    shelf.close();
  }
  return { index: join(outputDir, "index.html"), files, problems };
}

/** Removes an earlier site, by its mark; a folder with anything else is left as it is. */
async function clearSite(folder: string): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  if (names.length > 0 && !names.includes(MARK)) {
    throw new Error(`Cannot write the site to ${folder}: expected an empty folder or an earlier site, got other files`);
  }
  for (const name of ["index.html", "studies", "compare", "reports", "assets"]) {
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
    write: (path: string, text: string) => Promise<void>;
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

async function copyReportFiles(reportsFolder: string, name: string, outputDir: string): Promise<number> {
  const files = ["results.json", ...reportFigures(reportsFolder, name).map((file) => `figures/${file}`)];
  let copied = 0;
  for (const file of files) {
    const found = reportFile(reportsFolder, name, file);
    if (found === null) continue;
    const target = join(outputDir, "reports", name, ...file.split("/"));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(found.path, target);
    copied++;
  }
  return copied;
}
