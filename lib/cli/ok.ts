// deno task ok: every check that must pass before a change is committed.

import { checkNotebook, notebookName } from "../notebook/mod.ts";
import { denoExecutable, projectPath, sha256Hex, startChild } from "../process/mod.ts";
import { runCommand } from "./command.ts";
import { listNotebooks } from "./notebooks.ts";
import { stripMain } from "./strip.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";
import { testArguments } from "./test.ts";
import process from "node:process";

/** One check: what went wrong as text, or null. */
export interface Check {
  name: string;
  run: (signal: AbortSignal) => Promise<string | null>;
}

/** Runs checks in order, tells each in a line and what went wrong below it; later checks run all the same. */
export async function runChecks(checks: Check[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  const failed: string[] = [];
  for (const { name, run } of checks) {
    const startMs = performance.now();
    terminal.live(`${name} ...`, false);
    const problem = await run(signal);
    signal.throwIfAborted();
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    terminal.line(`${problem === null ? "ok    " : "FAILED"}  ${name} (${seconds} s)`);
    if (problem === null) continue;
    terminal.line(problem.trimEnd());
    failed.push(name);
  }
  terminal.line(failed.length === 0 ? "All checks passed" : `Failed: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

/** The checks of this project. */
export async function projectChecks(): Promise<Check[]> {
  const before = await treeState();
  return [
    { name: "format", run: (signal) => deno(["fmt", "--check"], signal) },
    { name: "lint", run: (signal) => deno(["lint", "--quiet"], signal) },
    { name: "types", run: (signal) => deno(["check", "--quiet", "lib", "tests"], signal) },
    { name: "types of notebooks", run: (signal) => checkNotebooks(listNotebooks(), signal) },
    { name: "notebooks without outputs", run: checkStripped },
    { name: "tests and doc examples", run: (signal) => deno(testArguments(["--quiet"]), signal) },
    { name: "working tree", run: () => checkTree(before) },
  ];
}

async function deno(args: string[], signal: AbortSignal): Promise<string | null> {
  const child = startChild({
    command: denoExecutable(),
    args,
    cwd: projectPath(),
    signal,
    outputLimitBytes: 64 * 2 ** 20,
  });
  const { exitCode, stdout, stderrTail } = await child.result;
  return exitCode === 0 ? null : `${stdout}${stderrTail}`;
}

/** Type errors of the notebooks at `paths`, each with notebook, cell and line; null when there are none. */
export async function checkNotebooks(paths: readonly string[], signal: AbortSignal): Promise<string | null> {
  const problems: string[] = [];
  for (const path of paths) {
    await checkNotebook(path, { signal }).catch((error: Error) => {
      const isTold = error.name === "NotebookError" || error instanceof TypeError;
      problems.push(isTold ? error.message : `${notebookName(path)}: ${error.message}`);
    });
  }
  return problems.length > 0 ? problems.join("\n") : null;
}

async function checkStripped(): Promise<string | null> {
  const lines: string[] = [];
  const code = await stripMain(["--check"], { line: (text) => lines.push(text), live: () => {} });
  return code === 0 ? null : lines.join("\n");
}

/** State of the files under version control, reports aside; null where there is no git. */
async function treeState(): Promise<{ changed: string[]; hash: string } | null> {
  const status = await git(["status", "--porcelain", "--", ".", ":!reports"]);
  const diff = await git(["diff", "--", ".", ":!reports"]);
  if (status === null || diff === null) return null;
  return { changed: status.split("\n").filter((line) => line !== ""), hash: sha256Hex(status + diff) };
}

/** In CI nothing may differ from the commit; at work, the checks themselves may not have changed anything. */
async function checkTree(before: Awaited<ReturnType<typeof treeState>>): Promise<string | null> {
  const after = await treeState();
  if (before === null || after === null) return null;
  if (process.env.CI && after.changed.length > 0) return `Differs from the commit:\n${after.changed.join("\n")}`;
  if (before.hash === after.hash) return null;
  const newly = after.changed.filter((line) => !before.changed.includes(line));
  return `The checks changed files:\n${(newly.length > 0 ? newly : after.changed).join("\n")}`;
}

async function git(args: string[]): Promise<string | null> {
  try {
    const { exitCode, stdout } = await startChild({ command: "git", args, cwd: projectPath(), deadlineMs: 60_000 })
      .result;
    return exitCode === 0 ? stdout : null;
  } catch {
    return null; // no git
  }
}

if (import.meta.main) {
  await runCommand(async (_args, signal) => await runChecks(await projectChecks(), ownTerminal(), signal));
}
