// deno task soak: kills sweeps, trials, workers and Redis at random, and counts what the stores hold afterwards.

import { CommandError, parseCommand, runCommand } from "lib/cli/mod.ts";
import { runSoak } from "./run_soak.ts";

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CommandError(`Cannot soak: expected --${name} to be a whole number, got "${text}"`);
}

async function soakMain(args: string[], signal: AbortSignal): Promise<number> {
  const { values } = parseCommand(args, {
    kills: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    "no-queue": { type: "boolean", default: false },
  });
  const figures = await runSoak({
    kills: wholeNumber("kills", values.kills),
    seed: wholeNumber("seed", values.seed),
    queue: !values["no-queue"],
    signal,
    onProgress: (line) => console.log(line),
  });
  const { kills, trials, results, studies, attempts, outcomes, sweepStarts, seconds } = figures;
  console.log(`Kills: ${Object.entries(kills).map(([victim, count]) => `${victim} ${count}`).join(", ")}`);
  console.log(`${studies} studies, ${trials} trials, ${results} results: one each, as in a run without kills`);
  console.log(
    `${attempts} attempts: ${Object.entries(outcomes).map(([name, count]) => `${name} ${count}`).join(", ")}`,
  );
  console.log(`The sweep was started ${sweepStarts} times; ${seconds.toFixed(0)} s; integrity_check ok`);
  return 0;
}

await runCommand(soakMain);
