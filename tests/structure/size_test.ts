// Files and functions stay small enough to be read in one go. The aim is 300 and 40 lines; the test leaves room for a good reason.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";
import { Visitor } from "oxc-parser";
import { lineAt, parse, type Source, sourcesBelow } from "./sources.ts";

const MAX_FILE_LINES = 320;
const MAX_FUNCTION_LINES = 60;

/** Longer files, each with its reason. */
const LONG_FILES: Record<string, string> = {
  "lib/graph/onnx/onnx_pb.ts": "generated from onnx.proto",
};

/** Longer functions, as `path name`, each with its reason. */
const LONG_FUNCTIONS: Record<string, string> = {};

const sources = [...sourcesBelow("lib", [".ts", ".mjs"]), ...sourcesBelow("tests")];

interface LongFunction {
  name: string;
  lines: number;
}

/** Functions of more than `maxLines` lines, nested ones too. */
function longFunctions(source: Source, maxLines: number): LongFunction[] {
  const names = new Map<number, string>(); // by where the function starts
  const found: (LongFunction & { start: number })[] = [];
  const measure = (node: { start: number; end: number; id?: { name: string } | null }) => {
    const lines = lineAt(source.text, node.end) - lineAt(source.text, node.start) + 1;
    if (node.id) names.set(node.start, node.id.name);
    if (lines > maxLines) found.push({ name: "", lines, start: node.start });
  };
  const nameOf = (key: { type: string; name?: string }, value: { start: number } | null) => {
    if (value && key.name) names.set(value.start, key.name);
  };
  new Visitor({
    VariableDeclarator: (node) => nameOf(node.id as { type: string }, node.init),
    MethodDefinition: (node) => nameOf(node.key as { type: string }, node.value),
    PropertyDefinition: (node) => nameOf(node.key as { type: string }, node.value),
    Property: (node) => nameOf(node.key as { type: string }, node.value),
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  }).visit(parse(source).program);
  return found.map(({ start, lines }) => ({ name: names.get(start) ?? `line ${lineAt(source.text, start)}`, lines }));
}

Deno.test("longFunctions measures functions, methods and callbacks by name or line", () => {
  const body = "\n  1;".repeat(3) + "\n";
  const text = `function a() {${body}}
class B { m() {${body}} short() {} }
const c = () => {${body}};
run("x", () => {${body}});`;
  assert.deepEqual(longFunctions({ path: "a.ts", text }, 4), [
    { name: "a", lines: 5 },
    { name: "m", lines: 5 },
    { name: "c", lines: 5 },
    { name: "line 16", lines: 5 },
  ]);
  assert.deepEqual(longFunctions({ path: "a.ts", text }, 5), []);
});

Deno.test(`files of lib and tests have at most ${MAX_FILE_LINES} lines`, () => {
  assert.ok(sources.length > 100, "the sources were not found");
  const long = sources.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ path, lines }) => lines > MAX_FILE_LINES && !(path in LONG_FILES));
  assert.deepEqual(long, []);
});

Deno.test(`functions of lib and tests have at most ${MAX_FUNCTION_LINES} lines`, () => {
  const long = sources.filter(({ path }) => !(path in LONG_FILES)).flatMap((source) =>
    longFunctions(source, MAX_FUNCTION_LINES).map(({ name, lines }) => ({ key: `${source.path} ${name}`, lines }))
  );
  assert.deepEqual(long.filter(({ key }) => !(key in LONG_FUNCTIONS)), []);
});

Deno.test("exceptions for long files and functions name files that exist", () => {
  const paths = [...Object.keys(LONG_FILES), ...Object.keys(LONG_FUNCTIONS).map((key) => key.split(" ")[0])];
  assert.deepEqual(paths.filter((path) => !existsSync(projectPath(path))), []);
});
