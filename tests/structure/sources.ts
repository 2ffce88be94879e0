// The project's source texts, and what a parser finds in them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dirname, normalize } from "node:path/posix";
import { type ParseResult, parseSync, Visitor } from "oxc-parser";
import { projectPath } from "lib/process/mod.ts";

/** A file, or one code cell of a notebook. */
export interface Source {
  /** From the project's root, with slashes. */
  path: string;
  text: string;
}

/** One import, of a value or a type, static or dynamic. */
export interface Import {
  /** Null for a dynamic import of something computed. */
  specifier: string | null;
  line: number;
}

/** All files below `folder` (from the root) whose names end in one of `endings`, in the order of their paths. */
export function sourcesBelow(folder: string, endings: readonly string[] = [".ts"]): Source[] {
  return readdirSync(projectPath(folder), { recursive: true, encoding: "utf8" })
    .filter((name) =>
      endings.some((ending) => name.endsWith(ending)) && !name.includes(".run-") && !name.endsWith(".as.ts")
    )
    .sort()
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(projectPath(folder, name), "utf8") }));
}

/** File names of the notebooks. */
export function notebookNames(): string[] {
  return readdirSync(projectPath("notebooks")).filter((name) => name.endsWith(".ipynb")).sort();
}

/** The code cells of every notebook. */
export function notebookCells(): Source[] {
  return notebookNames().flatMap((name) => {
    const { cells, metadata } = JSON.parse(readFileSync(join(projectPath("notebooks"), name), "utf8"));
    // tslab knows modules without their ending.
    const isTslab = metadata.kernelspec?.name === "latent-lab-tslab";
    const asDeno = (text: string) => isTslab ? text.replace(/(from )"(lib\/[\w./-]+)"/g, '$1"$2.ts"') : text;
    return (cells as { cell_type: string; source: string | string[] }[])
      .map(({ cell_type, source }) => ({
        cell_type,
        path: `notebooks/${name}`,
        text: asDeno([source].flat().join("")),
      }))
      .filter(({ cell_type }) => cell_type === "code")
      .map(({ path, text }) => ({ path, text }));
  });
}

/** The syntax tree of a source. @throws {Error} when it has errors */
export function parse({ path, text }: Source): ParseResult {
  const result = parseSync(path.replace(/\.ipynb$/, ".ts"), text, { sourceType: "module", lang: "ts" });
  if (result.errors.length > 0) throw new Error(`${path}: ${result.errors[0].message}`);
  return result;
}

/** Line number of a UTF-16 offset, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Everything that a source imports or exports from elsewhere, `import("...")` types included. */
export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  const add = (node: { type: string; value?: unknown; start: number } | null) => {
    if (node === null) return;
    const specifier = node.type === "Literal" && typeof node.value === "string" ? node.value : null;
    imports.push({ specifier, line: lineAt(source.text, node.start) });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
  }).visit(parse(source).program);
  return imports;
}

/** The project's file that `specifier` means in the file `from`, as a path from the root; null for packages and `node:`. */
export function projectFile(from: string, specifier: string): string | null {
  if (/^(lib|tests)\//.test(specifier)) return specifier;
  return specifier.startsWith(".") ? normalize(`${dirname(from)}/${specifier}`) : null;
}
