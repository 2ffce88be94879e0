// A fresh clone of the project, as a user has it after the install: its files in a folder of the test's own, the packages linked.

import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { type ChildResult, denoExecutable, projectPath, startChild } from "../../lib/process/mod.ts";
import { withFolder } from "./notebooks.ts";

/** A copy of the project. */
export interface FreshCopy {
  folder: string;
  /** Runs a script of the shell in the copy, with the pinned Deno as `deno`. */
  shell(script: string, options?: { deadlineMs?: number }): Promise<ChildResult>;
  /** Runs the pinned Deno in the copy. */
  deno(args: string[], options?: { deadlineMs?: number; input?: string }): Promise<ChildResult>;
}

/** Variables of this run that a fresh shell would not have. */
const NOT_INHERITED = ["LATENT_LAB_RUN", "LATENT_LAB_BOOTSTRAP", "INIT_CWD"];
const DEADLINE_MS = 240_000;

/** Calls `use` with a fresh copy that is removed afterwards. Only what lies below one of `parts` is copied, and the files of the root. */
export async function withFreshCopy<T>(
  use: (copy: FreshCopy) => Promise<T>,
  { parts }: { parts?: readonly string[] } = {},
): Promise<T> {
  return await withFolder(async (parent) => {
    const folder = join(parent, "latent-lab");
    for (const path of await projectFiles()) {
      if (parts && path.includes("/") && !parts.some((part) => path.startsWith(`${part}/`))) continue;
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      cpSync(projectPath(path), join(folder, path));
    }
    symlinkSync(projectPath("node_modules"), join(folder, "node_modules"));
    const bin = join(parent, "bin");
    mkdirSync(bin);
    symlinkSync(denoExecutable(), join(bin, "deno"));
    writeFileSync(join(bin, "npx"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    const env = {
      ...Object.fromEntries(NOT_INHERITED.map((name) => [name, undefined])),
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      NO_COLOR: "1",
    };
    const start = (command: string, args: string[], options: { deadlineMs?: number; input?: string } = {}) =>
      startChild({ command, args, cwd: folder, env, deadlineMs: DEADLINE_MS, ...options }).result;
    return await use({
      folder,
      shell: (script, options) => start("bash", ["-euo", "pipefail", "-c", script], options),
      deno: (args, options) => start(denoExecutable(), args, options),
    });
  });
}

/** Paths of what a clone has, and of new files that git does not ignore. */
async function projectFiles(): Promise<string[]> {
  if (!existsSync(projectPath(".git"))) throw new Error("Cannot copy the project: expected a clone with .git");
  const { exitCode, stdout, stderrTail } = await startChild({
    command: "git",
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
    cwd: projectPath(),
    deadlineMs: 60_000,
  }).result;
  if (exitCode !== 0) throw new Error(`Cannot list the project's files: ${stderrTail}`);
  return stdout.split("\0").filter((path) => path !== "" && existsSync(projectPath(path)));
}
