// deno task soak: kills sweeps, trials, workers and Redis at random, and counts what the stores hold afterwards; with --memory, sweeps students
// of very unlike sizes within a memory budget, and watches what their processes take.

import { CommandError, parseCommand, runCommand } from "lib/cli/mod.ts";
import { dataReference, loadDataset } from "lib/data/mod.ts";
import { type MemoryFigures, sweepWithin } from "./memory_soak.ts";
import { runSoak } from "./run_soak.ts";

const SIZES = [256, 512, 1024, 2048, 4096, 8192];
/** What two processes that take 400 MiB a second each can take before they are looked at and ended. */
const UNSEEN_BYTES = 240 * 2 ** 20;

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CommandError(`Cannot soak: expected --${name} to be a whole number, got "${text}"`);
}

async function soakMain(args: string[], signal: AbortSignal): Promise<number> {
  const { values } = parseCommand(args, {
    kills: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    "no-queue": { type: "boolean", default: false },
    memory: { type: "boolean", default: false },
    budget: { type: "string", default: "1536" },
    trials: { type: "string", default: "4" },
  });
  if (values.memory) {
    const budgetBytes = wholeNumber("budget", values.budget) * 2 ** 20;
    return await memorySoak({ budgetBytes, trials: wholeNumber("trials", values.trials), signal });
  }
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

/** Exit code 1 when the processes of trials together took more than the budget, or a trial that fits failed. */
async function memorySoak(
  { budgetBytes, trials, signal }: { budgetBytes: number; trials: number; signal: AbortSignal },
): Promise<number> {
  const data = dataReference(await loadDataset("wordnet-20k"), { x: "embedding" });
  const options = { sizes: SIZES, data, trials, signal };
  const figures = await sweepWithin({ ...options, budgetBytes: () => budgetBytes });
  tell(figures);
  console.log(
    "\nThe same in processes that take 400 MiB more than their trials need, which the largest ones cannot have:",
  );
  const leaking = await sweepWithin({
    ...options,
    replicas: 1,
    epochs: 4,
    budgetBytes: (predicted) => 1.2 * predicted.get(SIZES.at(-1)!)!,
    process: "leaking_trial",
  });
  tell(leaking);
  const sound = isWithin(figures, 0) && isWithin(leaking, UNSEEN_BYTES) && leaking.sizes.at(-1)!.failures.length > 0;
  return sound && figures.sizes.every(({ failures }) => failures.length === 0) ? 0 : 1;
}

function isWithin({ peak, budgetBytes }: MemoryFigures, unseenBytes: number): boolean {
  return (peak.pssBytes ?? peak.rssBytes) <= budgetBytes + unseenBytes;
}

const mib = (bytes: number | null) => bytes === null ? "-" : `${Math.round(bytes / 2 ** 20)} MiB`;

function tell({ budgetBytes, peak, sizes, notices, seconds }: MemoryFigures): void {
  for (const { studentDim, predictedBytes, peakRssBytes, finished, attempts, failures } of sizes) {
    console.log(
      `S=${studentDim}: predicted ${mib(predictedBytes)}, took ${
        mib(peakRssBytes)
      }, ${finished} finished in ${attempts} attempts`,
    );
    for (const failure of failures) console.log(`  ${failure}`);
  }
  for (const notice of notices) console.log(notice);
  console.log(
    `Budget ${mib(budgetBytes)}; greatest sum of all processes: ${mib(peak.pssBytes)} with shared pages counted once, ${
      mib(peak.rssBytes)
    } resident; at most ${peak.processes} processes; ${peak.looks} looks in ${seconds.toFixed(0)} s`,
  );
}

await runCommand(soakMain);
