import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanMain,
  examine,
  findingsTable,
  kernelFolders,
  kernelSpec,
  registeredDeno,
  registerKernel,
  removables,
  runChecks,
  stripFile,
  terminalOn,
  unregisterKernel,
  userJupyterFolder,
  withoutPrivate,
} from "../../lib/cli/mod.ts";
import { takeNotebookLock } from "../../lib/notebook/mod.ts";
import { withFolder, writeNotebook } from "../notebook/notebooks.ts";

function collecting() {
  const lines: string[] = [];
  return { lines, terminal: { line: (text: string) => void lines.push(text), live: () => {} } };
}

const never = new AbortController().signal;

Deno.test("terminalOn overwrites one live line on a terminal and removes it before a line", () => {
  let text = "";
  const terminal = terminalOn((part) => text += part, { columns: () => 8 });
  terminal.live("students 1/2", false);
  terminal.line("done");
  terminal.line("more");
  assert.equal(text, "\r\x1b[Kstudent\r\x1b[Kdone\nmore\n");
});

Deno.test("terminalOn without a terminal prints milestones, and other progress every ten seconds", () => {
  let text = "";
  let now = 0;
  const terminal = terminalOn((part) => text += part, { columns: () => null, nowMs: () => now });
  for (now = 0; now <= 21_000; now += 1000) terminal.live(`t${now / 1000}`, now === 3000);
  assert.equal(text, "t3\nt13\n");
});

Deno.test("kernelSpec starts the pinned Deno with interrupts as messages and without colours", () => {
  const spec = kernelSpec("/x/deno");
  assert.deepEqual(spec.argv, ["/x/deno", "jupyter", "--kernel", "--conn", "{connection_file}"]);
  assert.equal(spec.interrupt_mode, "message");
  assert.equal((spec.env as Record<string, string>).NO_COLOR, "1");
});

Deno.test("userJupyterFolder honours JUPYTER_DATA_DIR, then the platform", () => {
  const on = (platform: string) => ({ platform, home: "/h" });
  assert.equal(userJupyterFolder({ JUPYTER_DATA_DIR: "/j" }, on("darwin")), "/j");
  assert.equal(userJupyterFolder({}, on("darwin")), "/h/Library/Jupyter");
  assert.equal(userJupyterFolder({}, on("linux")), "/h/.local/share/jupyter");
  assert.equal(userJupyterFolder({ XDG_DATA_HOME: "/x" }, on("linux")), "/x/jupyter");
});

Deno.test("registerKernel writes both folders, unregisterKernel leaves another project's kernel alone", async () => {
  await withFolder(async (folder) => {
    const folders = kernelFolders(join(folder, "project"), join(folder, "user"));
    await registerKernel(folders, "/a/deno");
    assert.deepEqual(folders.map(registeredDeno), ["/a/deno", "/a/deno"]);
    await registerKernel([folders[1]], "/b/deno");
    assert.deepEqual(unregisterKernel(folders, "/a/deno"), [folders[0]]);
    assert.deepEqual(folders.map(registeredDeno), [null, "/b/deno"]);
    assert.deepEqual(unregisterKernel(folders, "/a/deno"), []);
  });
});

Deno.test("stripFile writes only what has something to strip", async () => {
  await withFolder(async (folder) => {
    const path = writeNotebook(folder, "demo", ["1"]);
    assert.equal(await stripFile(path, { write: false }), true); // the kernel is missing
    assert.equal(await stripFile(path, { write: true }), true);
    const text = readFileSync(path, "utf8");
    assert.equal(await stripFile(path, { write: true }), false);
    const notebook = JSON.parse(text);
    notebook.cells[0].execution_count = 1;
    writeFileSync(path, JSON.stringify(notebook));
    assert.equal(await stripFile(path, { write: true }), true);
    assert.equal(readFileSync(path, "utf8"), text);
    writeFileSync(path, "[]");
    await assert.rejects(stripFile(path, { write: true }), /nbformat/);
  });
});

Deno.test("cleanMain removes what can be made again and nothing else", async () => {
  await withFolder(async (folder) => {
    const write = (path: string, bytes = 1000) => {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), "x".repeat(bytes));
    };
    const kept = [
      "reports/a/report.md",
      "reports/a/figures/f.svg",
      "checkpoints/c.safetensors",
      ".cache/studies/s.db",
      "notebooks/a.ipynb",
      "notebooks/b.ipynb",
    ];
    const removed = [
      "reports/a/index.html",
      "reports/a/figures/f.png",
      ".cache/notebooks/a.executed.ipynb",
      "notebooks/.run-a-1-1.ts",
      "checkpoints/a/quick-1/base/model.safetensors",
      ".cache/lfm2-1.2b-random/model.safetensors",
    ];
    [...kept, ...removed].forEach((path) => write(path));
    const { lines, terminal } = collecting();
    assert.equal(await cleanMain(["--dry-run"], terminal, folder), 0);
    assert.equal(removables(folder).length, removed.length);
    assert.equal(lines.at(-1), "Would free 0.0 MB");
    assert.ok(removed.every((path) => existsSync(join(folder, path))));
    await cleanMain([], terminal, folder);
    assert.deepEqual(kept.filter((path) => !existsSync(join(folder, path))), []);
    assert.deepEqual(removed.filter((path) => existsSync(join(folder, path))), []);
    await assert.rejects(
      cleanMain(["--study", "none"], terminal, folder),
      /There is no study "none"; the studies are: none/,
    );
    write("checkpoints/b/study.sqlite");
    assert.deepEqual(removables(folder), [], "a study stays, whatever it is called");
  });
});

Deno.test("cleanMain refuses while a notebook runs", async () => {
  await withFolder(async (folder) => {
    const release = await takeNotebookLock(join(folder, ".cache", "notebooks", "demo.lock"), "demo.ipynb");
    await assert.rejects(
      cleanMain([], collecting().terminal, folder),
      /Cannot clean: notebook demo is running already \(process \d+\)/,
    );
    release();
    assert.equal(await cleanMain([], collecting().terminal, folder), 0);
    assert.deepEqual(readdirSync(join(folder, ".cache")), []);
  });
});

Deno.test("runChecks runs every check, tells each, and fails when one does", async () => {
  const { lines, terminal } = collecting();
  const check = (name: string, problem: string | null) => ({ name, run: () => Promise.resolve(problem) });
  assert.equal(await runChecks([check("a", null), check("b", "line 3\n"), check("c", null)], terminal, never), 1);
  assert.deepEqual(lines.map((line) => line.replace(/ \(.*/, "")), [
    "ok      a",
    "FAILED  b",
    "line 3",
    "ok      c",
    "Failed: b",
  ]);
  assert.equal(await runChecks([check("a", null)], terminal, never), 0);
});

Deno.test("findingsTable lines up its columns, and a probe that throws is a finding", async () => {
  const findings = await examine({
    one: () => ({ subject: "one", state: "ok", found: "yes", advice: null }),
    another: () => {
      throw new Error("broken\nstack");
    },
  });
  const [first, second] = findingsTable(findings).split("\n");
  assert.equal(first, "ok       one      yes");
  assert.match(second, /^MISSING {2}another {2}broken -> /);
});

Deno.test("withoutPrivate takes names and paths out of what goes into a bug report", () => {
  const options = { home: "/home/ada", user: "ada", root: "/home/ada/lab" };
  assert.equal(
    withoutPrivate("ada at /home/ada/lab/x and /home/ada/y, adaptive", options),
    "USER at PROJECT/x and HOME/y, adaptive",
  );
});
