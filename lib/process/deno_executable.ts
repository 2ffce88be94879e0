// Which Deno runs the children: the one that package-lock.json pins, whatever runs the parent (an older Deno in a notebook
// kernel, Node under tslab). npm's launcher script is not used: it copies the binary on its first run, and install scripts are off.

import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { projectRoot } from "./paths.ts";

/** What `findDeno` looks at; the tests give other machines. */
export interface DenoSearch {
  root: string;
  platform: string;
  arch: string;
  exists: (path: string) => boolean;
  /** The running program, and whether it is Deno. */
  execPath: string;
  isDeno: boolean;
}

let cached: string | undefined;

/**
 * The absolute path of the Deno that runs children: the pinned one in node_modules, else the running one.
 *
 * @throws {Error} when there is neither
 *
 * @example
 * ```ts
 * import { denoExecutable } from "lib/process/mod.ts";
 * console.log(denoExecutable().endsWith("deno")); // true
 * ```
 */
export function denoExecutable(): string {
  cached ??= findDeno({
    root: projectRoot(),
    platform: process.platform,
    arch: process.arch,
    exists: existsSync,
    execPath: process.execPath,
    isDeno: "deno" in process.versions,
  });
  return cached;
}

/** `denoExecutable` for any machine. */
export function findDeno({ root, platform, arch, exists, execPath, isDeno }: DenoSearch): string {
  const name = `${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`;
  const candidates = [
    join(root, "node_modules", "@deno", name, "deno"),
    join(root, "node_modules", "deno", "deno"),
  ];
  const found = candidates.find(exists);
  if (found !== undefined) return found;
  if (isDeno) return execPath;
  throw new Error(
    `Cannot find Deno: expected node_modules/@deno/${name}/deno; run "npm ci --ignore-scripts" in the project`,
  );
}
