// Documents to files and back. Everything is rendered first and then written, each file under a temporary name.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import type { FigureBlock, ReportDocument } from "./document.ts";
import { documentJson } from "./document_file.ts";
import { renderHtml } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";
import { resultsJson } from "./results.ts";
import { plotlyScriptPath } from "./static/plotly_window.ts";
import { renderSvg } from "./static/svg.ts";

/** Where and how a report is written. */
export interface WriteOptions {
  /** The folder; `reports/NAME/` of the project by default. */
  outputDir?: string;
  /** Replace a report of a larger scale. */
  force?: boolean;
}

/** What `writeReport` wrote: absolute paths. */
export interface WrittenReport {
  folder: string;
  report: string;
  results: string;
  figures: string[];
}

const SCALES = ["smoke", "quick", "full"];

/**
 * Writes report.md, figures/*.svg, results.json and document.json, and removes figures and an index.html of an earlier version.
 *
 * @throws {RangeError} when results.json would exceed 1 MB, a figure cannot be drawn, or a report of a larger scale stands in
 * the folder and `force` is not set
 *
 * @example
 * ```ts
 * import { closeRenderer, Report, writeReport } from "lib/report/mod.ts";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * const report = new Report("demo", { title: "Demo", scale: "smoke" });
 * report.text`Nothing yet.`;
 * const outputDir = mkdtempSync(`${tmpdir()}/example-`);
 * console.log((await writeReport(report.document, { outputDir })).report.endsWith("report.md")); // true
 * await closeRenderer();
 * rmSync(outputDir, { recursive: true });
 * ```
 */
export async function writeReport(
  document: ReportDocument,
  { outputDir, force = false }: WriteOptions = {},
): Promise<WrittenReport> {
  const folder = outputDir ?? projectPath("reports", document.name);
  if (!force) refuseSmaller(document, folder);
  const results = resultsJson(document);
  const markdown = renderMarkdown(document);
  const svgs = await renderFigures(document);
  const figures: string[] = [];
  for (const [id, svg] of svgs) {
    figures.push(join(folder, "figures", `${id}.svg`));
    await writeFileAtomic(figures.at(-1)!, svg);
  }
  await writeFileAtomic(join(folder, "results.json"), results);
  await writeFileAtomic(join(folder, "document.json"), documentJson(document, results));
  await writeFileAtomic(join(folder, "report.md"), markdown);
  await removeStale(folder, svgs);
  return { folder, report: join(folder, "report.md"), results: join(folder, "results.json"), figures };
}

/**
 * Writes the self-contained, interactive index.html beside the report and returns its path.
 *
 * @throws {RangeError} when a figure cannot be drawn
 */
export async function writeHtml(document: ReportDocument, { outputDir }: { outputDir?: string } = {}): Promise<string> {
  const path = join(outputDir ?? projectPath("reports", document.name), "index.html");
  const svgs = Object.fromEntries(await renderFigures(document));
  const hasFigures = Object.keys(svgs).length > 0;
  const plotlyScript = hasFigures ? await readFile(plotlyScriptPath(), "utf8") : "";
  await writeFileAtomic(path, renderHtml(document, { plotlyScript, svgs }));
  return path;
}

/** The figures of a document as SVG, by id, in the order of the document. */
async function renderFigures(document: ReportDocument): Promise<Map<string, string>> {
  const svgs = new Map<string, string>();
  for (const { id, figure, width, height } of document.blocks.filter(isFigure)) {
    svgs.set(id, await renderSvg(figure, { width, height }));
  }
  return svgs;
}

function isFigure(block: ReportDocument["blocks"][number]): block is FigureBlock {
  return block.kind === "figure";
}

function refuseSmaller(document: ReportDocument, folder: string): void {
  const path = join(folder, "results.json");
  if (!existsSync(path)) return;
  let scale: unknown;
  try {
    scale = JSON.parse(readFileSync(path, "utf8")).scale;
  } catch {
    return; // what cannot be read is no report to protect
  }
  if (SCALES.indexOf(String(scale)) > SCALES.indexOf(document.scale)) {
    throw new RangeError(
      `Cannot write report ${document.name}: a ${scale} report stands there and this one is ${document.scale}; ` +
        "call write({ force: true }) to replace it",
    );
  }
}

async function removeStale(folder: string, svgs: ReadonlyMap<string, string>): Promise<void> {
  await rm(join(folder, "index.html"), { force: true });
  const figures = join(folder, "figures");
  if (!existsSync(figures)) return;
  for (const name of readdirSync(figures)) {
    const [, id, extension] = /^([a-z0-9-]+)\.(svg|png)$/.exec(name) ?? [];
    if (id !== undefined && (extension === "png" || !svgs.has(id))) await rm(join(figures, name));
  }
}
