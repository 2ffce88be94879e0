// A notebook says which kernel it is for. Another one than this project's is refused where it is read, with a sentence.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkNotebooks, reportMain, reportNotebooks, stripFile } from "../../lib/cli/mod.ts";
import { formatNotebook, kernelOf, KERNELS, parseNotebook, stripNotebook } from "../../lib/notebook/mod.ts";
import { notebookOf, withFolder, writeNotebook } from "./notebooks.ts";

const never = new AbortController().signal;
const PYTHON = { kernelspec: { name: "python3", display_name: "Python 3 (ipykernel)", language: "python" } };

function writeWith(folder: string, name: string, cells: string[], metadata: Record<string, unknown>): string {
  const path = join(folder, `${name}.ipynb`);
  writeFileSync(path, formatNotebook({ ...notebookOf(cells), metadata }));
  return path;
}

async function report(folder: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text), live: () => {} };
  const folders = { notebooksDir: folder, reportsDir: join(folder, "reports"), cacheDir: join(folder, "cache") };
  const context = { terminal, machine: () => Promise.resolve("test"), ...folders };
  return { code: await reportMain(args, never, context), text: lines.join("\n") };
}

Deno.test("kernelOf knows the project's kernels by every name, and takes a notebook without one for Deno's", () => {
  const named = (name: string) => kernelOf({ kernelspec: { name } });
  assert.deepEqual(["latent-lab", "deno", "latent-lab-tslab", "tslab"].map(named), ["deno", "deno", "tslab", "tslab"]);
  assert.deepEqual([{}, { language_info: { name: "typescript" } }, { kernelspec: null }].map((one) => kernelOf(one)), [
    "deno",
    "deno",
    "deno",
  ]);
});

Deno.test("a notebook for an unknown kernel is refused with its kernel and those that there are", () => {
  const expected =
    'expected a notebook for the kernel "Latent Lab \\(Deno 2\\.8\\.1\\)" or "Latent Lab \\(tslab, Node\\.js\\)"';
  const refused = (metadata: Record<string, unknown>, got: string) =>
    assert.throws(
      () => kernelOf(metadata, "a.ipynb"),
      new RegExp(`^TypeError: Cannot use a\\.ipynb: ${expected}, got ${got}; select`),
    );
  refused(PYTHON, '"Python 3 \\(ipykernel\\)" \\(python3\\)');
  refused({ kernelspec: { name: "toString" } }, '"toString" \\(toString\\)');
  refused({ language_info: { name: "R" } }, "the language R");
  assert.throws(
    () => parseNotebook(formatNotebook({ ...notebookOf([]), metadata: PYTHON }), "a.ipynb"),
    /Cannot use a\.ipynb/,
  );
});

Deno.test("report, ok and strip tell a notebook for an unknown kernel in one line, and change nothing", () =>
  withFolder(async (folder) => {
    const path = writeWith(folder, "01-python", ["import numpy as np"], PYTHON);
    const text = readFileSync(path, "utf8");
    const line =
      /^Cannot use 01-python\.ipynb: expected a notebook for the kernel .* got "Python 3 \(ipykernel\)" \(python3\)/;
    for (const args of [["01"], ["--all"], ["--status"]]) {
      const { code, text } = await report(folder, ...args);
      assert.equal(code, 1);
      assert.match(text, line);
      assert.equal(text.split("\n").length, 1, text);
    }
    assert.match(await checkNotebooks([path], never) ?? "", line);
    await assert.rejects(stripFile(path, { write: true }), /Cannot use .*01-python\.ipynb/);
    assert.equal(readFileSync(path, "utf8"), text);
  }));

Deno.test("a notebook for tslab keeps its kernel, is type-checked, and makes no report", () =>
  withFolder(async (folder) => {
    const cells = ['import { sha256Hex } from "lib/process/mod";', 'const hash: number = sha256Hex("a");'];
    const path = writeWith(folder, "tslab-demo", cells, { kernelspec: { name: "tslab", display_name: "TypeScript" } });
    writeNotebook(folder, "01-other", ["1"]);
    assert.deepEqual(stripNotebook(parseNotebook(readFileSync(path, "utf8"))).metadata.kernelspec, {
      ...KERNELS.tslab,
    });
    assert.match(
      await checkNotebooks([path], never) ?? "",
      /^tslab-demo\.ipynb, cell 2, line 1: Type error TS2322: Type 'string' is not assignable to type 'number'/,
    );
    const { code, text } = await report(folder, "tslab");
    assert.equal(code, 1);
    assert.match(
      text,
      /^Cannot make a report of tslab-demo\.ipynb: expected .*Deno 2\.8\.1.*got "Latent Lab \(tslab, Node\.js\)"; open it in JupyterLab/,
    );
    assert.deepEqual(reportNotebooks(folder), [join(folder, "01-other.ipynb")]);
  }));

Deno.test("deno task ok names notebook, cell and line of every type error", () =>
  withFolder(async (folder) => {
    const good = writeNotebook(folder, "01-good", ["const a: number = 1;"]);
    const bad = writeNotebook(folder, "02-bad", ["const a = 1;", "// comment\nconst b: string = a;", "nope(a, b);"]);
    const problems = (await checkNotebooks([good, bad], never) ?? "").split("\n");
    assert.equal(problems.length, 2, problems.join("\n"));
    assert.match(problems[0], /^02-bad\.ipynb, cell 2, line 2: Type error TS2322/);
    assert.match(problems[1], /^02-bad\.ipynb, cell 3, line 1: Type error TS2304: Cannot find name 'nope'/);
    assert.equal(await checkNotebooks([good], never), null);
  }));
