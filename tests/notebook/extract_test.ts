import assert from "node:assert/strict";
import { codeCells, NotebookError, parseNotebook } from "../../lib/notebook/mod.ts";
import { generateModule } from "../../lib/notebook/extract.ts";
import { notebookOf } from "./notebooks.ts";

function generate(cells: string[], preludeUrl: string | undefined = "prelude.ts") {
  return generateModule("demo.ipynb", codeCells(notebookOf(cells)), { preludeUrl });
}

function failuresOf(cells: string[]): string[] {
  try {
    generate(cells);
  } catch (error) {
    assert.ok(error instanceof NotebookError);
    return error.failures.map(({ cell, line, message }) => `${cell}:${line} ${message}`);
  }
  return [];
}

Deno.test("generateModule writes one line for each source line and knows where it came from", () => {
  const { code, positions } = generate(["const a = 1;\n\nconst text = `x\ny`;", "a"]);
  const lines = code.split("\n");
  assert.equal(lines[positions.findIndex((p) => p?.cell === 1 && p.line === 4)], "y`;");
  assert.deepEqual(positions.filter((p) => p !== null).map((p) => `${p.cell}:${p.line}`), [
    "1:1",
    "1:2",
    "1:3",
    "1:4",
    "2:1",
  ]);
  assert.equal(lines[positions.findIndex((p) => p?.cell === 2)], "__lab.line(1);await __lab.value((a))");
});

Deno.test("generateModule wraps only a trailing expression, before its semicolon and comment", () => {
  const lastLine = (cell: string) => generate([cell]).code.split("\n").at(-4);
  assert.equal(lastLine("f(), g(); // why"), "__lab.line(1);await __lab.value((f(), g())); // why");
  assert.equal(lastLine("const b = 1"), "__lab.line(1);const b = 1");
  assert.equal(lastLine("'text'"), "__lab.line(1);await __lab.value(('text'))");
  assert.equal(lastLine("function f() { return 1 }"), "function f() { return 1 }");
});

Deno.test("generateModule takes offsets in UTF-16, so that text before the last expression may be anything", () => {
  assert.match(generate(['const s = "😀é";s']).code, /const s = "😀é";__lab\.line\(1\);await __lab\.value\(\(s\)\)/);
});

Deno.test("generateModule without a prelude only joins the cells", () => {
  assert.equal(generateModule("demo.ipynb", codeCells(notebookOf(["a;", "b"]))).code, "a;\nb\nexport {};\n");
});

Deno.test("generateModule refuses a name declared in two cells and tells both places", () => {
  assert.deepEqual(failuresOf(["const { a, b: [c] } = x;", "1;\nlet c = 2;"]), [
    '2:2 Cannot declare "c" again: it is declared in cell 1, line 1; use another name or a block { ... }',
  ]);
  assert.equal(failuresOf(['import { a } from "x";', "function a() {}"]).length, 1);
  assert.equal(failuresOf(["class A {}", "type A = 1;"]).length, 1);
});

Deno.test("generateModule accepts types beside values, merged interfaces and names in blocks", () => {
  assert.deepEqual(
    failuresOf(["type A = 1; interface B { x: 1 }", "const A = 1; interface B { y: 1 }", "{ const A = 2; }"]),
    [],
  );
});

Deno.test("generateModule refuses a name declared twice in a cell, syntax errors and import.meta", () => {
  assert.match(failuresOf(["const a = 1;\nconst a = 2;"])[0], /^1:2 Syntax error: .*already been declared/);
  assert.match(failuresOf(["1;", "if (\n"])[0], /^2:\d Syntax error/);
  assert.match(failuresOf(["1;\nimport.meta.url"])[0], /^1:2 import\.meta does not exist in a notebook kernel/);
});

Deno.test("codeCells numbers what a kernel runs: Markdown and blank cells have no number", () => {
  const notebook = notebookOf(["a", "  \n", "b"]);
  notebook.cells.unshift({ cell_type: "markdown", metadata: {}, source: ["# T"] });
  assert.deepEqual(codeCells(notebook).map(({ number, index }) => [number, index]), [[1, 1], [2, 3]]);
});

Deno.test("parseNotebook refuses what is no notebook of format 4, naming the field", () => {
  assert.throws(() => parseNotebook("{", "x.ipynb"), /Cannot read x\.ipynb: it is not JSON/);
  assert.throws(() => parseNotebook('{"nbformat":3}', "x.ipynb"), /expected nbformat 4, got 3/);
  assert.throws(() => parseNotebook("null", "x.ipynb"), /expected nbformat 4, got none/);
  const cells = [{ cell_type: "code", source: 1 }];
  const text = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells });
  assert.throws(() => parseNotebook(text, "x.ipynb"), /cells\.0\.source/);
});
