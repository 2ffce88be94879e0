// deno task site [FOLDER] [--trials N]: the pages of the studio as files, to be opened from disk or served by any host.

import { relative, resolve } from "node:path";
import process from "node:process";
import { projectPath, projectRoot } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** What `deno task site` was asked for. @throws {CommandError} when --trials is no number */
export function siteOptions(args: string[]): { folder: string | null; trialPages: number } {
  const { values, positionals } = parseCommand(args, { trials: { type: "string", default: "500" } });
  if (positionals.length > 1) throw new CommandError(`Expected one folder, got ${positionals.join(" ")}`);
  if (!/^\d+$/.test(values.trials)) {
    throw new CommandError(`Expected --trials to be how many trials of a study get a page, got ${values.trials}`);
  }
  return { folder: positionals[0] ?? null, trialPages: Number(values.trials) };
}

/** Writes the site. */
export async function siteMain(
  args: string[],
  { terminal, root = projectRoot(), cwd = process.cwd() }: { terminal: Terminal; root?: string; cwd?: string },
): Promise<number> {
  const { folder, trialPages } = siteOptions(args);
  const { writeSite } = await import("../studio/mod.ts");
  const { index, files, problems } = await writeSite({
    outputDir: folder === null ? `${root}/.cache/site` : resolve(cwd, folder),
    checkpointsFolder: `${root}/checkpoints`,
    reportsFolder: `${root}/reports`,
    notebooksFolder: `${root}/notebooks`,
    trialPages,
    onProgress: (text) => terminal.live(text, false),
  }).catch((error) => {
    throw /^Cannot write the site/.test(error.message) ? new CommandError(error.message) : error;
  });
  for (const { name, problem } of problems) terminal.line(`Left out ${name}: ${problem}`);
  terminal.line(`Wrote ${files} files: ${relative(cwd, index)}`);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  process.chdir(process.env.INIT_CWD ?? process.cwd());
  await runCommand((args) => siteMain(args, { terminal: ownTerminal(), root: projectPath() }));
}
