import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError, listNotebooks, parseReportCommand, reportMain, selectNotebooks } from "../../lib/cli/mod.ts";
import { inReportOrder } from "../../lib/cli/notebooks.ts";
import { projectPath } from "../../lib/process/mod.ts";
import { withFolder, writeNotebook } from "../notebook/notebooks.ts";

Deno.test("parseReportCommand means notebook 02 at quick scale without arguments", () => {
  const command = parseReportCommand([]);
  assert.deepEqual([command.names, command.all, command.scale, command.force], [
    ["02-lnsp-size-analysis"],
    false,
    "quick",
    false,
  ]);
  assert.equal(parseReportCommand(["--status"]).all, true);
});

Deno.test("parseReportCommand reads names, scale and overrides, which stay text", () => {
  const command = parseReportCommand(["02", "-p", "a=1", "--scale", "full", "-p", "b=x=y", "--timeout", "2"]);
  assert.deepEqual([command.names, command.scale, command.overrides, command.deadlineMs], [
    ["02"],
    "full",
    { a: "1", b: "x=y" },
    120_000,
  ]);
});

Deno.test("parseReportCommand refuses what makes no sense, saying what was expected", () => {
  const refusals: [string[], RegExp][] = [
    [["--scal", "full"], /Unknown option '--scal'; the options are --all, --scale, -p/],
    [["--scale", "huge"], /no scale "huge"; the scales are smoke, quick, full/],
    [["-p", "epochs"], /-p expects KEY=VALUE, such as -p epochs=5, got "epochs"/],
    [["-p", "a=1", "-p", "a=2"], /"a" is given twice/],
    [["02", "--all"], /not both/],
    [["--timeout", "soon"], /--timeout expects minutes/],
    [["--timeout", "0"], /--timeout expects minutes/],
  ];
  for (const [args, message] of refusals) {
    assert.throws(
      () => parseReportCommand(args),
      (error: Error) => error instanceof CommandError && message.test(error.message),
    );
  }
});

Deno.test("a notebook that reads all reports is run after those that make them", async () => {
  await withFolder((folder) => {
    writeNotebook(folder, "00-a", ['const sources = readAllResults(["reports/**/results.json"]);']);
    for (const name of ["01-b", "02-c"]) writeNotebook(folder, name, ["1"]);
    const names = inReportOrder(listNotebooks(folder)).map((path) => path.slice(folder.length + 1));
    assert.deepEqual(names, ["01-b.ipynb", "02-c.ipynb", "00-a.ipynb"]);
    return Promise.resolve();
  });
});

Deno.test("selectNotebooks takes beginnings of names and paths, each once, and lists the known for others", async () => {
  await withFolder((folder) => {
    for (const name of ["01-a", "02-b", "02-c"]) writeNotebook(folder, name, ["1"]);
    writeFileSync(join(folder, ".run-01-a-1-1.ts"), "");
    const names = (paths: string[]) => paths.map((path) => path.slice(folder.length + 1));
    assert.deepEqual(names(listNotebooks(folder)), ["01-a.ipynb", "02-b.ipynb", "02-c.ipynb"]);
    assert.deepEqual(names(selectNotebooks(["02", "01-a.ipynb", "02-b"], folder)), [
      "02-b.ipynb",
      "02-c.ipynb",
      "01-a.ipynb",
    ]);
    assert.deepEqual(names(selectNotebooks([join(folder, "01-a.ipynb")], folder)), ["01-a.ipynb"]);
    assert.throws(
      () => selectNotebooks(["03"], folder),
      /There is no notebook "03"; the notebooks are: 01-a, 02-b, 02-c/,
    );
    assert.throws(() => selectNotebooks([""], folder), /There is no notebook ""/);
    return Promise.resolve();
  });
});

async function withReports(
  use: (report: (...args: string[]) => Promise<{ code: number; lines: string[] }>, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const notebooksDir = join(folder, "notebooks");
    mkdirSync(notebooksDir);
    for (const file of ["demo.ipynb", "demo_constants.ts"]) {
      copyFileSync(projectPath("tests", "golden", "notebook", file), join(notebooksDir, file));
    }
    const context = { notebooksDir, reportsDir: join(folder, "reports"), cacheDir: join(folder, "cache") };
    await use(async (...args) => {
      const lines: string[] = [];
      const terminal = { line: (text: string) => lines.push(text), live: () => {} };
      const machine = () => Promise.resolve("test-machine");
      const code = await reportMain([...args, "--no-check"], new AbortController().signal, {
        ...context,
        terminal,
        machine,
      });
      return { code, lines };
    }, folder);
  });
}

Deno.test("reportMain ends by naming the report, and the second time says fresh", async () => {
  await withReports(async (report, folder) => {
    const first = await report("demo", "--html");
    assert.equal(first.code, 0, first.lines.join("\n"));
    assert.equal(first.lines[0], "demo: missing; running at scale quick");
    assert.match(first.lines[1], /^demo: done at scale quick in /);
    assert.equal(first.lines[2], `Report: ${join(folder, "reports", "demo")}/report.md`);
    assert.match(readFileSync(join(folder, "reports", "demo", "index.html"), "utf8"), /<html/);
    assert.deepEqual((await report("demo")).lines[0], "demo: fresh (quick)");
    assert.deepEqual((await report("--status")).lines, ["demo: fresh (quick)"]);
  });
});

Deno.test("reportMain goes on after a failing notebook and exits with 1", async () => {
  await withReports(async (report, folder) => {
    writeNotebook(join(folder, "notebooks"), "a-broken", ["1;", '2;\nthrow new Error("no");']);
    writeFileSync(join(folder, "notebooks", "b-garbage.ipynb"), "{");
    const { code, lines } = await report("--all");
    assert.equal(code, 1);
    const text = lines.join("\n");
    assert.match(
      text,
      /a-broken: failed; the previous report is unchanged\na-broken\.ipynb, cell 2, line 2: Error: no\n/,
    );
    assert.match(text, /Cannot read b-garbage\.ipynb: it is not JSON/);
    assert.match(text, /demo: done at scale quick/);
    assert.equal(lines.at(-1), "1 of 3 reports are up to date");
  });
});

Deno.test("reportMain names the known parameters for an unknown one", async () => {
  await withReports(async (report) => {
    const { code, lines } = await report("demo", "-p", "step=3");
    assert.equal(code, 1);
    assert.match(
      lines.join("\n"),
      /demo\.ipynb, cell 1, line 6: RangeError: Cannot set parameter "step": expected one of steps, label, failAt/,
    );
  });
});

Deno.test("Ctrl-C stops the notebook and its children, keeps the previous report, and the next run works", async () => {
  await withReports(async (report, folder) => {
    await report("demo");
    const before = readFileSync(join(folder, "reports", "demo", "results.json"), "utf8");
    const notebooks = join(folder, "notebooks");
    writeNotebook(notebooks, "demo", ['console.log("PID", Deno.pid);\nwhile (true);']);
    const program = join(folder, "report.ts");
    // A program of its own, so that the signal goes the way it goes from a terminal.
    writeFileSync(
      program,
      [
        `import { runCommand } from ${JSON.stringify(projectPath("lib", "cli", "command.ts"))};`,
        `import { ownTerminal, reportMain } from ${JSON.stringify(projectPath("lib", "cli", "mod.ts"))};`,
        `const context = ${
          JSON.stringify({
            notebooksDir: notebooks,
            reportsDir: join(folder, "reports"),
            cacheDir: join(folder, "cache"),
          })
        };`,
        `await runCommand((args, signal) => reportMain(args, signal, { ...context, terminal: ownTerminal(), machine: () => Promise.resolve("test-machine") }));`,
      ].join("\n"),
    );
    const args = ["run", "-A", "--config", projectPath("deno.json"), program, "demo", "--verbose", "--no-check"];
    const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" }).spawn();
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const started = !text.includes("PID") && (text + chunk).includes("PID");
      text += chunk;
      if (started) child.kill("SIGINT");
    }
    assert.equal((await child.status).code, 130, text);
    await child.stderr.cancel();
    assert.match(text, /demo: stopped; the previous report is unchanged/);
    const pid = text.match(/PID (\d+)/)?.[1];
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
    assert.match(new TextDecoder().decode(stdout).trim(), /^(Z.*)?$/);
    assert.equal(readFileSync(join(folder, "reports", "demo", "results.json"), "utf8"), before);
    assert.deepEqual(readdirSync(notebooks).sort(), ["demo.ipynb", "demo_constants.ts"]);
    copyFileSync(projectPath("tests", "golden", "notebook", "demo.ipynb"), join(notebooks, "demo.ipynb"));
    assert.equal((await report("demo", "--force")).code, 0);
  });
});
