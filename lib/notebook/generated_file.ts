// The generated module on disk. It stands in the notebook's own folder, so that relative imports and `deno check` just work; its name
// is ignored by git and carries the process id, so that two processes never share one, and what a killed process left is found.

import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { isAlive } from "../process/mod.ts";
import { notebookName } from "./document.ts";

const PREFIX = ".run-";
let count = 0;

/**
 * Writes `code` beside the notebook, calls `use` with the file's path, and removes the file whatever happens.
 * Files of processes that are gone are removed too.
 */
export async function withGeneratedFile<T>(
  notebookPath: string,
  code: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = dirname(notebookPath);
  removeLeftovers(folder);
  const path = join(folder, `${PREFIX}${notebookName(notebookPath)}-${process.pid}-${++count}.ts`);
  writeFileSync(path, code);
  try {
    return await use(path);
  } finally {
    rmSync(path, { force: true });
  }
}

/** Removes generated files whose process has ended. */
export function removeLeftovers(folder: string): string[] {
  const leftovers = readdirSync(folder).filter((name) => {
    const [, pid] = name.match(/^\.run-.*-(\d+)-\d+\.ts$/) ?? [];
    return pid !== undefined && !isAlive(Number(pid));
  });
  for (const name of leftovers) rmSync(join(folder, name), { force: true });
  return leftovers;
}
