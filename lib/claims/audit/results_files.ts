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

/** Folders of a report, or of all reports, that hold no results. */
const OTHER_FOLDERS = /\/(figures|benchmarks)\//;

/**
 * Reads every results file that the patterns mean: files named results.json, and any other JSON file that is one. A copy of a file counts once.
 * A notebook that names the patterns depends on those files: its report is stale when one of them changes, comes or goes.
 *
 * @throws {SyntaxError | TypeError | RangeError} naming the file and the field, for a file of another schema version too
 *
 * @example
 * ```ts
 * import { readAllResults } from "lib/claims/audit/mod.ts";
 * const sources = readAllResults(["reports/**\/results.json"], { except: "00-claims-audit" });
 * console.log(sources.every(({ path }) => path.endsWith("/results.json"))); // true
 * ```
 */
export function readAllResults(patterns: readonly string[], options: ReadResultsOptions = {}): ResultsSource[] {
  const { root = projectRoot(), except } = options;
  const paths = new Set(patterns.flatMap((pattern) => matchingFiles(pattern, options)));
  const texts = new Map<string, string>();
  for (const path of paths) {
    const text = readFileSync(join(root, path), "utf8");
    if (mayBeResults(path, text) && !texts.has(text)) texts.set(text, path);
  }
  return [...texts].map(([text, path]) => ({ path, results: readOne(path, text) }))
    .filter(({ results }) => results.report !== except);
}

/** A results.json is one, whatever it holds; of other files, those that look like one. */
function mayBeResults(path: string, text: string): boolean {
  if (OTHER_FOLDERS.test(path) || path.endsWith("/document.json")) return false;
  return path.endsWith("/results.json") || (text.includes('"schemaVersion"') && text.includes('"records"'));
}

function readOne(path: string, text: string): ResultsFile {
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
