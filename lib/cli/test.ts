// deno task test: the tests and the examples in the documentation, all or those of some paths. Types are the business of `deno task ok`.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { denoExecutable, projectPath } from "../process/mod.ts";
import { INTERRUPTED_EXIT_CODE, runCommand } from "./command.ts";

/**
 * The arguments of `deno test` for those of the task: a part of the library stands for its tests too (`lib/graph` for `tests/graph`),
 * options are handed on.
 */
export function testArguments(args: string[], exists: (path: string) => boolean = existsInProject): string[] {
  const options = args.filter((arg) => arg.startsWith("-"));
  const paths = args.filter((arg) => !arg.startsWith("-"));
  const twins = paths.map((path) =>
    path.replace(/^(\.\/)?lib(\/|$)/, "tests$2").replace(/(?<!_test)\.ts$/, "_test.ts")
  );
  const wanted = [...paths, ...twins.filter((twin) => !paths.includes(twin) && exists(twin))];
  return [
    "test",
    "-P",
    "--no-check",
    "--doc",
    ...options,
    ...(wanted.length > 0 ? wanted : ["tests", "lib", "README.md"]),
  ];
}

function existsInProject(path: string): boolean {
  return existsSync(projectPath(path));
}

/** Runs `deno task test` with this terminal as its own. */
function testMain(args: string[], signal: AbortSignal): Promise<number> {
  const child = spawn(denoExecutable(), testArguments(args), { cwd: projectPath(), stdio: "inherit" });
  signal.addEventListener("abort", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(signal.aborted ? INTERRUPTED_EXIT_CODE : code ?? 1));
  });
}

if (import.meta.main) await runCommand(testMain);
