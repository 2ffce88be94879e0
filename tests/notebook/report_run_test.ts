// The notebook tests/golden/notebook/demo.ipynb and what it imports, copied and run in a folder of the test's own.

import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  describeFreshness,
  identityChanges,
  NotebookBusyError,
  NotebookError,
  notebookFreshness,
  notebookIdentity,
  readNotebook,
  reportNotebook,
  type ReportRunOptions,
} from "../../lib/notebook/mod.ts";
import { projectPath } from "../../lib/process/mod.ts";
import { withFolder, writeNotebook } from "./notebooks.ts";

interface Workspace {
  folder: string;
  notebook: string;
  options: ReportRunOptions;
  /** Text of a file of the report. */
  read: (file: string) => string;
}

async function withWorkspace(use: (workspace: Workspace) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    for (const file of ["demo.ipynb", "demo_constants.ts"]) {
      copyFileSync(projectPath("tests", "golden", "notebook", file), join(folder, file));
    }
    await use({
      folder,
      notebook: join(folder, "demo.ipynb"),
      options: {
        scale: "quick",
        machine: "test-machine",
        noCheck: true,
        reportsDir: join(folder, "reports"),
        cacheDir: join(folder, "cache"),
      },
      read: (file) => readFileSync(join(folder, "reports", "demo", file), "utf8"),
    });
  });
}

async function state({ notebook, options }: Workspace, changes: Partial<ReportRunOptions> = {}): Promise<string> {
  return describeFreshness(await notebookFreshness(notebook, { ...options, ...changes }));
}

Deno.test("reportNotebook writes a report once and then says fresh, until something that it reaches changes", async () => {
  await withWorkspace(async (workspace) => {
    const { folder, notebook, options, read } = workspace;
    assert.equal(await state(workspace), "missing");
    const lines: string[] = [];
    const first = await reportNotebook(notebook, { ...options, onProgress: (line) => lines.push(line) });
    assert.deepEqual([first.status, first.scale, first.note], ["written", "quick", null]);
    assert.ok(lines.includes("steps 4/4"), lines.join());
    assert.match(read("report.md"), /The sum is 12/);
    const { blocks, recordCells } = JSON.parse(read("document.json"));
    assert.ok(recordCells.length > 0 && recordCells.every(Number.isInteger), "the cells of records are known");
    assert.ok(blocks.every(({ cell }: { cell?: number }) => Number.isInteger(cell)), "and those of blocks");
    const identity = JSON.parse(read("results.json")).identity;
    assert.ok(Object.keys(identity.modules).some((path) => path.endsWith("demo_constants.ts")));
    assert.ok(Object.keys(identity.modules).includes("lib/notebook/run.ts"));
    assert.ok(!Object.keys(identity.modules).some((path) => /headless|execute|\.run-|node_modules/.test(path)));
    assert.equal((await reportNotebook(notebook, options)).status, "fresh");

    writeFileSync(join(folder, "unrelated.ts"), "export {};\n");
    assert.equal(await state(workspace), "fresh (quick)");
    appendFileSync(join(folder, "demo_constants.ts"), "// one more line\n");
    assert.match(await state(workspace), /^stale: \S*demo_constants\.ts changed$/);
    copyFileSync(projectPath("tests", "golden", "notebook", "demo_constants.ts"), join(folder, "demo_constants.ts"));
    assert.equal(await state(workspace), "fresh (quick)");
    assert.equal(await state(workspace, { overrides: { steps: "2" } }), "stale: the parameters given with -p changed");
    assert.equal(await state(workspace, { scale: "full" }), "stale: it is of scale quick, and full is wanted");
    assert.equal(await state(workspace, { machine: "other" }), "made on another machine: Test machine");
    rmSync(join(folder, "reports", "demo", "report.md"));
    assert.equal(await state(workspace), "stale: report.md is missing");
    assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith(".run-")), []);
    assert.deepEqual(readdirSync(join(folder, "cache", "notebooks")).sort(), ["demo.executed.ipynb", "demo.lock"]);
  });
});

Deno.test("reportNotebook ignores outputs and Markdown, and sees a changed cell and a report made interactively", async () => {
  await withWorkspace(async (workspace) => {
    const { notebook, folder, options, read } = workspace;
    await reportNotebook(notebook, options);
    const document = readNotebook(notebook);
    document.cells[0].source = "# Another title";
    document.cells[1].outputs = [{ output_type: "stream", name: "stdout", text: "x" }];
    writeFileSync(notebook, JSON.stringify(document));
    assert.equal(await state(workspace), "fresh (quick)");
    document.cells[1].source = [document.cells[1].source].flat().join("") + "\n// changed";
    writeFileSync(notebook, JSON.stringify(document));
    assert.equal(await state(workspace), "stale: the notebook's code changed");
    const results = JSON.parse(read("results.json"));
    writeFileSync(join(folder, "reports", "demo", "results.json"), JSON.stringify({ ...results, identity: null }));
    assert.equal(await state(workspace), "made interactively");
    writeFileSync(join(folder, "reports", "demo", "results.json"), "{");
    assert.equal(await state(workspace), "stale: results.json cannot be read");
  });
});

Deno.test("reportNotebook leaves the previous report as it was when a cell fails or no report is written", async () => {
  await withWorkspace(async ({ folder, notebook, options, read }) => {
    await reportNotebook(notebook, options);
    const before = ["report.md", "results.json", "document.json"].map(read);
    const failing = reportNotebook(notebook, { ...options, force: true, overrides: { failAt: "2" } });
    await assert.rejects(failing, (error: NotebookError) => {
      assert.equal(error.message, "demo.ipynb, cell 2, line 19: Error: asked to fail at 2");
      return true;
    });
    writeNotebook(folder, "demo", ["1"]);
    await assert.rejects(reportNotebook(notebook, options), /demo\.ipynb: It ran to its end but wrote no report/);
    assert.deepEqual(["report.md", "results.json", "document.json"].map(read), before);
    assert.deepEqual(readdirSync(join(folder, "cache", "notebooks")).sort(), ["demo.executed.ipynb", "demo.lock"]);
  });
});

Deno.test("reportNotebook keeps a larger report and puts a smaller one aside, unless forced", async () => {
  await withWorkspace(async (workspace) => {
    const { folder, notebook, options, read } = workspace;
    await reportNotebook(notebook, { ...options, scale: "full" });
    assert.match(read("report.md"), /The sum is 24/);
    assert.equal((await reportNotebook(notebook, options)).scale, "full");
    const aside = await reportNotebook(notebook, { ...options, overrides: { steps: "2" } });
    assert.match(aside.note ?? "", /the full report in .* is kept; --force replaces it/);
    assert.match(aside.folder, /cache\/reports\/demo\/quick-[0-9a-f]{8}$/);
    assert.match(readFileSync(join(aside.folder, "report.md"), "utf8"), /The sum is 6/);
    assert.equal((await reportNotebook(notebook, { ...options, overrides: { steps: "2" } })).status, "fresh");
    assert.match(read("report.md"), /The sum is 24/);
    writeFileSync(join(folder, "reports", "demo", "index.html"), "old");
    writeFileSync(join(folder, "reports", "demo", "notes.txt"), "mine");
    const forced = await reportNotebook(notebook, { ...options, force: true });
    assert.equal(forced.folder, join(folder, "reports", "demo"));
    assert.match(read("report.md"), /The sum is 12/);
    const { blocks, recordCells } = JSON.parse(read("document.json"));
    assert.ok(recordCells.length > 0 && recordCells.every(Number.isInteger), "the cells of records are known");
    assert.ok(blocks.every(({ cell }: { cell?: number }) => Number.isInteger(cell)), "and those of blocks");
    assert.equal(existsSync(join(folder, "reports", "demo", "index.html")), false);
    assert.equal(read("notes.txt"), "mine");
  });
});

Deno.test("reportNotebook puts a smoke report aside, also where there is none", async () => {
  await withWorkspace(async ({ folder, notebook, options }) => {
    const outcome = await reportNotebook(notebook, { ...options, scale: "smoke" });
    assert.equal(outcome.folder, join(folder, "cache", "reports", "demo", "smoke"));
    assert.equal(existsSync(join(folder, "reports", "demo")), false);
  });
});

Deno.test("reportNotebook refuses a second run of the same notebook, naming the process, and works again afterwards", async () => {
  await withWorkspace(async ({ folder, notebook, options }) => {
    // A lock file that a killed process left behind holds nothing.
    await reportNotebook(notebook, options);
    writeFileSync(join(folder, "cache", "notebooks", "demo.lock"), "999999");
    const results = await Promise.allSettled([1, 2].map(() => reportNotebook(notebook, { ...options, force: true })));
    const refused = results.find((result) => result.status === "rejected");
    assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.ok(refused?.reason instanceof NotebookBusyError);
    assert.match(
      refused.reason.message,
      new RegExp(`Cannot run demo\\.ipynb: it is running already \\(process ${Deno.pid}\\)`),
    );
    assert.equal((await reportNotebook(notebook, { ...options, force: true })).status, "written");
  });
});

Deno.test("reportNotebook says when the code changed while the notebook ran", async () => {
  await withWorkspace(async (workspace) => {
    const { folder, notebook, options } = workspace;
    const change = () => appendFileSync(join(folder, "demo_constants.ts"), "//\n");
    const { note } = await reportNotebook(notebook, { ...options, onProgress: change });
    assert.match(note ?? "", /while it ran, \S*demo_constants\.ts changed: the report counts as stale/);
    assert.match(await state(workspace), /^stale/);
  });
});

Deno.test("a file that a parameter names is part of the identity by its contents, without its path", async () => {
  await withFolder(async (folder) => {
    const path = writeNotebook(folder, "demo", ["1"]);
    const file = join(folder, "mine.csv");
    writeFileSync(file, "date,price\n");
    const identity = () =>
      notebookIdentity(path, { scale: "quick", overrides: { data: file, epochs: 3 }, machine: "m" });
    const before = await identity();
    assert.deepEqual(Object.keys(before.data), ["given by -p data"]);
    assert.deepEqual(identityChanges(before, await identity()), []);
    writeFileSync(file, "date,price\n2000-01-03,1\n");
    assert.deepEqual(identityChanges(before, await identity()), ["data given by -p data changed"]);
  });
});

Deno.test("notebookIdentity follows modules that are started as programs, data sets, and no types or comments", async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, "types.ts"), "export type T = 1;\n");
    writeFileSync(join(folder, "child.ts"), 'import "./grandchild.ts";\n');
    writeFileSync(join(folder, "grandchild.ts"), "export {};\n");
    writeFileSync(join(folder, "mentioned.ts"), "export {};\n");
    writeFileSync(
      join(folder, "starter.ts"),
      'import type { T } from "./types.ts";\n// new URL("./mentioned.ts", import.meta.url)\n' +
        'export const child: [URL, T] = [new URL("./child.ts", import.meta.url), 1];\n',
    );
    const path = writeNotebook(folder, "demo", [
      'import { child } from "./starter.ts";\nchild; ["data/claims/figures.json", "wordnet-20k"]',
    ]);
    const request = { scale: "quick", overrides: {}, machine: "m" };
    const identity = await notebookIdentity(path, request);
    const names = Object.keys(identity.modules).map((file) => file.split("/").at(-1)).sort();
    assert.deepEqual(names, ["child.ts", "grandchild.ts", "starter.ts"]);
    assert.deepEqual(Object.keys(identity.data), ["claims/figures.json", "wordnet-20k"]);
    writeFileSync(join(folder, "grandchild.ts"), "export const changed = 1;\n");
    const [change] = identityChanges(identity, await notebookIdentity(path, request));
    assert.match(change, /grandchild\.ts changed$/);
    const withData = (hash: string) => ({ ...identity, data: { ...identity.data, "large-and-not-shipped": hash } });
    assert.deepEqual(identityChanges(withData("1"), identity), [], "data that are not here changed nothing");
    assert.deepEqual(identityChanges(identity, withData("1")), []);
    assert.deepEqual(identityChanges(withData("1"), withData("2")), ["data large-and-not-shipped changed"]);
  });
});
