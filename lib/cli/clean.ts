// deno task clean: removes what can be made again. Committed reports stay, and so do studies and their checkpoints, which took
// hours, unless they are named.

import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { NotebookBusyError, takeNotebookLock } from "../notebook/mod.ts";
import { projectPath, projectRoot } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const ON_DEMAND_REPORT_FILE = /(^|\/)(index\.html|([^/]+\.)?samples\.ndjson\.gz|figures\/[^/]+\.png)$/;

/** Something that can be removed. */
export interface Removable {
  path: string;
  /** What it is, in words. */
  what: string;
  bytes: number;
}

/** What `deno task clean` would remove in the project at `root`. */
export function removables(root: string): Removable[] {
  const cache = join(root, ".cache");
  const candidates = [
    { path: join(cache, "notebooks"), what: "executed copies of notebooks" },
    { path: join(cache, "reports"), what: "reports of smoke runs and overridden parameters" },
    { path: join(cache, "site"), what: "pages made by deno task site" },
    { path: join(cache, "reload"), what: "copies of edited modules, made by reload in notebooks" },
    { path: join(cache, "jupyterlab"), what: "JupyterLab and its Python environment, made by deno task lab" },
    { path: join(cache, "lfm2-1.2b-random"), what: "a model with random weights, written by bench:lm and bench:lora" },
    ...filesBelow(join(root, "reports")).filter((path) => ON_DEMAND_REPORT_FILE.test(path))
      .map((path) => ({ path, what: "made on demand from a report" })),
    ...notebookNames(root).map((name) => join(root, "checkpoints", name)).filter((path) => !isStudy(path))
      .map((path) => ({ path, what: "models that a notebook trained" })),
    ...childrenOf(join(root, "notebooks")).filter((path) => /\/\.run-[^/]*\.ts$/.test(path))
      .map((path) => ({ path, what: "left by a run that was killed" })),
  ];
  return candidates.filter(({ path }) => existsSync(path)).map((item) => ({ ...item, bytes: bytesOf(item.path) }));
}

/** Runs `deno task clean [--dry-run] [--study NAME]...`. */
export async function cleanMain(args: string[], terminal: Terminal, root: string = projectRoot()): Promise<number> {
  const { values } = parseCommand(args, {
    "dry-run": { type: "boolean", default: false },
    study: { type: "string", multiple: true, default: [] },
  });
  const dryRun = values["dry-run"];
  const items = removables(root);
  if (!dryRun) await refuseWhileRunning(root);
  for (const { path, what, bytes } of items) {
    terminal.line(`${megabytes(bytes).padStart(10)}  ${relative(root, path)}  ${what}`);
    if (!dryRun) rmSync(path, { recursive: true, force: true });
  }
  const studyBytes = await cleanStudies(values.study, { dryRun, terminal, root });
  const total = items.reduce((sum, { bytes }) => sum + bytes, studyBytes);
  terminal.line(`${dryRun ? "Would free" : "Freed"} ${megabytes(total)}`);
  return 0;
}

/** Removes the named studies and lists the others; returns the bytes that are (or would be) freed. */
async function cleanStudies(
  names: string[],
  { dryRun, terminal, root }: { dryRun: boolean; terminal: Terminal; root: string },
): Promise<number> {
  const { removeStudy, studySizes } = await import("../sweep/mod.ts");
  const options = { checkpointsFolder: join(root, "checkpoints") };
  const studies = await studySizes(options);
  const unknown = names.find((name) => !studies.some((study) => study.name === name));
  if (unknown !== undefined) {
    const known = studies.map(({ name }) => name).join(", ") || "none";
    throw new CommandError(`There is no study "${unknown}"; the studies are: ${known}`);
  }
  let freed = 0;
  for (const { name, bytes } of studies) {
    const removed = names.includes(name);
    const what = removed
      ? "study with its checkpoints"
      : `study with its checkpoints, kept; --study ${name} removes it`;
    terminal.line(`${megabytes(bytes).padStart(10)}  checkpoints/${name}  ${what}`);
    if (removed) freed += dryRun ? bytes : await removeStudy(name, options);
  }
  return freed;
}

async function refuseWhileRunning(root: string): Promise<void> {
  for (const path of childrenOf(join(root, ".cache", "notebooks")).filter((path) => path.endsWith(".lock"))) {
    try {
      (await takeNotebookLock(path, relative(join(root, ".cache", "notebooks"), path).replace(/\.lock$/, "")))();
    } catch (error) {
      if (!(error instanceof NotebookBusyError)) throw error;
      throw new CommandError(error.message.replace(/^Cannot run (\S+): it/, "Cannot clean: notebook $1"));
    }
  }
}

/** Names of notebooks: what one keeps between its steps lies in a folder of its name. */
function notebookNames(root: string): string[] {
  return childrenOf(join(root, "notebooks")).flatMap((path) =>
    path.endsWith(".ipynb") ? [basename(path, ".ipynb")] : []
  );
}

const isStudy = (folder: string) => existsSync(join(folder, "study.sqlite"));

function childrenOf(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function filesBelow(folder: string): string[] {
  return childrenOf(folder).flatMap((path) => statSync(path).isDirectory() ? filesBelow(path) : [path]);
}

function bytesOf(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).size;
  return filesBelow(path).reduce((sum, file) => sum + statSync(file).size, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) await runCommand((args) => cleanMain(args, ownTerminal(), projectPath()));
