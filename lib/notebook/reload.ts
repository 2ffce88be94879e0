// An edit of the library seen in a running kernel. A kernel keeps every module that it has loaded, and reloading one file alone would leave
// those that import it with the old one: so the changed files, and all that reach them, are copied below .cache/reload with their imports
// rewritten, and the copy is imported. What did not change keeps its identity: values made by it still fit.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { projectPath, projectRoot, sha256Hex } from "../process/mod.ts";
import { inKernel } from "./jupyter.ts";

/**
 * A module of the project as its files are now, without a restart of the kernel: also when only something that it imports was edited.
 * Values made before keep the code that they were made with, so make the model anew. In a headless run, the module itself.
 *
 * @param module path from the project (`lib/models/mine.ts`) or from the notebook (`./mine.ts`)
 * @throws {RangeError} for a file that does not exist or lies outside the project
 * @throws {SyntaxError} when an edited file cannot be parsed, naming file and line
 *
 * @example
 * ```ts
 * import { reload } from "lib/notebook/run.ts";
 * const { lnspStudent } = await reload<typeof import("lib/models/lnsp.ts")>("lib/models/lnsp.ts");
 * console.log(lnspStudent({ studentDim: 8 }).name); // lnsp
 * ```
 */
export async function reload<Module>(module: string): Promise<Module> {
  const path = resolve(module.startsWith(".") ? "." : projectRoot(), module);
  requireFile(path, module);
  const sinceMs = inKernel() ? performance.timeOrigin : Infinity; // headless, a report is made by the code that its identity names
  return await import(await freshModule(path, { sinceMs })) as Module;
}

/** What {@link freshModule} goes by. */
export interface FreshOptions {
  /** Files changed after this time (of the system's clock) are copied: when this process began. */
  sinceMs: number;
  /** Folder of the copies; `.cache/reload` by default. */
  folder?: string;
}

/**
 * URL of the newest code of the file at `path`: its own where neither it nor anything that it reaches changed after `sinceMs`, else that of
 * a copy. The same files give the same URL.
 *
 * @throws {RangeError} for a file that does not exist or lies outside the project
 * @throws {SyntaxError} when a file cannot be parsed
 */
export async function freshModule(path: string, options: FreshOptions): Promise<string> {
  requireFile(path, path);
  if (options.sinceMs === Infinity) return pathToFileURL(path).href;
  const { parseSync, Visitor } = await import("oxc-parser"); // not before it is needed: a kernel should start fast
  const files = reachedFiles(path, (file, text) => {
    const { program, errors } = parseSync(file, text, { sourceType: "module" });
    if (errors.length > 0) {
      const line = text.slice(0, errors[0].labels[0]?.start ?? 0).split("\n").length;
      throw new SyntaxError(`Cannot reload ${relative(projectRoot(), file)}:${line}: ${errors[0].message}`);
    }
    const requests: Request[] = [];
    const add = (node: { type: string; value?: unknown; start: number; end: number } | null) => {
      if (node?.type !== "Literal" || typeof node.value !== "string") return;
      requests.push({ specifier: node.value, start: node.start, end: node.end });
    };
    new Visitor({
      ImportDeclaration: (node) => add(node.source),
      ExportNamedDeclaration: (node) => add(node.source),
      ExportAllDeclaration: (node) => add(node.source),
      ImportExpression: (node) => add(node.source),
    }).visit(program);
    return requests;
  });
  const folder = options.folder ?? projectPath(".cache", "reload");
  const copies = copyPaths(files, { sinceMs: options.sinceMs, folder });
  for (const [file, copy] of copies) if (!existsSync(copy)) writeCopy(copy, files.get(file)!, copies);
  return pathToFileURL(copies.get(path) ?? path).href;
}

/** An import as it stands in a file: the literal with its quotes. */
interface Request {
  specifier: string;
  start: number;
  end: number;
}

interface SourceFile {
  path: string;
  text: string;
  changedMs: number;
  /** The project's files that it imports, with the literals that name them. */
  imports: (Request & { path: string })[];
}

/** The file and everything of the project that it imports, by path. Missing files are left to the import to name. */
function reachedFiles(path: string, parse: (path: string, text: string) => Request[]): Map<string, SourceFile> {
  const files = new Map<string, SourceFile>();
  const queue = [path];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file) || !existsSync(file)) continue;
    const text = readFileSync(file, "utf8");
    const imports = parse(file, text).flatMap((request) => {
      const target = projectFile(file!, request.specifier);
      return target === null ? [] : [{ ...request, path: target }];
    });
    files.set(file, { path: file, text, changedMs: statSync(file).mtimeMs, imports });
    queue.push(...imports.map((request) => request.path));
  }
  return files;
}

function projectFile(from: string, specifier: string): string | null {
  if (/^(lib|tests)\//.test(specifier)) return projectPath(specifier);
  return specifier.startsWith(".") ? resolve(dirname(from), specifier) : null;
}

/** Where the copies of changed files, and of those that reach them, lie: under a hash of all that each stands for. */
function copyPaths(
  files: ReadonlyMap<string, SourceFile>,
  { sinceMs, folder }: { sinceMs: number; folder: string },
): Map<string, string> {
  const importers = new Map<string, string[]>();
  for (const file of files.values()) {
    for (const { path } of file.imports) importers.set(path, [...(importers.get(path) ?? []), file.path]);
  }
  const stale = new Set([...files.values()].filter(({ changedMs }) => changedMs > sinceMs).map(({ path }) => path));
  for (const path of stale) importers.get(path)?.forEach((importer) => stale.add(importer)); // a Set visits what is added meanwhile
  const copies = new Map<string, string>();
  for (const path of stale) {
    const reached = new Set([path]);
    for (const one of reached) {
      files.get(one)!.imports.filter((request) => stale.has(request.path)).forEach((request) =>
        reached.add(request.path)
      );
    }
    const content = [...reached].sort().map((one) => `${one}\n${files.get(one)!.text}`).join("\n");
    copies.set(path, join(folder, sha256Hex(content).slice(0, 16), relative(projectRoot(), path)));
  }
  return copies;
}

function writeCopy(copy: string, { text, imports }: SourceFile, copies: ReadonlyMap<string, string>): void {
  let rewritten = "";
  let from = 0;
  for (const { path, start, end } of [...imports].sort((a, b) => a.start - b.start)) {
    rewritten += text.slice(from, start) + JSON.stringify(pathToFileURL(copies.get(path) ?? path).href);
    from = end;
  }
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, rewritten + text.slice(from));
}

function requireFile(path: string, asked: string): void {
  if (!path.startsWith(`${projectRoot()}/`)) {
    throw new RangeError(`Cannot reload ${asked}: expected a file of the project, got ${path}`);
  }
  if (!existsSync(path)) {
    throw new RangeError(`Cannot reload ${asked}: there is no file ${relative(projectRoot(), path)}`);
  }
}
