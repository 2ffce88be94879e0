// The records of all reports: every results.json below a folder, this machine's and those that were brought from others.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { projectRoot } from "../process/mod.ts";
import { parseResults, type ResultsFile } from "../record/mod.ts";

/** A report's results, and where they stand. */
export interface ResultsSource {
  /** Relative to the project, with "/": "reports/02-lnsp-size-analysis/results.json". */
  path: string;
  results: ResultsFile;
}

/** Options of {@link readAllResults}. */
export interface ReadResultsOptions {
  /** The project's folder by default. */
  root?: string;
  /** The name of a report that is left out, wherever it stands: the one that is being made. */
  except?: string;
}

const STARS = "/**/";

/** Whether a text is a pattern such as "reports/**\/results.json": a folder, any folders below it, a file's name. */
export function isFilePattern(text: string): boolean {
  const [folder, name, ...rest] = text.split(STARS);
  return rest.length === 0 && name !== undefined && /^[\w.-]+(\/[\w.-]+)*$/.test(folder) && /^[\w.-]+$/.test(name);
}

/**
 * The files that a pattern means, relative to `root`, sorted; hidden folders are not searched.
 *
 * @throws {RangeError} when the pattern is not of the form "folder/**\/name"
 */
export function matchingFiles(pattern: string, { root = projectRoot(), except }: ReadResultsOptions = {}): string[] {
  if (!isFilePattern(pattern)) {
    throw new RangeError(`Cannot find files: expected a pattern such as "reports/**/results.json", got "${pattern}"`);
  }
  const [folder, name] = pattern.split(STARS);
  const search = (at: string): string[] =>
    readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
      const path = join(at, entry.name);
      if (entry.isDirectory()) return entry.name.startsWith(".") ? [] : search(path);
      return entry.name === name && basename(dirname(path)) !== except ? [path] : [];
    });
  if (!existsSync(join(root, folder))) return [];
  return search(join(root, folder)).map((path) => relative(root, path).replaceAll("\\", "/")).sort();
}

/**
 * Reads every results file that `pattern` means. A notebook that names the pattern depends on those files: its report is stale when one of
 * them changes, comes or goes.
 *
 * @throws {SyntaxError | TypeError | RangeError} naming the file and the field, for a file of another schema version too
 *
 * @example
 * ```ts
 * import { readAllResults } from "lib/claims/mod.ts";
 * const sources = readAllResults("reports/**\/results.json", { except: "00-claims-audit" });
 * console.log(sources.every(({ path }) => path.endsWith("/results.json"))); // true
 * ```
 */
export function readAllResults(pattern: string, options: ReadResultsOptions = {}): ResultsSource[] {
  const { root = projectRoot(), except } = options;
  const sources = matchingFiles(pattern, options).map((path) => ({ path, results: readOne(root, path) }));
  return sources.filter(({ results }) => results.report !== except);
}

function readOne(root: string, path: string): ResultsFile {
  const text = readFileSync(join(root, path), "utf8");
  try {
    return parseResults(text);
  } catch (error) {
    const { message, name } = error as Error;
    const told = message.replace("Cannot read results:", `Cannot read ${path}:`);
    throw name === "TypeError"
      ? new TypeError(told)
      : name === "SyntaxError"
      ? new SyntaxError(told)
      : new RangeError(told);
  }
}
