// Reports for tests: one of the project's, with results of made machines beside it.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import { type MachineFacts, parseResults, type ResultsFile, type RunIdentity } from "lib/record/mod.ts";
import { seededRandom } from "./random.ts";

/** The report that made machines have results of. */
export const REPORT = "02-lnsp-size-analysis";

/** The report's results as they are in the project. */
export function ownResults(): ResultsFile {
  return parseResults(readFileSync(projectPath("reports", REPORT, "results.json"), "utf8"));
}

/** A machine by number; no two are the same. */
export function madeMachine(number: number): MachineFacts {
  return {
    ...ownResults().machines[0],
    id: `made${String(number).padStart(8, "0")}`,
    name: `Made M${number}, ${4 + number} cores, ${8 * number} GiB, darwin arm64`,
    chip: `Made M${number}`,
    os: `macOS 15.${number}`,
    power: number % 2 === 0 ? "mains" : "battery",
  };
}

/** The report's results as another machine would have them: what is measured differs by a factor about `factor`. */
export function madeResults(number: number, { factor = 0.5 }: { factor?: number } = {}): ResultsFile {
  const own = ownResults();
  const machine = madeMachine(number);
  const random = seededRandom(number);
  const records = own.records.map((record) => {
    const moved = { ...record, machine: record.machine === "any" ? "any" : machine.id };
    if (record.kind !== "measured" || typeof record.value !== "number") return moved;
    const by = factor * (0.8 + 0.4 * random());
    const { interval } = record;
    return {
      ...moved,
      value: record.value * by,
      interval: interval &&
        {
          ...interval,
          low: Math.min(interval.low * by, interval.high * by),
          high: Math.max(interval.low * by, interval.high * by),
        },
    };
  });
  return { ...own, machines: [machine], identity: own.identity && { ...own.identity, machine: machine.id }, records };
}

/** A new folder with a report of the project, and files below machines/ by their address. */
export function makeReports(
  machines: Readonly<Record<string, ResultsFile | string>>,
): { folder: string; reportsFolder: string } {
  const folder = mkdtempSync(join(tmpdir(), "studio-reports-"));
  const reportsFolder = join(folder, "reports");
  cpSync(projectPath("reports", REPORT), join(reportsFolder, REPORT), { recursive: true });
  for (const [file, content] of Object.entries(machines)) {
    const path = join(reportsFolder, "machines", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  }
  return { folder, reportsFolder };
}

/** As `makeReports`, for one test. */
export async function withReports(
  machines: Readonly<Record<string, ResultsFile | string>>,
  action: (given: { folder: string; reportsFolder: string }) => Promise<void>,
): Promise<void> {
  const made = makeReports(machines);
  try {
    await action(made);
  } finally {
    rmSync(made.folder, { recursive: true });
  }
}

/** Results of `count` made machines, in the usual places. */
export function manyMachines(count: number): Record<string, ResultsFile> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`made-${i + 1}/${REPORT}/results.json`, madeResults(i + 1)]),
  );
}

/** What a notebook would make now: what it has made, or with changes. */
export function identityWith(changes: Partial<RunIdentity> = {}): () => Promise<RunIdentity> {
  return () => Promise.resolve({ ...ownResults().identity!, ...changes });
}
