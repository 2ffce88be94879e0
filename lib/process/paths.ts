// Where the project lies on disk. The only file in the library that reads import.meta.url: a CommonJS bundle (tslab on
// Node) replaces or empties it, so the root is confirmed by its package.json and the working folder is the second guess.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const PROJECT_NAME = "latent-lab";
let cachedRoot: string | undefined;

/**
 * The absolute path of the project's root folder: the nearest folder above this file, else above the working folder,
 * whose package.json is named `latent-lab`.
 *
 * @throws {Error} when no such folder is found
 *
 * @example
 * ```ts
 * import { projectRoot } from "lib/process/mod.ts";
 * console.log(projectRoot().length > 0);
 * ```
 */
export function projectRoot(): string {
  cachedRoot ??= findRoot(startingFolders());
  return cachedRoot;
}

/**
 * The absolute path of something inside the project.
 *
 * @example
 * ```ts
 * import { projectPath } from "lib/process/mod.ts";
 * console.log(projectPath("data", "claims", "figures.json").endsWith("figures.json"));
 * ```
 */
export function projectPath(...segments: string[]): string {
  return join(projectRoot(), ...segments);
}

/** The first folder at or above one of `folders` that holds this project's package.json. */
export function findRoot(folders: readonly string[]): string {
  for (const start of folders) {
    for (let folder = start;; folder = dirname(folder)) {
      if (isRoot(folder)) return folder;
      if (dirname(folder) === folder) break;
    }
  }
  throw new Error(
    `Cannot find the project: expected a package.json named "${PROJECT_NAME}" above ${folders.join(" or ")}`,
  );
}

function startingFolders(): string[] {
  const here = import.meta.url;
  const folders = typeof here === "string" && here.startsWith("file:") ? [dirname(fileURLToPath(here))] : [];
  return [...folders, process.cwd()];
}

function isRoot(folder: string): boolean {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return false;
  try {
    return JSON.parse(readFileSync(path, "utf8")).name === PROJECT_NAME;
  } catch {
    return false; // another project's broken package.json on the way up is not ours to report
  }
}
