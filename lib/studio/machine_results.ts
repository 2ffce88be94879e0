// Results of other machines: files below reports/machines/. Names of folders and files mean nothing, since a results.json says itself which
// report it is of and which machine made it; so a single file can be dropped there, and so can another machine's whole reports/ folder.

import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { MachineFacts, ResultsFile } from "../record/mod.ts";
import { isInside } from "./inside.ts";
import type { GoodResults, ResultsReader } from "./read_results.ts";

/** The folder of other machines' results, in that of the reports. */
export const MACHINES_FOLDER = "machines";

/** A report's results from another machine. */
export interface MachineResults {
  /** Where it is, below the reports' folder, with forward slashes. */
  file: string;
  machine: MachineFacts;
  results: ResultsFile;
}

/** What could not be read or shown, and why. */
export interface Problem {
  name: string;
  problem: string;
}

/** What lies below reports/machines/. */
export interface FoundResults {
  /** By report, in the order of the machines' names. */
  byReport: Map<string, MachineResults[]>;
  problems: Problem[];
}

/** Folders of a report, or of all reports, that hold no results. */
const OTHER_FOLDERS = new Set(["figures", "benchmarks"]);
/** machines/NAME/reports/REPORT/results.json, and no deeper. */
const MOST_LEVELS = 4;

/** The machine that made a results file: the one that its run was on, else the first that it names. */
export function makerOf({ machines, identity }: ResultsFile): MachineFacts | null {
  return machines.find(({ id }) => id === identity?.machine) ?? machines[0] ?? null;
}

/**
 * Reads all results of other machines.
 *
 * @param own results of the reports that are here, by name; null for a report whose own cannot be read
 */
export function readMachineResults(
  reportsFolder: string,
  reader: ResultsReader,
  own: ReadonlyMap<string, GoodResults | null>,
): FoundResults {
  const found: FoundResults = { byReport: new Map(), problems: [] };
  for (const path of resultsFiles(join(reportsFolder, MACHINES_FOLDER))) {
    const file = relative(reportsFolder, path).split(sep).join("/");
    const name = `reports/${file}`;
    const read = reader.read(path);
    if ("problem" in read) {
      found.problems.push({ name, problem: read.problem });
      continue;
    }
    const report = read.results.report;
    const machine = makerOf(read.results);
    const others = found.byReport.get(report) ?? [];
    const mine = own.get(report);
    if (mine?.hash === read.hash) continue; // a copy of what is here
    const problem = refusal({ report, machine, mine: mine?.results ?? null, others, known: [...own.keys()] });
    if (problem !== null) found.problems.push({ name, problem });
    else {
      found.byReport.set(report, [...others, { file, machine: machine!, results: read.results }]);
      found.problems.push(...answerProblems(name, read));
    }
  }
  for (const list of found.byReport.values()) list.sort((a, b) => a.machine.name.localeCompare(b.machine.name, "en"));
  return found;
}

/** What is left out of a file that can be shown otherwise. */
export function answerProblems(name: string, { refusedAnswers }: GoodResults): Problem[] {
  return refusedAnswers.map((refused) => ({ name, problem: `An answer to a claim: ${refused}` }));
}

function refusal({ report, machine, mine, others, known }: {
  report: string;
  machine: MachineFacts | null;
  mine: ResultsFile | null;
  others: readonly MachineResults[];
  known: readonly string[];
}): string | null {
  const expected = (what: string, got: string) => `Cannot show these results: expected ${what}, got ${got}`;
  if (!known.includes(report)) {
    const names = known.length === 0 ? "none yet" : known.join(", ");
    return expected(`those of a report that is here (${names})`, `those of "${report}"`);
  }
  if (machine === null) return expected("the facts of the machine that made them", "none in their list of machines");
  const twin = others.find((other) => other.machine.id === machine.id);
  if (twin) {
    return expected("one file of a report and machine", `a second of ${machine.name}, beside reports/${twin.file}`);
  }
  if (mine && makerOf(mine)?.id === machine.id) {
    return expected("another machine's", `others of ${machine.name}, which made reports/${report} itself`);
  }
  return null;
}

/** The JSON files below a folder that may be results, sorted; links that lead out of it are left out. */
function resultsFiles(root: string): string[] {
  if (!existsSync(root)) return [];
  const below = (folder: string, level: number): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.name.startsWith(".") || !isInside(root, path)) return [];
      if (entry.isDirectory()) {
        return level < MOST_LEVELS && !OTHER_FOLDERS.has(entry.name) ? below(path, level + 1) : [];
      }
      return entry.name.endsWith(".json") && entry.name !== "document.json" ? [path] : [];
    });
  return below(root, 1).sort();
}
