// `bench aa`: what the intervals of comparisons are worth on this machine; in one run, or joined from several.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type AaStudy, joinAa, parseAaStudy, runAa } from "../bench/mod.ts";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import { AA_OPTIONS, aaSettings, filePath } from "./bench_settings.ts";
import { CommandError, parseCommand } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** Runs `deno task bench aa`; the trials that are made are written after each of them. */
export async function aaMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { values, positionals } = parseCommand(args, AA_OPTIONS);
  const output = values.output || projectPath("reports", "benchmarks", "aa.json");
  if (positionals.length > 0 && !values.join) {
    throw new CommandError(`Cannot benchmark: expected no files without --join, got ${positionals.join(" ")}`);
  }
  const write = (study: AaStudy) => writeFileAtomic(output, `${JSON.stringify(study)}\n`);
  const study = values.join ? joined(positionals) : await runAa({
    ...aaSettings(values),
    signal,
    async onTrial(soFar, total) {
      terminal.live(`${soFar.trials.length} of ${total}; ${aaText(soFar)}`, false);
      await write(soFar);
    },
  });
  await write(study);
  for (const { subject, trials, containing, medianHalfWidth } of study.bySubject) {
    terminal.line(`${subject}: ${containing} of ${trials} contain 1, median half-width ${percent(medianHalfWidth)}`);
  }
  terminal.line(`${aaText(study)}\nWritten to ${output}`);
  return 0;
}

function joined(paths: readonly string[]): AaStudy {
  if (paths.length < 2) {
    throw new CommandError("Cannot join: expected two or more files of studies, as aa --join A.json B.json");
  }
  return joinAa(paths.map((path) => {
    const name = basename(path);
    return { name, study: parseAaStudy(readFileSync(filePath(path), "utf8"), name) };
  }));
}

const percent = (share: number) => `${(share * 100).toFixed(1)}%`;

function aaText({ containing, medianHalfWidth, found }: AaStudy): string {
  const slowed = found ? `; a slowdown was found in ${percent(found.share)} of ${found.n}` : "";
  return `${percent(containing.share)} of ${containing.n} intervals contain 1, median half-width ${
    percent(medianHalfWidth)
  }${slowed}`;
}
