// The records of all reports: every results.json below a folder, this machine's and those that were brought from others.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { matchingFiles, projectRoot } from "../../process/mod.ts";
import { parseResults, type ResultsFile } from "../../record/mod.ts";

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

/**
 * Reads every results file that `pattern` means. A notebook that names the pattern depends on those files: its report is stale when one of
 * them changes, comes or goes.
 *
 * @throws {SyntaxError | TypeError | RangeError} naming the file and the field, for a file of another schema version too
 *
 * @example
 * ```ts
 * import { readAllResults } from "lib/claims/audit/mod.ts";
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
