// What notebooks reach must run in the project's Deno, in the older Deno of the kernel, and bundled as CommonJS under Node.

import assert from "node:assert/strict";
import { Visitor } from "oxc-parser";
import { PORTABLE_ROOMS, roomOf } from "./rooms.ts";
import { lineAt, parse, type Source, sourcesBelow } from "./sources.ts";

/** The one file that may ask where it is; a bundle empties `import.meta.url`, which it knows. */
const IMPORT_META_FILE = "lib/process/paths.ts";
/** Modules that are started as processes by path, never imported. */
const ENTRY_POINT = /_(process|child)\.ts$/;

/** What in `source` the other runtimes lack, with line numbers. */
function unportable(source: Source, { mayAwait = false, mayAskWhere = false } = {}): string[] {
  const problems: string[] = [];
  const add = (start: number, what: string) => problems.push(`${source.path}:${lineAt(source.text, start)}: ${what}`);
  const result = parse(source);
  let functionDepth = 0;
  const enter = () => void functionDepth++;
  const leave = () => void functionDepth--;
  const awaits = (node: { start: number }) => {
    if (functionDepth === 0 && !mayAwait) add(node.start, "await outside functions");
  };
  new Visitor({
    FunctionDeclaration: enter,
    "FunctionDeclaration:exit": leave,
    FunctionExpression: enter,
    "FunctionExpression:exit": leave,
    ArrowFunctionExpression: enter,
    "ArrowFunctionExpression:exit": leave,
    AwaitExpression: awaits,
    ForOfStatement: (node) => node.await && awaits(node),
    Identifier: (node) => node.name === "Deno" && add(node.start, "Deno"),
  }).visit(result.program);
  if (!mayAskWhere) result.module.importMetas.forEach(({ start }) => add(start, "import.meta"));
  return problems;
}

Deno.test("unportable finds Deno, await outside functions and import.meta, and nothing in comments or strings", () => {
  const text = `// Deno.cwd(), import.meta
const name = "Deno";
const inner = async () => { await 1; for await (const x of []) x; };
class A { async m() { await 2; } }
const cwd = Deno.cwd();
const other = globalThis.Deno;
await inner();
for await (const x of []) x;
import.meta.url;`;
  assert.deepEqual(unportable({ path: "a.ts", text }), [
    "a.ts:5: Deno",
    "a.ts:6: Deno",
    "a.ts:7: await outside functions",
    "a.ts:8: await outside functions",
    "a.ts:9: import.meta",
  ]);
  assert.deepEqual(
    unportable({ path: "a.ts", text: "await 1; import.meta.url" }, { mayAwait: true, mayAskWhere: true }),
    [],
  );
});

Deno.test("rooms above lib/notebook use no Deno, no await outside functions, and import.meta in one file", () => {
  const sources = sourcesBelow("lib").filter(({ path }) => PORTABLE_ROOMS.includes(roomOf(path)!));
  assert.ok(sources.length > 50, "the sources were not found");
  const problems = sources.flatMap((source) =>
    unportable(source, { mayAwait: ENTRY_POINT.test(source.path), mayAskWhere: source.path === IMPORT_META_FILE })
  );
  assert.deepEqual(problems, []);
});
