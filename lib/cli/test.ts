// deno task test: the tests and the examples in the documentation, all or those of some paths. Types are the business of `deno task ok`.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { denoExecutable, projectPath } from "../process/mod.ts";
import { INTERRUPTED_EXIT_CODE, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** Files that only look like examples or tests. */
const IGNORED = "tests/golden";
/** The summary ends the output: so much of the end is kept to find it. */
const KEPT_CHARACTERS = 20_000;

/**
 * The arguments of `deno test` for those of the task: a part of the library stands for its tests too (`lib/graph` for `tests/graph`),
 * options are handed on. Tests run one after the other: some watch the processes and the memory of all of them.
 */
export function testArguments(args: string[], exists: (path: string) => boolean = existsInProject): string[] {
  const options = args.filter((arg) => arg.startsWith("-"));
  const paths = args.filter((arg) => !arg.startsWith("-"));
  const twins = paths.map((path) =>
    path.replace(/^(\.\/)?lib(\/|$)/, "tests$2").replace(/(?<!_test)\.ts$/, "_test.ts")
  );
  const wanted = [...paths, ...twins.filter((twin) => !paths.includes(twin) && exists(twin))];
  const head = ["test", "-P", "--no-check", "--doc", `--ignore=${IGNORED}`];
  return [...head, ...options, ...(wanted.length > 0 ? wanted : ["tests", "lib", "README.md"])];
}

function existsInProject(path: string): boolean {
  return existsSync(projectPath(path));
}

/** How many tests ended how, by the runner's own count. */
export interface TestCounts {
  passed: number;
  failed: number;
  ignored: number;
}

/** The counts in the summary at the end of the runner's output; null when it ended without one. */
export function testCounts(output: string): TestCounts | null {
  const summary = /^(?:ok|FAILED) \| (\d+) passed(?: \(.*?\))? \| (\d+) failed(?: \(.*?\))?(?: \| (\d+) ignored)?.*$/gm;
  const last = [...stripVTControlCharacters(output).matchAll(summary)].at(-1);
  return last ? { passed: Number(last[1]), failed: Number(last[2]), ignored: Number(last[3] ?? 0) } : null;
}

/** The last lines of the task. A runner that failed without a summary counts as one failure; `--no-run` or a reporter may leave it out. */
export function countLines(counts: TestCounts | null, exitCode: number): string[] {
  if (counts === null) return exitCode === 0 ? [] : ["The tests could not be run", "0 passed, 1 failed"];
  return [`${counts.ignored} ignored`, `${counts.passed} passed, ${counts.failed} failed`];
}

/** Runs `deno task test` with this terminal as its own; the last line is `N passed, N failed`. */
async function testMain(args: string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  const child = spawn(denoExecutable(), testArguments(args), {
    cwd: projectPath(),
    stdio: ["inherit", "pipe", "inherit"],
    env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }) },
  });
  let end = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    process.stdout.write(text);
    end = (end + text).slice(-KEPT_CHARACTERS);
  });
  signal.addEventListener("abort", () => child.kill("SIGTERM"));
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(signal.aborted ? INTERRUPTED_EXIT_CODE : code ?? 1));
  });
  const counts = testCounts(end);
  if (!signal.aborted) countLines(counts, exitCode).forEach((line) => terminal.line(line));
  return exitCode;
}

if (import.meta.main) await runCommand((args, signal) => testMain(args, ownTerminal(), signal));
