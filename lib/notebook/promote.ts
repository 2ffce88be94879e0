// Moving a finished report into its place, file by file, so that no reader ever sees half a file and a failed run changes nothing.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../process/mod.ts";

/** Files that belong to a report; others in its folder are left alone. */
const REPORT_FILE =
  /^(report\.md|results\.json|document\.json|index\.html|samples\.ndjson\.gz|figures\/[^/]+\.(svg|png))$/;

/**
 * Moves the files of `staging` into `folder` and removes report files of an earlier run that this one did not make. `results.json`
 * goes last: while it is the old one, the report counts as the old one.
 */
export async function promoteReport(staging: string, folder: string): Promise<void> {
  const files = filesIn(staging).sort((a, b) => Number(a === "results.json") - Number(b === "results.json"));
  for (const file of files) await moveFile(join(staging, file), join(folder, file));
  for (const file of filesIn(folder)) {
    if (REPORT_FILE.test(file) && !files.includes(file)) rmSync(join(folder, file));
  }
  rmSync(staging, { recursive: true, force: true });
}

/** Paths of the files in `folder`, relative to it. */
function filesIn(folder: string, prefix = ""): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = prefix + entry.name;
    return entry.isDirectory() ? filesIn(join(folder, entry.name), `${path}/`) : [path];
  });
}

async function moveFile(from: string, to: string): Promise<void> {
  mkdirSync(dirname(to), { recursive: true });
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as { code?: string }).code !== "EXDEV") throw error;
    await writeFileAtomic(to, readFileSync(from)); // reports/ on another disk than .cache/
  }
}
