// Files that a pattern means: a folder, any folders below it, one name.

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { projectRoot } from "./paths.ts";

/** Options of {@link matchingFiles}. */
export interface MatchingOptions {
  /** The project's folder by default. */
  root?: string;
  /** Files in folders of this name are left out. */
  except?: string;
}

const STARS = "/**/";

/** Whether a text is a pattern such as `reports/**\/results.json` or `data/**\/*.csv`: a folder, any folders below it, a file's name or ending. */
export function isFilePattern(text: string): boolean {
  const [folder, name, ...rest] = text.split(STARS);
  return rest.length === 0 && name !== undefined && /^[\w.-]+(\/[\w.-]+)*$/.test(folder) &&
    /^(\*\.)?[\w.-]+$/.test(name);
}

/**
 * The files that a pattern means, relative to `root`, with "/", sorted; hidden folders are not searched.
 *
 * @throws {RangeError} when the pattern is not of the form `folder/**\/name`
 *
 * @example
 * ```ts
 * import { matchingFiles } from "lib/process/mod.ts";
 * console.log(matchingFiles("data/**\/figures.json")); // [ "data/claims/figures.json" ]
 * ```
 */
export function matchingFiles(pattern: string, { root = projectRoot(), except }: MatchingOptions = {}): string[] {
  if (!isFilePattern(pattern)) {
    throw new RangeError(`Cannot find files: expected a pattern such as "reports/**/results.json", got "${pattern}"`);
  }
  const [folder, name] = pattern.split(STARS);
  const search = (at: string): string[] =>
    readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
      const path = join(at, entry.name);
      if (entry.isDirectory()) return entry.name.startsWith(".") ? [] : search(path);
      const fits = name.startsWith("*") ? entry.name.endsWith(name.slice(1)) : entry.name === name;
      return fits && basename(dirname(path)) !== except ? [path] : [];
    });
  if (!existsSync(join(root, folder))) return [];
  return search(join(root, folder)).map((path) => relative(root, path).replaceAll("\\", "/")).sort();
}
