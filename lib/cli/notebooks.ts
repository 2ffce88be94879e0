// Which notebooks a command line means.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { kernelOf, notebookName, readNotebook } from "../notebook/mod.ts";
import { projectPath } from "../process/mod.ts";
import { CommandError } from "./command.ts";

/** Absolute paths of the notebooks in `folder`, by default the project's, in the order of their names. */
export function listNotebooks(folder: string = projectPath("notebooks")): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".ipynb") && !name.startsWith("."));
  return names.sort().map((name) => join(folder, name));
}

/**
 * The notebooks that `names` mean: each the beginning of a name (`02`), or a path.
 *
 * @throws {CommandError} for a name that no notebook has, listing those that there are
 */
export function selectNotebooks(names: string[], folder?: string): string[] {
  const all = listNotebooks(folder);
  const selected = names.flatMap((name) => {
    if (name.endsWith(".ipynb") && existsSync(name) && statSync(name).isFile()) return [resolve(name)];
    const matches = all.filter((path) => notebookName(path).startsWith(name.replace(/\.ipynb$/, "")));
    if (name !== "" && matches.length > 0) return matches;
    const known = all.map((path) => notebookName(path)).join(", ") || "none yet";
    throw new CommandError(`There is no notebook "${name}"; the notebooks are: ${known}`);
  });
  return [...new Set(selected)];
}

/**
 * The notebooks in the order in which their reports are made: those that read the results of all reports come last, so that they read
 * the new ones.
 */
export function inReportOrder(paths: readonly string[]): string[] {
  const readsReports = (path: string) => readFileSync(path, "utf8").includes("reports/**/results.json");
  return [...paths.filter((path) => !readsReports(path)), ...paths.filter(readsReports)];
}

/** Those of the notebooks in `folder` that make reports: all but the ones for tslab. One that cannot be read is among them, and says why when it is run. */
export function reportNotebooks(folder?: string): string[] {
  return listNotebooks(folder).filter((path) => {
    try {
      return kernelOf(readNotebook(path).metadata) === "deno";
    } catch (error) {
      if (error instanceof TypeError) return true;
      throw error;
    }
  });
}
