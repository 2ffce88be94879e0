// Which way imports point: rooms build on rooms above them and enter them through their mod.ts.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { projectPath } from "lib/process/mod.ts";
import { importProblem, ROOMS } from "./rooms.ts";
import { type Import, importsOf, notebookCells, projectFile, type Source, sourcesBelow } from "./sources.ts";

/** Modules that run what they are given, and so import a computed path. */
const LOADERS = [
  "lib/cli/sweep.ts",
  "lib/notebook/headless_main.ts",
  "lib/notebook/reload.ts",
  "lib/bench/harness/open_module.ts",
];

const packageJson = JSON.parse(readFileSync(projectPath("package.json"), "utf8"));
const library = sourcesBelow("lib", [".ts", ".mjs"]);
const tests = sourcesBelow("tests");

function problemsOf(sources: Source[], problem: (path: string, item: Import) => string | null): string[] {
  return sources.flatMap((source) =>
    importsOf(source).flatMap((item) => {
      const text = problem(source.path, item);
      return text === null ? [] : [`${text} (line ${item.line})`];
    })
  );
}

function directionProblem(path: string, { specifier }: Import): string | null {
  const file = specifier === null ? null : projectFile(path, specifier);
  return file === null ? null : importProblem(path, file);
}

/** Packages must be ours by name: one that is only a dependency of a dependency moves without notice. */
function packageProblem(path: string, { specifier }: Import): string | null {
  if (specifier === null) return LOADERS.includes(path) ? null : `${path} imports a computed path`;
  if (projectFile(path, specifier) !== null) return null;
  if (specifier.startsWith("node:")) {
    return isBuiltin(specifier) ? null : `${path} imports ${specifier}: no such module`;
  }
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  if (name in packageJson.dependencies) return null;
  const forTests = name in packageJson.devDependencies && !path.startsWith("notebooks/") && !isShipped(path);
  return forTests ? null : `${path} imports ${specifier}: not a dependency of package.json`;
}

/** Build scripts and tests may use development packages. */
function isShipped(path: string): boolean {
  return path.startsWith("lib/") && !path.endsWith("/build.mjs");
}

Deno.test("importProblem accepts what the order of rooms allows and names what it does not", () => {
  const allowed = [
    ["lib/train/loop.ts", "lib/graph/mod.ts"],
    ["lib/train/loop.ts", "lib/train/state.ts"],
    ["lib/sweep/study.ts", "lib/models/lnsp.ts"],
    ["tests/train/loop_test.ts", "lib/train/state.ts"],
    ["tests/train/loop_test.ts", "tests/assertions.ts"],
    ["tests/bench/a_test.ts", "lib/bench/subjects/matmul.ts"],
    ["notebooks/a.ipynb", "lib/models/lnsp.ts"],
    ["notebooks/a.ipynb", "lib/bench/inference.ts"],
    ["notebooks/a.ipynb", "lib/claims/audit/mod.ts"],
    ["notebooks/a.ipynb", "lib/notebook/run.ts"],
    ["notebooks/a.ipynb", "lib/sweep/mod.ts"],
  ];
  for (const [from, to] of allowed) assert.equal(importProblem(from, to), null, `${from} -> ${to}`);
  const refused: [string, string, RegExp][] = [
    ["lib/graph/graph.ts", "lib/nn/mod.ts", /nn is below graph/],
    ["lib/train/loop.ts", "lib/graph/types.ts", /entered through their mod\.ts/],
    ["lib/train/loop.ts", "tests/assertions.ts", /nothing outside lib/],
    ["tests/train/loop_test.ts", "lib/graph/types.ts", /through their mod\.ts/],
    ["notebooks/a.ipynb", "lib/train/loop.ts", /rooms by mod\.ts/],
    ["notebooks/a.ipynb", "lib/bench/train_child.ts", /rooms by mod\.ts/],
    ["notebooks/a.ipynb", "lib/notebook/mod.ts", /lib\/notebook\/run\.ts/],
    ["notebooks/a.ipynb", "tests/assertions.ts", /rooms by mod\.ts/],
  ];
  for (const [from, to, pattern] of refused) assert.match(importProblem(from, to) ?? "allowed", pattern);
});

Deno.test("importsOf finds static, dynamic and type imports, and exports from elsewhere", () => {
  const text = `import a from "a";
import type { B } from "./b.ts";
export { c } from "../c/mod.ts";
export * from "d";
const e = await import("e"); // import "comment"
type F = import("f").F;
const g = await import(name);
import "h";`;
  const found = importsOf({ path: "lib/x/y.ts", text }).sort((a, b) => a.line - b.line);
  assert.deepEqual(found.map(({ specifier }) => specifier), ["a", "./b.ts", "../c/mod.ts", "d", "e", "f", null, "h"]);
  assert.deepEqual(found.map(({ line }) => line), [1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("every folder of lib stands in the order of rooms", () => {
  const folders = readdirSync(projectPath("lib")).filter((name) => statSync(projectPath("lib", name)).isDirectory());
  assert.deepEqual(folders.filter((name) => !ROOMS.includes(name)), []);
});

Deno.test("imports of the library point upwards and enter rooms through mod.ts", () => {
  assert.ok(library.length > 50, "the sources were not found");
  assert.deepEqual(problemsOf(library, directionProblem), []);
});

Deno.test("tests and notebooks enter rooms through mod.ts", () => {
  assert.deepEqual(problemsOf([...tests, ...notebookCells()], directionProblem), []);
});

Deno.test("the library imports its own files by relative paths, so that any bundler finds them", () => {
  const problem = (path: string, { specifier }: Import) =>
    specifier !== null && /^(lib|tests)\//.test(specifier) ? `${path} imports ${specifier}` : null;
  assert.deepEqual(problemsOf(library, problem), []);
});

Deno.test("imports name existing files, node: modules, or packages of package.json", () => {
  const sources = [...library, ...tests, ...notebookCells()];
  assert.deepEqual(
    problemsOf(
      sources.filter(({ path }) => !path.endsWith("bootstrap.mjs") && !path.startsWith("tests/peers/")),
      packageProblem,
    ),
    [],
  );
  const missing = (path: string, { specifier }: Import) => {
    const file = specifier === null ? null : projectFile(path, specifier);
    return file === null || existsSync(projectPath(file)) ? null : `${path} imports ${file}, which does not exist`;
  };
  assert.deepEqual(problemsOf(sources, missing), []);
});
