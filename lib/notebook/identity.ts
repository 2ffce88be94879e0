// What a report depends on, as hashes: the notebook's code, every local file it can reach, packages, parameters, data, scale, machine.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { canonicalJson, projectRoot, sha256Hex, sha256OfFile } from "../process/mod.ts";
import type { RunIdentity } from "../record/mod.ts";
import { codeCells, notebookName, readNotebook } from "./document.ts";
import { generateModule } from "./extract.ts";
import { withGeneratedFile } from "./generated_file.ts";
import { requireDeno } from "./kernels.ts";
import { reachableModules } from "./module_graph.ts";
import { mayReference, type ReferenceContext, referencesOf } from "./references.ts";

/** What a run is asked to do, and where. */
export interface RunRequest {
  scale: string;
  /** Overrides of parameters, as given by the user; defaults are part of the notebook's code. */
  overrides: Record<string, unknown>;
  /** `MachineFacts.id`. */
  machine: string;
}

/**
 * The identity of a run of the notebook at `path`. Outputs and Markdown cells do not count.
 *
 * @throws {NotebookError} when a cell cannot be parsed
 * @throws {TypeError} when the file is no notebook, or not for the project's Deno
 */
export async function notebookIdentity(path: string, { scale, overrides, machine }: RunRequest): Promise<RunIdentity> {
  const root = projectRoot();
  const notebook = readNotebook(path);
  requireDeno(notebook.metadata, basename(path));
  const cells = codeCells(notebook);
  const { code } = generateModule(basename(path), cells);
  const { modules, data } = await reachableFiles(path, code, root);
  const hashOf = (file: string) => sha256Hex(readFileSync(file));
  return {
    notebook: sha256Hex(canonicalJson(cells.map((cell) => cell.source))),
    modules: Object.fromEntries(modules.map((file) => [relative(root, file), hashOf(file)])),
    lockfile: hashOf(join(root, "package-lock.json")),
    parameters: sha256Hex(canonicalJson(overrides)),
    data: {
      ...Object.fromEntries(data.map((file) => [dataName(file), hashOf(join(root, file))])),
      ...await namedFiles(overrides),
    },
    scale,
    machine,
  };
}

/** Hash of `RunIdentity.parameters` when no parameter is overridden. */
export const NO_OVERRIDES: string = sha256Hex(canonicalJson({}));

/**
 * What differs between two identities, scale and machine aside, as sentences' beginnings: `lib/models/lnsp.ts changed`.
 * Empty when nothing does.
 */
export function identityChanges(stored: RunIdentity, current: RunIdentity): string[] {
  const changes: string[] = [];
  if (stored.notebook !== current.notebook) changes.push("the notebook's code changed");
  changes.push(...mapChanges(stored.modules, current.modules));
  if (stored.lockfile !== current.lockfile) changes.push("package-lock.json changed");
  if (stored.parameters !== current.parameters) changes.push("the parameters given with -p changed");
  // Which data are used follows from the code. A data set that is only there or only missing on this machine changes no report.
  const isOther = (name: string) =>
    !isReport(name) && current.data[name] !== undefined && current.data[name] !== stored.data[name];
  changes.push(...Object.keys(stored.data).filter(isOther).sort().map((name) => `data ${name} changed`));
  changes.push(...mapChanges(reportsOf(stored.data), reportsOf(current.data)));
  return changes;
}

/** Results of other reports: unlike data, one that comes or goes changes what is made of them. */
function reportsOf(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).filter(([name]) => isReport(name)));
}

function isReport(name: string): boolean {
  return name.startsWith("reports/");
}

function mapChanges(stored: Record<string, string>, current: Record<string, string>): string[] {
  const names = [...new Set([...Object.keys(stored), ...Object.keys(current)])].sort();
  return names.filter((name) => stored[name] !== current[name]).map((name) => {
    if (stored[name] === undefined) return `${name} is new`;
    return `${name} ${current[name] === undefined ? "is no longer used" : "changed"}`;
  });
}

/** Follows imports, and modules that are only named because they run as child processes, until nothing is new. */
async function reachableFiles(
  path: string,
  code: string,
  root: string,
): Promise<{ modules: string[]; data: string[] }> {
  const context: ReferenceContext = { root, datasets: datasetNames(root), notebook: notebookName(path) };
  const started = new Set<string>();
  const scanned = new Set<string>();
  const data = new Set<string>();
  const scan = (file: string, source: string) => {
    if (scanned.has(file)) return [];
    scanned.add(file);
    if (!mayReference(source, context)) return [];
    const references = referencesOf(file, source, context);
    references.data.forEach((name) => data.add(name));
    return references.modules;
  };
  scan(join(dirname(path), "cells.ts"), code).forEach((file) => started.add(file));
  for (;;) {
    const imports = [...started].map((file) => `import ${JSON.stringify(pathToFileURL(file).href)};\n`).join("");
    const modules = await withGeneratedFile(path, imports + code, reachableModules);
    const found = modules.filter((file) => /\.[jt]s$/.test(file)).flatMap((file) =>
      scan(file, readFileSync(file, "utf8"))
    );
    const unseen = found.filter((file) => !modules.includes(file));
    if (unseen.length === 0) return { modules, data: [...data].sort() };
    unseen.forEach((file) => started.add(file));
  }
}

function datasetNames(root: string): string[] {
  const folder = join(root, "data");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, "manifest.json")));
}

/** Hashes of files of one's own that parameters name, such as `-p data=FILE.csv`, by the parameter: a path is nobody else's business. */
async function namedFiles(overrides: Readonly<Record<string, unknown>>): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const [name, value] of Object.entries(overrides)) {
    if (typeof value !== "string") continue;
    const path = resolve(process.env.INIT_CWD ?? process.cwd(), value);
    if (existsSync(path) && statSync(path).isFile()) hashes[`given by -p ${name}`] = await sha256OfFile(path);
  }
  return hashes;
}

function dataName(file: string): string {
  const [, dataset] = file.match(/^data\/(.+)\/manifest\.json$/) ?? [];
  return dataset ?? file.replace(/^data\//, "");
}
