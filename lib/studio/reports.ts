// The files of reports: which reports there are, and which of their files pages may load.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isInside } from "./inside.ts";
import { MACHINES_FOLDER } from "./machine_results.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,99}$/;
const FIGURE = /^[a-z0-9][a-z0-9-]{0,99}\.svg$/;

/** Whether there is a report of this name. */
export function isReport(folder: string, name: string): boolean {
  return NAME.test(name) && name !== MACHINES_FOLDER && isInside(folder, join(folder, name, "report.md"));
}

/** The names of the reports in a folder, sorted. */
export function reportNames(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => isReport(folder, name)).sort() : [];
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
