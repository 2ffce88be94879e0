// What a module names without importing it: programs that it starts as child processes, and data. Found as string literals, so that
// comments and doc examples do not count.

import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { isFilePattern, matchingFiles } from "../process/mod.ts";

/** Files that a module names. */
export interface References {
  /** Absolute paths of modules and WebAssembly files. */
  modules: string[];
  /** Paths relative to the project's root: files below `data/`, the manifest of a data set, the files that a pattern means. */
  data: string[];
}

/** Where references are looked up. */
export interface ReferenceContext {
  root: string;
  /** Names of the folders in `data/` that have a manifest.json. */
  datasets: string[];
  /** The notebook's name: what its own report holds is no cause of it. */
  notebook?: string;
}

const MODULE_FILE = /\.(ts|mjs|js|wasm)$/;

/** The files that `source`, a module at `path`, names in string literals. */
export function referencesOf(path: string, source: string, { root, datasets, notebook }: ReferenceContext): References {
  const modules = new Set<string>();
  const data = new Set<string>();
  const add = (file: string) => {
    if (!existsSync(file) || !statSync(file).isFile()) return;
    if (MODULE_FILE.test(file)) modules.add(file);
    else if (file.startsWith(join(root, "data") + "/")) data.add(file.slice(root.length + 1));
  };
  for (const { segments, relative } of literalPaths(path, source)) {
    const text = segments.join("/");
    if (segments.length === 1 && datasets.includes(text)) data.add(`data/${text}/manifest.json`);
    if (isFilePattern(text)) matchingFiles(text, { root, except: notebook }).forEach((file) => data.add(file));
    else if (relative) add(resolve(dirname(path), text));
    else if (text.includes("/") && !text.includes("\n")) add(resolve(root, text));
  }
  return { modules: [...modules].sort(), data: [...data].sort() };
}

/** Whether `source` can name a file at all; parsing every module would take longer than the rest of a freshness check. */
export function mayReference(source: string, { datasets }: ReferenceContext): boolean {
  return /projectPath\(|new URL\(|["'`](lib|data)\/|\/\*\*\//.test(source) ||
    datasets.some((name) => source.includes(name));
}

interface LiteralPath {
  segments: string[];
  /** Relative to the module instead of the project. */
  relative: boolean;
}

function literalPaths(path: string, source: string): LiteralPath[] {
  const paths: LiteralPath[] = [];
  const importSources = new Set<number>();
  const skipSource = (node: { source?: { start: number } | null }) => {
    if (node.source) importSources.add(node.source.start);
  };
  new Visitor({
    ImportDeclaration: skipSource,
    ExportNamedDeclaration: skipSource,
    ExportAllDeclaration: skipSource,
    ImportExpression: skipSource,
    Literal(node) {
      if (typeof node.value !== "string" || importSources.has(node.start)) return;
      paths.push({ segments: [node.value], relative: false });
    },
    CallExpression(node) {
      const segments = stringArguments(node.arguments);
      if (node.callee.type === "Identifier" && node.callee.name === "projectPath" && segments.length > 0) {
        paths.push({ segments, relative: false });
      }
    },
    NewExpression(node) {
      const [url] = stringArguments(node.arguments);
      if (node.callee.type === "Identifier" && node.callee.name === "URL" && url?.startsWith(".")) {
        paths.push({ segments: [url], relative: true });
      }
    },
  }).visit(parseSync(path, source, { sourceType: "module" }).program);
  return paths;
}

/** Leading arguments that are string literals. */
function stringArguments(nodes: { type: string; value?: unknown }[]): string[] {
  const end = nodes.findIndex((node) => node.type !== "Literal" || typeof node.value !== "string");
  return nodes.slice(0, end === -1 ? nodes.length : end).map((node) => String(node.value));
}
