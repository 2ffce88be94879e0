// The reports: which there are, and their pages, rendered by lib/report from their documents, with live figures; of one that came without,
// its files as they are.

import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { readDocument, renderHtml } from "../report/mod.ts";
import { renderPlainReport } from "./plain_report_page.ts";

/** A report in the list. */
export interface ReportEntry {
  name: string;
  title: string;
  scale: string;
  machine: string;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,99}$/;
const FIGURE = /^[a-z0-9][a-z0-9-]{0,99}\.svg$/;

/** Whether a file exists and, whatever links lead to it, lies in the folder. */
function isInside(folder: string, path: string): boolean {
  return existsSync(path) && realpathSync(path).startsWith(realpathSync(folder) + sep);
}

/** The reports in a folder, by name. */
export function listReports(folder: string): ReportEntry[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) =>
    NAME.test(name) && isInside(folder, join(folder, name, "report.md"))
  );
  return names.sort().map((name) => ({ name, ...factsOf(join(folder, name)) }));
}

function factsOf(folder: string): Omit<ReportEntry, "name"> {
  const name = folder.split("/").at(-1)!;
  try {
    const { title, scale, machines } = JSON.parse(readFileSync(join(folder, "results.json"), "utf8"));
    return { title: String(title ?? name), scale: String(scale ?? ""), machine: String(machines?.[0]?.name ?? "") };
  } catch {
    return { title: name, scale: "", machine: "" }; // results.json is being written, or was lost: the report can still be read
  }
}

/** Files of a report that pages load, by their address below the report's; null for anything else. */
export function reportFile(folder: string, name: string, file: string): { path: string; type: string } | null {
  if (!NAME.test(name)) return null;
  const figure = /^figures\/([^/]+)$/.exec(file)?.[1];
  const known = file === "results.json"
    ? { path: join(folder, name, file), type: "application/json; charset=utf-8" }
    : figure !== undefined && FIGURE.test(figure)
    ? { path: join(folder, name, "figures", figure), type: "image/svg+xml" }
    : null;
  return known !== null && isInside(folder, known.path) ? known : null;
}

/** Names of a report's figures. */
export function reportFigures(folder: string, name: string): string[] {
  const figures = join(folder, name, "figures");
  return existsSync(figures)
    ? readdirSync(figures).filter((file) => FIGURE.test(file) && isInside(folder, join(figures, file))).sort()
    : [];
}

/** A report's page, or null when there is no such report. `interactive`: its figures are drawn by a script that is inside. */
export function reportPage(
  folder: string,
  name: string,
  { plotlyScript }: { plotlyScript: () => string },
): { html: string; interactive: boolean } | null {
  if (!NAME.test(name) || !isInside(folder, join(folder, name, "report.md"))) return null;
  const own = join(folder, name);
  if (isInside(folder, join(own, "document.json"))) {
    const document = readDocument(own);
    const svgs = Object.fromEntries(
      reportFigures(folder, name).map((file) => [
        file.replace(/\.svg$/, ""),
        readFileSync(join(own, "figures", file), "utf8"),
      ]),
    );
    const script = Object.keys(svgs).length > 0 ? plotlyScript() : "";
    const home = { href: "../../index.html", label: "Latent Lab" };
    return { html: renderHtml(document, { plotlyScript: script, svgs, home }), interactive: true };
  }
  const { title } = factsOf(own);
  const markdown = readFileSync(join(own, "report.md"), "utf8");
  const records = reportFile(folder, name, "results.json") !== null;
  const html = renderPlainReport({ name, title, markdown, figures: reportFigures(folder, name), records });
  return { html, interactive: false };
}
